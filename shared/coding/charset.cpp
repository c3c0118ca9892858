#include "shared/coding/charset.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "shared/base/text/ascii.hpp"

namespace noetl::coding {
namespace {

constexpr std::size_t name_bytes_max = 40;

// The library's own suffixes ("//IGNORE") would lose characters in silence.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':';
  });
}

bool is_utf8_name(std::string_view name) {
  return name.empty() || name == "utf-8" || name == "utf8" || name == "us-ascii" || name == "ascii";
}

struct Close {
  void operator()(void* handle) const noexcept { iconv_close(handle); }
};
using Converter = std::unique_ptr<void, Close>;

Converter converter_from(const std::string& charset) {
  auto* const opened = iconv_open("UTF-8", charset.c_str());
  return Converter(opened == reinterpret_cast<iconv_t>(-1) ? nullptr : opened);
}

std::optional<std::string> converted(iconv_t converter, std::string_view bytes) {
  std::string text;
  std::array<char, 16UL * 1024> piece;
  char* from = const_cast<char*>(bytes.data());  // iconv does not write to it
  std::size_t left = bytes.size();
  bool is_flushed = false;
  while (!is_flushed) {
    is_flushed = left == 0;
    char* to = piece.data();
    std::size_t room = piece.size();
    const std::size_t changed = iconv(converter, is_flushed ? nullptr : &from, &left, &to, &room);
    text.append(piece.data(), piece.size() - room);
    if (changed == static_cast<std::size_t>(-1)) {
      if (errno != E2BIG) return std::nullopt;
      is_flushed = false;
    } else if (changed > 0) {
      return std::nullopt;  // so many characters have no way back
    }
  }
  return text;
}

struct Mark {
  std::string_view bytes;
  const char* charset;
};
// The longer ones first: that of UTF-32LE begins as that of UTF-16LE.
constexpr std::array<Mark, 4> marks{{{{"\xFF\xFE\0\0", 4}, "utf-32le"},
                                     {{"\0\0\xFE\xFF", 4}, "utf-32be"},
                                     {{"\xFF\xFE", 2}, "utf-16le"},
                                     {{"\xFE\xFF", 2}, "utf-16be"}}};

}  // namespace

std::string charset_of(std::string_view content_type) {
  const std::string type = base::lower_case(content_type);
  for (std::size_t at = type.find(';'); at != std::string::npos; at = type.find(';', at)) {
    const std::size_t name = type.find_first_not_of("; \t", at);
    if (name == std::string::npos) break;
    at = name;
    constexpr std::string_view wanted = "charset";
    if (type.compare(name, wanted.size(), wanted) != 0) continue;
    std::size_t value = type.find_first_not_of(" \t", name + wanted.size());
    if (value == std::string::npos || type[value] != '=') continue;
    value = type.find_first_not_of(" \t\"'", value + 1);
    if (value == std::string::npos) break;
    return type.substr(value, type.find_first_of(" \t\"';,", value) - value);
  }
  return {};
}

std::optional<std::string> utf8_of(std::string_view bytes, std::string_view charset) {
  std::string name = base::lower_case(charset);
  const auto* const mark = std::find_if(marks.begin(), marks.end(), [&](const Mark& one) {
    const bool is_unicode = name.empty() || name.starts_with("utf");
    return bytes.starts_with(one.bytes) && is_unicode && !name.ends_with("le") && !name.ends_with("be");
  });
  if (mark != marks.end()) {
    name = mark->charset;
    bytes.remove_prefix(mark->bytes.size());
  } else if (name == "utf-16" || name == "utf-32") {
    name += "le";  // as browsers take it
  }
  std::optional<std::string> text;
  const Converter converter = is_utf8_name(name) || !is_name(name) ? nullptr : converter_from(name);
  if (converter) {
    text = converted(converter.get(), bytes);
  } else if (is_utf8(bytes)) {
    text = std::string(bytes);
  }
  if (text && text->find('\0') != std::string::npos) return std::nullopt;
  return text;
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const std::size_t more = first < 0x80   ? 0
                             : first < 0xC2 ? 4
                             : first < 0xE0 ? 1
                             : first < 0xF0 ? 2
                             : first < 0xF5 ? 3
                                            : 4;
    if (more == 4 || bytes.size() - at <= more) return false;
    // The second byte's bounds keep out overlong forms, surrogates and what lies above U+10FFFF.
    const unsigned least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    for (std::size_t i = 1; i <= more; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[at + i]);
      if (byte < (i == 1 ? least : 0x80) || byte > (i == 1 ? most : 0xBF)) return false;
    }
    at += more + 1;
  }
  return true;
}

}  // namespace noetl::coding
