#pragma once
// ArrayLiteral: a Postgres array as text ('{1,2,null}'), so that one statement takes any number of rows
// through unnest. Quoting follows https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO. One thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace noetl::postgres {

class ArrayLiteral {
 public:
  void reserve(std::size_t bytes) { text_.reserve(bytes); }
  void add(std::int64_t number);
  void add(std::string_view value);  // always quoted
  void add_null();
  void add_or_null(std::int64_t number) { number == 0 ? add_null() : add(number); }
  void add_or_null(std::string_view value) { value.empty() ? add_null() : add(value); }
  [[nodiscard]] std::string text() const { return text_ + "}"; }
  // Nothing when each is null: beside others unnest fills up with nulls, and Postgres has nothing to read.
  [[nodiscard]] std::optional<std::string> text_or_null() const {
    return has_value_ ? std::optional(text()) : std::nullopt;
  }
  [[nodiscard]] bool is_all_null() const { return !has_value_; }
  [[nodiscard]] bool is_empty() const { return text_.size() == 1; }

 private:
  void separate();
  std::string text_ = "{";
  bool has_value_ = false;  // beside nulls
};

// Of ids of one type.
template <class Ids>
[[nodiscard]] std::string id_array(const Ids& ids) {
  ArrayLiteral array;
  array.reserve(ids.size() * 20);
  for (const auto id : ids) array.add(id.value);
  return array.text();
}

}  // namespace noetl::postgres
