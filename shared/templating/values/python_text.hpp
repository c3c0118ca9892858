#pragma once
// How Python writes values: str(), repr(), floats, json.dumps(). Pure; any thread.
#include <string>
#include <string_view>

#include "shared/templating/values/value.hpp"

namespace noetl::templating {

[[nodiscard]] std::string python_float(double value);
// str(): text as it is, "" for undefined.
[[nodiscard]] std::string python_str(const Value& value, Budget& budget);
void append_str(const Value& value, std::string& out, Budget& budget);
void append_repr(const Value& value, std::string& out, Budget& budget);
// The most bytes that repr() or json.dumps() make of the text.
[[nodiscard]] std::size_t quoted_bytes_max(std::string_view text);
void append_quoted(std::string_view text, std::string& out);
// 'int', 'str', 'dict', … for messages.
[[nodiscard]] std::string python_type(const Value& value);

// A float as json.dumps writes it.
[[nodiscard]] std::string json_float(double value);
// The text that json.dumps makes of a key that is no text.
[[nodiscard]] std::string json_key(const Value& key);

}  // namespace noetl::templating
