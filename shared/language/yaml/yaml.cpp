#include "shared/language/yaml/yaml.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "shared/language/yaml/findings.hpp"
#include "shared/language/yaml/yaml_builder.hpp"

namespace noetl::language {

namespace {

base::Error refusal(base::ErrorCode code, const std::string& message, SourceMark mark, std::string field = {}) {
  std::string sentence = message;
  if (mark.line > 0)
    sentence += " (line " + std::to_string(mark.line) + ", column " + std::to_string(mark.column) + ")";
  return {
      .code = code,
      .message = std::move(sentence),
      .field = field,
      .retry_after = {},
      .details = {{.field = field, .message = message, .line = mark.line, .column = mark.column, .suggestion = {}}}};
}

// The length of the well-formed UTF-8 character at `at` (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF); 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) -> unsigned {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  const auto follows = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

// Control characters that YAML does not allow in a text: all but tab and the line breaks.
bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::optional<base::Error> check_characters(std::string_view text) {
  SourceMark mark{.line = 1, .column = 1};
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_length(text, at);
    if (length == 0) return refusal(base::ErrorCode::invalid_playbook, "the text is not valid UTF-8", mark);
    if (text[at] == '\0') return refusal(base::ErrorCode::invalid_playbook, "the text contains a NUL character", mark);
    if (length == 1 && is_forbidden_control(text[at]))
      return refusal(base::ErrorCode::invalid_playbook,
                     "the text contains the control character " +
                         std::to_string(static_cast<int>(static_cast<unsigned char>(text[at]))),
                     mark);
    if (text[at] == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
    at += length;
  }
  return std::nullopt;
}

// The last line up to `line` that is indented with a tab, from 1; 0 when the few lines above have none.
SourceMark tab_above(std::string_view text, int line) {
  constexpr int lines_looked_at = 3;
  SourceMark found{};
  int number = 1;
  for (std::size_t begin = 0; begin < text.size() && number <= line; ++number) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto source = text.substr(begin, end - begin);
    const auto indent = source.substr(0, std::min(source.find_first_not_of(" \t-"), source.size()));
    if (const auto tab = indent.find('\t'); tab != std::string_view::npos && number > line - lines_looked_at)
      found = {.line = number, .column = static_cast<int>(tab) + 1};
    begin = end + 1;
  }
  return found;
}

// A tab looks like the blanks that are meant, and the parser does not name it.
base::Error not_yaml(std::string_view text, const YAML::Exception& error, const YamlBuilder& builder) {
  const auto place = builder.place(error.mark);
  if (const auto tab = tab_above(text, place.line); tab.line > 0)
    return refusal(base::ErrorCode::invalid_playbook,
                   "this is not YAML: a tab stands in the indentation, which is made of blanks alone", tab);
  return refusal(base::ErrorCode::invalid_playbook, "this is not YAML: " + error.msg, place);
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& member : members)
    if (member.key == key) return &member.node;
  return nullptr;
}

Json Node::to_json() const {
  if (kind == Kind::scalar) return value;
  if (kind == Kind::sequence) {
    Json array = Json::array();
    for (const auto& item : items) array.push_back(item.to_json());
    return array;
  }
  Json object = Json::object();
  for (const auto& member : members) object[member.key] = member.node.to_json();
  return object;
}

std::string Node::described() const {
  if (kind == Kind::sequence) return "a list";
  if (kind == Kind::mapping) return "a mapping";
  if (value.is_null()) return "nothing";
  const std::string shown = clipped(text, 40);
  if (value.is_boolean()) return "the boolean " + shown;
  if (value.is_number()) return "the number " + shown;
  return "the text '" + shown + "'";
}

base::Result<YamlDocument> load_yaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.bytes_max)
    return base::failure(refusal(base::ErrorCode::payload_too_large,
                                 "the text has " + std::to_string(text.size()) + " bytes; at most " +
                                     std::to_string(limits.bytes_max) + " are taken",
                                 {}));
  if (auto error = check_characters(text)) return base::failure(*std::move(error));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);

  YamlBuilder builder(text, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return YamlDocument{};
    YamlBuilder rest(text, limits);
    if (parser.HandleNextDocument(rest)) {
      const Node second = rest.take().root;
      return base::failure(refusal(base::ErrorCode::invalid_playbook,
                                   "one document is expected, a second one begins here", second.mark));
    }
  } catch (const YamlRefusal& error) {
    return base::failure(refusal(base::ErrorCode::invalid_playbook, error.what(), error.mark, error.field));
  } catch (const YAML::Exception& error) {
    return base::failure(not_yaml(text, error, builder));
  }
  return builder.take();
}

}  // namespace noetl::language
