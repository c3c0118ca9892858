#include "shared/wire/parse_body.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "shared/wire/json_tree.hpp"

namespace noetl::wire {
namespace {

using base::ErrorCode;

base::Error malformed(const std::string& what, std::size_t offset) {
  return {.code = ErrorCode::malformed_body,
          .message = "the body is not acceptable JSON: " + what + " at byte " + std::to_string(offset),
          .field = {},
          .retry_after = {},
          .details = {}};
}

struct Finding {
  const char* what = nullptr;
  std::size_t offset = 0;
};

// One pass over the bytes, before the parser: nesting, NUL and \u0000. Syntax is the parser's business.
Finding find_hurtful(std::string_view text, std::size_t depth_max) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') return {"NUL byte", i};
    if (in_string) {
      if (c == '"')
        in_string = false;
      else if (c == '\\') {
        if (text.substr(i, 6) == "\\u0000") return {"\\u0000, which cannot be stored,", i};
        ++i;
      }
      continue;
    }
    if (c == '"')
      in_string = true;
    else if (c == '{' || c == '[') {
      if (++depth > depth_max) return {"nesting deeper than allowed", i};
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return {};
}

// Length of the UTF-8 sequence at `at`, 0 when it is none. Table 3-7 of the Unicode standard.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(at);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(at + 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return continues(at + 1, low, high) && continues(at + 2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(at + 1, low, high) && continues(at + 2) && continues(at + 3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t eight = 0;
    if (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080ULL) == 0) {  // eight ASCII bytes at once: most bodies are nothing else
        i += sizeof eight;
        continue;
      }
    }
    const std::size_t length = sequence_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::optional<base::Error> check_body(std::string_view text, std::size_t bytes_max, std::size_t depth_max) {
  if (text.size() > bytes_max) {
    return base::Error{.code = ErrorCode::payload_too_large,
                       .message = "the body has " + std::to_string(text.size()) + " bytes, at most " +
                                  std::to_string(bytes_max) + " are accepted",
                       .field = {},
                       .retry_after = {},
                       .details = {}};
  }
  if (text.empty()) return malformed("nothing, but JSON was expected,", 0);
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos)
    return malformed("invalid UTF-8", at);
  if (const Finding finding = find_hurtful(text, depth_max); finding.what != nullptr) {
    std::string what = finding.what;
    if (what.starts_with("nesting")) what += " (" + std::to_string(depth_max) + " levels)";
    return malformed(what, finding.offset);
  }
  return std::nullopt;
}

base::Result<nlohmann::json> parse_body(std::string_view text, std::size_t bytes_max, std::size_t depth_max) {
  if (auto wrong = check_body(text, bytes_max, depth_max)) return base::failure(std::move(*wrong));
  auto tree = build_tree(text);
  if (!tree)
    return base::failure(ErrorCode::malformed_body, "the body is not acceptable JSON: " + tree.error());
  return std::move(*tree);
}

}  // namespace noetl::wire
