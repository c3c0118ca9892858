#include "worker/tools/http/peer_body.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text/ascii.hpp"
#include "shared/coding/charset.hpp"
#include "shared/fetch/message.hpp"

namespace noetl::tools {

namespace {

bool is_textual(std::string_view type) {
  return type.empty() || type.starts_with("text/") ||
         std::ranges::any_of(std::array<std::string_view, 6>{"json", "xml", "javascript", "urlencoded", "csv", "yaml"},
                             [&](std::string_view word) { return type.find(word) != std::string_view::npos; });
}

}  // namespace

std::optional<Json> body_value(std::string_view bytes, std::string_view content_type, std::size_t values_max,
                               std::size_t depth_max) {
  const std::string type = base::lower_case(content_type);
  std::string charset = coding::charset_of(type);
  // Only a text begins with a byte order mark; anything else may begin with the same bytes.
  if (charset.empty() && !is_textual(type)) charset = "us-ascii";
  auto text = coding::utf8_of(bytes, charset);
  if (!text) return std::nullopt;
  if (type.substr(0, type.find(';')).find("json") != std::string::npos) {
    Json parsed = parse_answer(*text, values_max, depth_max);
    if (!parsed.is_discarded()) return parsed;
  }
  return Json(*std::move(text));
}

std::string header_text(const std::string& value) {
  return storable_text(coding::is_utf8(value) ? value : coding::utf8_of(value, "iso-8859-1").value_or(value));
}

}  // namespace noetl::tools
