#pragma once
// Texts by the letters of ASCII alone, whatever the locale: names of headers, hosts, settings. Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::base {

[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace noetl::base
