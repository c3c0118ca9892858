#pragma once
// Head: the head of an HTTP/1.x request, and its strict reader (RFC 9112): whatever two readers on the way could understand
// differently is refused, so that no request hides in another. Values and pure functions; any thread.
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace noetl::http {

inline constexpr std::size_t head_bytes_max = 16 * 1024;
inline constexpr std::size_t headers_max = 100;

// The peer sent something that cannot be taken, and its connection ends. A status of 4xx.
struct Refused {
  int status = 400;
  std::string message;
  bool operator==(const Refused&) const = default;
};

struct Header {
  std::string name;  // lower case
  std::string value;  // without the blanks around it
  bool operator==(const Header&) const = default;
};

struct Head {
  std::string method;
  std::string target;  // as it came: path and query
  int minor_version = 1;  // of HTTP/1
  std::vector<Header> headers;
  std::size_t content_length = 0;
  bool has_content_length = false;
  bool is_chunked = false;
  bool keeps_alive = true;
  bool expects_continue = false;

  // The first value of a header (name in lower case); empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return count(name) > 0; }
  [[nodiscard]] bool has_body() const { return is_chunked || content_length > 0; }
  [[nodiscard]] std::string_view raw_path() const;
  [[nodiscard]] std::string_view query() const;  // what stands after the '?'
  bool operator==(const Head&) const = default;
};

// Looks for the end of a head, a piece at a time.
class HeadEnd {
 public:
  // `bytes`: all that came since the head's first byte, again with each call. The length of the head with its empty line,
  // nothing yet (0), or a refusal: a lone CR or LF, too many bytes.
  [[nodiscard]] std::variant<std::size_t, Refused> find(std::string_view bytes);

 private:
  std::size_t seen_ = 0;
};

// `bytes`: from the request line to the empty line, both with their ends.
[[nodiscard]] std::variant<Head, Refused> read_head(std::string_view bytes);

// "/a%20b" → "/a b". Refused: escapes of '/', of NUL, of letters, digits, '-', '.', '_' and '~', and what is no escape: a rule
// of a proxy for a path shall see the same path as the router does.
[[nodiscard]] std::variant<std::string, Refused> decode_path(std::string_view raw);

// "a=1&b=%20" → {a, 1}, {b, " "}; '+' is a blank. Refused: what is no escape.
using QueryFields = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::variant<QueryFields, Refused> decode_query(std::string_view raw);

// "Example.org:8082" → "example.org", "[::1]:80" → "[::1]"; empty when it is no host with or without a port.
[[nodiscard]] std::string host_name(std::string_view host);

}  // namespace noetl::http
