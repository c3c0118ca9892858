#pragma once
// ObjectWriter: writes one JSON object as text, field by field. It exists because results, inputs and
// contexts are JSON text already (from Postgres): they are passed on as they are, neither parsed nor
// copied into a tree. Field names are ours and are not escaped. One thread.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::json {

// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

class ObjectWriter {
 public:
  explicit ObjectWriter(std::size_t bytes_expected = 256);

  ObjectWriter& text(std::string_view name, std::string_view value);
  // An empty text is shown as null: "not yet".
  ObjectWriter& text_or_null(std::string_view name, std::string_view value);
  ObjectWriter& texts(std::string_view name, const std::vector<std::string>& values);
  ObjectWriter& integer(std::string_view name, std::int64_t value);
  ObjectWriter& number(std::string_view name, double value);
  ObjectWriter& boolean(std::string_view name, bool value);
  ObjectWriter& null(std::string_view name);
  // `json` is JSON already; an empty one is shown as null.
  ObjectWriter& raw(std::string_view name, std::string_view json);

  // Ids are strings in JSON, because JavaScript keeps 53 bits; null when unset.
  template <class Tag>
  ObjectWriter& id(std::string_view name, base::Id<Tag> value) {
    return id_text(name, value.value);
  }
  template <class Tag>
  ObjectWriter& ids(std::string_view name, const std::vector<base::Id<Tag>>& values) {
    std::string list = "[";
    for (const auto& value : values) {
      if (list.size() > 1) list += ',';
      list += '"' + value.str() + '"';
    }
    return raw(name, list += ']');
  }

  // The object; the writer is done with.
  [[nodiscard]] std::string finish();

 private:
  void begin(std::string_view name);
  ObjectWriter& id_text(std::string_view name, std::int64_t value);

  std::string out_;
};

// "[a,b,c]" of parts that are JSON text each.
[[nodiscard]] std::string join_array(const std::vector<std::string>& parts);

}  // namespace noetl::json
