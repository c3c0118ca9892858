#include "shared/templating/values/unicode.hpp"

#include <locale.h>
#include <string.h>
#include <wctype.h>

#include <algorithm>

namespace noetl::templating::unicode {
namespace {

// glibc's own character tables; the process locale stays as it is. Without C.UTF-8 only ASCII changes case.
locale_t tables() {
  static const locale_t locale = [] {
    locale_t found = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return found != nullptr ? found : newlocale(LC_CTYPE_MASK, "C", nullptr);
  }();
  return locale;
}

struct Step {
  char32_t point;
  std::size_t bytes;
  bool valid;
};

Step next(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) {
    return {lead, 1, true};
  }
  const std::size_t bytes = lead >= 0xF0 && lead <= 0xF4  ? 4U
                            : lead >= 0xE0 && lead < 0xF0 ? 3U
                            : lead >= 0xC2 && lead < 0xE0 ? 2U
                                                          : 0U;
  if (bytes == 0 || at + bytes > text.size()) {
    return {0xFFFD, 1, false};
  }
  char32_t point = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) {
      return {0xFFFD, 1, false};
    }
    point = (point << 6U) | (byte(at + i) & 0x3FU);
  }
  const bool overlong = (bytes == 3 && point < 0x800) || (bytes == 4 && point < 0x10000);
  if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
    return {0xFFFD, 1, false};
  }
  return {point, bytes, true};
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_valid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Step step = next(text, at);
    if (!step.valid) {
      return false;
    }
    at += step.bytes;
  }
  return true;
}

std::size_t length(std::string_view text) {
  if (is_ascii(text)) {
    return text.size();
  }
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    at += next(text, at).bytes;
  }
  return count;
}

Points decode(std::string_view text) {
  Points points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Step step = next(text, at);
    points.push_back(step.point);
    at += step.bytes;
  }
  return points;
}

void append(std::string& into, char32_t point) {
  const auto put = [&](char32_t bits) { into.push_back(static_cast<char>(static_cast<unsigned char>(bits))); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    if (point >= 0xD800 && point <= 0xDFFF) {
      point = 0xFFFD;
    }
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | ((point >> 18U) & 0x07U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

std::string encode(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t point : text) {
    append(bytes, point);
  }
  return bytes;
}

bool is_space(char32_t p) {
  return p == ' ' || (p >= 0x09 && p <= 0x0D) || (p >= 0x1C && p <= 0x1F) || p == 0x85 || p == 0xA0 || p == 0x1680 ||
         (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 || p == 0x202F || p == 0x205F || p == 0x3000;
}

bool is_line_break(char32_t p) {
  return (p >= 0x0A && p <= 0x0D) || (p >= 0x1C && p <= 0x1E) || p == 0x85 || p == 0x2028 || p == 0x2029;
}

bool is_printable(char32_t p) {
  if (p < 0x7F) {
    return p >= 0x20;
  }
  const bool hidden = (p >= 0x7F && p <= 0xA0) || p == 0xAD || (p >= 0x200B && p <= 0x200F) ||
                      (p >= 0x2028 && p <= 0x202E) || (p >= 0x2060 && p <= 0x206F) || (p >= 0xE000 && p <= 0xF8FF) ||
                      p == 0xFEFF || p >= 0xE0000;
  return !hidden && !is_space(p) && iswprint_l(static_cast<wint_t>(p), tables()) != 0;
}

bool is_alpha(char32_t p) {
  return p < 0x80 ? (p >= 'a' && p <= 'z') || (p >= 'A' && p <= 'Z')
                  : iswalpha_l(static_cast<wint_t>(p), tables()) != 0 && !is_digit(p);
}

bool is_digit(char32_t p) {
  // Decimal digits of the common scripts: glibc's iswdigit knows ASCII alone.
  static constexpr char32_t zeros[] = {'0',   0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66,
                                       0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0xFF10};
  return std::any_of(std::begin(zeros), std::end(zeros), [&](char32_t zero) { return p >= zero && p <= zero + 9; }) ||
         p == 0xB2 || p == 0xB3 || p == 0xB9;
}

bool is_upper(char32_t p) { return iswupper_l(static_cast<wint_t>(p), tables()) != 0; }
bool is_lower(char32_t p) { return iswlower_l(static_cast<wint_t>(p), tables()) != 0; }
bool is_word(char32_t p) { return p == '_' || is_alpha(p) || is_digit(p); }

Points upper(char32_t p) {
  if (p == 0xDF) {
    return U"SS";
  }
  return {static_cast<char32_t>(towupper_l(static_cast<wint_t>(p), tables()))};
}

char32_t lower(char32_t p) { return static_cast<char32_t>(towlower_l(static_cast<wint_t>(p), tables())); }

std::string upper(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Step step = next(text, at);
    if (step.point < 0x80) {
      bytes.push_back(static_cast<char>(step.point >= 'a' && step.point <= 'z' ? step.point - 32 : step.point));
    } else {
      bytes += encode(upper(step.point));
    }
    at += step.bytes;
  }
  return bytes;
}

std::string lower(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Step step = next(text, at);
    if (step.point < 0x80) {
      bytes.push_back(static_cast<char>(step.point >= 'A' && step.point <= 'Z' ? step.point + 32 : step.point));
    } else {
      append(bytes, lower(step.point));
    }
    at += step.bytes;
  }
  return bytes;
}

std::size_t find(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) {
    return std::string_view::npos;
  }
  if (part.empty()) {
    return from;
  }
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace noetl::templating::unicode
