#pragma once
// ObjectReader: reads the fields of one JSON object strictly. The first thing found wrong is kept and
// the calls after it give empty values, so that a decoder reads as a list of its fields; finish() gives
// that error, or refuses a field that nobody asked for. A field that is null counts as left out.
// Names must outlive the reader (use literals). One thread.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::json {

using Json = nlohmann::json;

struct TextBounds {
  std::size_t characters_min = 0;
  std::size_t characters_max = 4096;
};

struct IntBounds {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

class ObjectReader {
 public:
  // `pointer` is where the object is in the body: "" for the body itself, "/events/3" for a part.
  explicit ObjectReader(const Json& object, std::string pointer = {});
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  [[nodiscard]] std::string required_string(std::string_view name, TextBounds bounds = {1, 4096});
  [[nodiscard]] std::optional<std::string> optional_string(std::string_view name, TextBounds bounds = {});
  [[nodiscard]] std::int64_t required_int(std::string_view name, IntBounds bounds = {});
  [[nodiscard]] std::optional<std::int64_t> optional_int(std::string_view name, IntBounds bounds = {});
  [[nodiscard]] std::optional<double> optional_number(std::string_view name, double min, double max);
  [[nodiscard]] std::optional<bool> optional_bool(std::string_view name);

  // An id as a string or a number; {} when it is left out. `auto id = reader.optional_id<ExecutionId>("execution_id")`.
  template <class IdType>
  [[nodiscard]] IdType optional_id(std::string_view name) {
    return IdType{read_id(name, false)};
  }
  template <class IdType>
  [[nodiscard]] IdType required_id(std::string_view name) {
    return IdType{read_id(name, true)};
  }

  // Point into the object given; null when left out (or after an error).
  [[nodiscard]] const Json* required_object(std::string_view name);
  [[nodiscard]] const Json* optional_object(std::string_view name);
  [[nodiscard]] const Json* required_array(std::string_view name, std::size_t items_max, std::size_t items_min = 0);
  [[nodiscard]] const Json* optional_array(std::string_view name, std::size_t items_max, std::size_t items_min = 0);
  [[nodiscard]] const Json* optional_value(std::string_view name);  // any type, null included
  // All elements must be strings within the bounds.
  [[nodiscard]] std::vector<std::string> optional_strings(std::string_view name, std::size_t items_max,
                                                          TextBounds bounds = {1, 4096});

  [[nodiscard]] bool has(std::string_view name) const;  // present and not null; does not count as asked for
  void ignore(std::string_view name);  // allowed, whatever it is
  void refuse_given(std::string_view name, std::string_view problem);  // allowed as null alone

  // What a decoder found wrong by itself; the first one counts. `problem` follows the field's pointer:
  // refuse("version", "needs a path beside it").
  void refuse(std::string_view name, std::string_view problem);
  void refuse(base::Error error);  // of a part of the object, e.g. from a nested reader's finish()

  [[nodiscard]] bool has_failed() const { return error_.has_value(); }
  [[nodiscard]] std::string pointer_to(std::string_view name) const;

  // The first error, or the refusal of an unknown field; nothing when all is well. Call it last.
  [[nodiscard]] std::optional<base::Error> finish();

 private:
  void name_slip();
  const Json* find(std::string_view name, bool is_required, std::string_view expected);
  std::int64_t read_id(std::string_view name, bool is_required);
  const Json* read_array(std::string_view name, bool is_required, IntBounds items);
  std::optional<std::string> read_string(std::string_view name, bool is_required, TextBounds bounds);
  std::optional<std::int64_t> read_int(std::string_view name, bool is_required, IntBounds bounds);
  void mismatch(std::string_view name, const std::string& expected, const Json& found);

  const Json* object_;  // null when what was given is no object
  std::string pointer_;
  std::vector<std::string_view> asked_;
  std::optional<base::Error> error_;
};

// A number without a fraction is an integer, however it is written: 17, 17.0, 1.7e1. Nothing when it is none of 64 bits.
[[nodiscard]] std::optional<std::int64_t> integer_of(const Json& value);
// An id as a text or a number.
[[nodiscard]] std::optional<std::int64_t> id_of(const Json& value);
// Characters of UTF-8.
[[nodiscard]] std::size_t count_characters(std::string_view text);

// "string 'abc'", "number 7", "array of 3 items": what error messages say was found, cut to a bound.
[[nodiscard]] std::string describe(const Json& value);

// The candidate nearest to `word` when it is near enough to be a slip of the pen; empty otherwise.
[[nodiscard]] std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace noetl::json
