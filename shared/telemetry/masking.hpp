#pragma once
// masked_text: free text without the secrets that can be told by how they are written: passwords and tokens of URLs, of
// connection strings, of queries, of JSON, of headers. Every one of them, not the first. In doubt more goes than had to.
// A net below the rope: nobody logs secrets on purpose. Pure; any thread.
#include <string>
#include <string_view>

namespace noetl::telemetry {

[[nodiscard]] std::string masked_text(std::string_view text);

}  // namespace noetl::telemetry
