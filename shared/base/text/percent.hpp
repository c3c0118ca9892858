#pragma once
// Percent-encoding of a text as one part of a URL (RFC 3986, 2.3: unreserved characters stay). Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::base {

[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace noetl::base
