#pragma once
// Compares a secret in a time that does not depend on how much of it is right. Free function; any thread.
#include <cstddef>
#include <string_view>

namespace noetl::base {

[[nodiscard]] inline bool is_same_secret(std::string_view shown, std::string_view secret) {
  volatile unsigned char difference = shown.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char c = i < shown.size() ? shown[i] : '\0';
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(c ^ secret[i]));
  }
  return difference == 0;
}

}  // namespace noetl::base
