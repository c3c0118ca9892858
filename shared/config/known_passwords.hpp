#pragma once
// Passwords that everybody knows: those that earlier releases shipped, and the usual first guesses. Pure; any thread.
#include <string_view>

namespace noetl::config {

[[nodiscard]] bool is_known_password(std::string_view password);

// Is one in a URL (scheme://user:password@host, several with commas) or in libpq's keywords (password='…')?
[[nodiscard]] bool has_known_password(std::string_view address);

}  // namespace noetl::config
