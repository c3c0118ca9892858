#pragma once
// What the injection tests share: texts that would break out of a protocol, and strict readers of what a peer was sent. Any
// thread.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::injection {

// Line breaks, NUL, blanks, other control characters, non-ASCII, and what means something to some protocol.
[[nodiscard]] const std::vector<std::string>& hostile_texts();

struct SentRequest {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};
// Nothing: the bytes are anything else than one whole request in RFC 9112's strictest spelling.
[[nodiscard]] std::optional<SentRequest> only_request(std::string_view bytes);

struct SentToNats {
  std::string connect;  // JSON
  std::vector<std::string> subjects;  // of PUB and HPUB
};
// Nothing: a line is none of the protocol.
[[nodiscard]] std::optional<SentToNats> sent_to_nats(std::string_view bytes);

// The fields of Postgres' startup message, behind a request for TLS that was declined. Nothing: it is none.
[[nodiscard]] std::optional<std::map<std::string, std::string>> startup_fields(std::string_view bytes);

}  // namespace noetl::injection
