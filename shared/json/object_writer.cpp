#include "shared/json/object_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "shared/domain/json_text.hpp"
#include "shared/domain/storable_json.hpp"
#include "shared/json/parse_body.hpp"

namespace noetl::json {

// Postgres stores no NUL, and parse_body refuses it.
void append_json_string(std::string& out, std::string_view text) {
  const bool is_storable =
      text.find('\0') == std::string_view::npos && find_invalid_utf8(text) == std::string_view::npos;
  domain::append_json_string(out, is_storable ? text : std::string_view(domain::storable_text(text)));
}

ObjectWriter::ObjectWriter(std::size_t bytes_expected) {
  out_.reserve(bytes_expected);
  out_ += '{';
}

void ObjectWriter::begin(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

ObjectWriter& ObjectWriter::text(std::string_view name, std::string_view value) {
  begin(name);
  append_json_string(out_, value);
  return *this;
}

ObjectWriter& ObjectWriter::text_or_null(std::string_view name, std::string_view value) {
  return value.empty() ? null(name) : text(name, value);
}

ObjectWriter& ObjectWriter::texts(std::string_view name, const std::vector<std::string>& values) {
  begin(name);
  out_ += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) out_ += ',';
    append_json_string(out_, values[i]);
  }
  out_ += ']';
  return *this;
}

ObjectWriter& ObjectWriter::integer(std::string_view name, std::int64_t value) {
  begin(name);
  out_ += std::to_string(value);
  return *this;
}

ObjectWriter& ObjectWriter::number(std::string_view name, double value) {
  if (!std::isfinite(value)) return null(name);  // JSON has neither infinity nor NaN
  begin(name);
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out_.append(digits.data(), end);
  return *this;
}

ObjectWriter& ObjectWriter::boolean(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }

ObjectWriter& ObjectWriter::null(std::string_view name) { return raw(name, "null"); }

ObjectWriter& ObjectWriter::raw(std::string_view name, std::string_view json) {
  begin(name);
  out_ += json.empty() ? std::string_view("null") : json;
  return *this;
}

ObjectWriter& ObjectWriter::id_text(std::string_view name, std::int64_t value) {
  if (value == 0) return null(name);
  begin(name);
  out_ += '"';
  out_ += std::to_string(value);
  out_ += '"';
  return *this;
}

std::string ObjectWriter::finish() {
  out_ += '}';
  return std::move(out_);
}

std::string join_array(const std::vector<std::string>& parts) {
  std::size_t bytes = 2 + parts.size();
  for (const auto& part : parts) bytes += part.size();
  std::string out;
  out.reserve(bytes);
  out += '[';
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += ',';
    out += parts[i];
  }
  out += ']';
  return out;
}

}  // namespace noetl::json
