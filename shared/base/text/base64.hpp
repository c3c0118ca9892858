#pragma once
// Base64 (RFC 4648): written with the usual alphabet and padding, read in the URL-safe one as well, with or without
// padding, with white space in it. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace noetl::base {

[[nodiscard]] std::string base64_encoded(std::string_view bytes);
// Nothing when the text is none: another character, a digit too few, padding that does not fill the last group.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace noetl::base
