#pragma once
// MemberWriter, read_members: the members of a stored map one by one, without a tree. Internal to the codecs of this
// folder. One thread.
#include <charconv>
#include <map>
#include <string>
#include <string_view>

#include "shared/domain/json_text.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/json/json_cursor.hpp"
#include "shared/json/lazy_json.hpp"

namespace noetl::engine {

// Writes to `out` from its making to close().
class MemberWriter {
 public:
  explicit MemberWriter(std::string& out) : out_(out) { out_ += '{'; }

  // The place of a member's value. `name` needs no escapes.
  std::string& at(std::string_view name) {
    begin();
    out_ += '"';
    out_ += name;
    out_ += R"(":)";
    return out_;
  }
  std::string& at_any(std::string_view name) {
    begin();
    domain::append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { domain::append_json_string(at(name), value); }
  void integer(std::string_view name, std::int64_t value) {
    char digits[24];
    auto& out = at(name);
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  void flag(std::string_view name) { at(name) += "true"; }
  void json(std::string_view name, const domain::Json& value) { domain::append_json(at(name), value); }
  void close() { out_ += '}'; }

 private:
  void begin() {
    if (!is_first_) out_ += ',';
    is_first_ = false;
  }

  std::string& out_;
  bool is_first_ = true;
};

template <class Value, class Append>
void append_map(std::string& out, const std::map<std::string, Value>& members, const Append& append) {
  MemberWriter writer(out);
  for (const auto& [name, value] : members) append(writer.at_any(name), value);
  writer.close();
}

template <class Items, class Append>
void append_list(std::string& out, const Items& items, const Append& append) {
  char before = '[';
  for (const auto& item : items) {
    out += before;
    append(out, item);
    before = ',';
  }
  if (before == '[') out += before;
  out += ']';
}

// Calls `read(name)` for each member of a map, which reads the value.
template <class Read>
void read_members(json::JsonCursor& cursor, const Read& read) {
  cursor.object();
  for (std::string name; cursor.member(name);) read(name);
}

[[nodiscard]] inline domain::Json read_json(json::JsonCursor& cursor) {
  const auto text = cursor.skip();
  return cursor.has_failed() ? domain::Json() : json::parse_known(text);
}

}  // namespace noetl::engine
