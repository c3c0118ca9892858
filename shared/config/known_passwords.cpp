#include "shared/config/known_passwords.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace noetl::config {
namespace {

constexpr std::array<std::string_view, 7> known{"noetl", "noetl-laptop", "password", "postgres",
                                                "admin", "secret",       "changeme"};

bool is_in_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t at = url.find('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme) return false;
  const std::string_view login = url.substr(scheme + 3, at - scheme - 3);
  const std::size_t colon = login.find(':');
  return colon != std::string_view::npos && is_known_password(login.substr(colon + 1));
}

}  // namespace

bool is_known_password(std::string_view password) {
  return std::ranges::any_of(known, [&](std::string_view one) {
    return std::ranges::equal(one, password, {}, {}, [](unsigned char c) { return std::tolower(c); });
  });
}

bool has_known_password(std::string_view address) {
  for (std::size_t begin = 0; begin < address.size();) {
    const std::size_t comma = std::min(address.find(',', begin), address.size());
    if (is_in_url(address.substr(begin, comma - begin))) return true;
    begin = comma + 1;
  }
  constexpr std::string_view keyword = "password=";
  for (std::size_t at = address.find(keyword); at != std::string_view::npos; at = address.find(keyword, at + 1)) {
    std::string_view value = address.substr(at + keyword.size());
    const bool is_quoted = value.starts_with('\'');
    if (is_quoted) value.remove_prefix(1);
    if (is_known_password(value.substr(0, value.find_first_of(is_quoted ? "'" : " &")))) return true;
  }
  return false;
}

}  // namespace noetl::config
