#include "shared/nats/subject.hpp"

#include <algorithm>

namespace noetl::nats {
namespace {

constexpr std::size_t name_bytes_max = 255;

tl::unexpected<base::Error> bad(std::string_view what, std::string_view text, const std::string& why) {
  std::string shown(text.substr(0, 60));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0x80U) != 0)
    shown.pop_back();  // half a character
  return base::failure(base::ErrorCode::invalid_input,
                       std::string(what) + " '" + shown + (text.size() > 60 ? "…" : "") + "' " + why,
                       std::string(what));
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }

// Calls `is_good` with each token and whether it is the last.
template <class IsGood>
bool all_tokens(std::string_view text, const IsGood& is_good) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t dot = std::min(text.find('.', at), text.size());
    if (!is_good(text.substr(at, dot - at), dot == text.size())) return false;
    at = dot + 1;
  }
  return true;
}

base::Result<void> check_tokens(std::string_view text) {
  if (text.empty()) return bad("subject", text, "is empty");
  if (text.size() > Subject::bytes_max)
    return bad("subject", text, "has more than " + std::to_string(Subject::bytes_max) + " bytes");
  if (std::any_of(text.begin(), text.end(), is_blank))
    return bad("subject", text, "has a blank, a line break or another control character");
  if (!all_tokens(text, [](std::string_view token, bool) { return !token.empty(); }))
    return bad("subject", text, "has an empty token: a dot at its begin or end, or two in a row");
  return {};
}

}  // namespace

base::Result<Subject> Subject::parse(std::string text) {
  if (auto checked = check_tokens(text); !checked) return tl::unexpected(checked.error());
  if (text.find_first_of("*>") != std::string::npos)
    return bad("subject", text, "has a wildcard: a message goes to one subject");
  return Subject(std::move(text));
}

base::Result<SubjectFilter> SubjectFilter::parse(std::string text) {
  if (auto checked = check_tokens(text); !checked) return tl::unexpected(checked.error());
  const bool is_good = all_tokens(text, [](std::string_view token, bool is_last) {
    return token.find_first_of("*>") == std::string_view::npos || token == "*" || (token == ">" && is_last);
  });
  if (!is_good) return bad("subject", text, "has a wildcard that is no whole token, or a '>' that is not the last");
  return SubjectFilter(std::move(text));
}

base::Result<void> check_name(std::string_view what, std::string_view name) {
  if (name.empty()) return bad(what, name, "is empty");
  if (name.size() > name_bytes_max)
    return bad(what, name, "has more than " + std::to_string(name_bytes_max) + " bytes");
  if (std::any_of(name.begin(), name.end(),
                  [](char c) { return is_blank(c) || std::string_view(".*>/\\").find(c) != std::string_view::npos; }))
    return bad(what, name, "has a blank, a control character, or one of . * > / \\");
  return {};
}

base::Result<void> check_bucket(std::string_view name) {
  const bool is_good =
      !name.empty() && name.size() <= name_bytes_max - 3 &&  // its stream is KV_<name>
      std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
  return is_good ? base::Result<void>()
                 : bad("bucket", name, "must have letters, digits, '_' and '-', at most 252 of them");
}

base::Result<void> check_key(std::string_view key) {
  const bool is_good =
      !key.empty() && key.size() <= Subject::bytes_max &&
      std::all_of(key.begin(), key.end(),
                  [](char c) {
                    return is_letter_or_digit(c) || std::string_view("-/_=.").find(c) != std::string_view::npos;
                  }) &&
      all_tokens(key, [](std::string_view token, bool) { return !token.empty(); });
  return is_good ? base::Result<void>()
                 : bad("key", key,
                       "must have letters, digits and - / _ = . with no dot at its begin, its end or beside another");
}

base::Result<void> check_header_value(std::string_view what, std::string_view value) {
  if (value.size() > Subject::bytes_max)
    return bad(what, value, "has more than " + std::to_string(Subject::bytes_max) + " bytes");
  if (std::any_of(value.begin(), value.end(),
                  [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7F; }))
    return bad(what, value, "has a line break or another control character");
  return {};
}

}  // namespace noetl::nats
