#include "shared/wire/object_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "shared/wire/parse_body.hpp"

namespace noetl::wire {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\0': out += replacement; return;  // Postgres cannot store it, and parse_body refuses it
    default: break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[byte >> 4U];
  out += digits[byte & 0xFU];
}

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_escaped(std::string& out, std::string_view valid) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (is_plain(valid[i])) continue;
    out.append(valid, from, i - from);
    append_escape(out, valid[i]);
    from = i + 1;
  }
  out.append(valid, from, std::string_view::npos);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    const std::size_t bad = find_invalid_utf8(text);
    append_escaped(out, text.substr(0, bad));
    if (bad == std::string_view::npos) break;
    out += replacement;
    text.remove_prefix(bad + 1);
  }
  out += '"';
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

ObjectWriter& ObjectWriter::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

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

}  // namespace noetl::wire
