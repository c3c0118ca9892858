#pragma once
// Message: what one HTTP request is made of, and the grammar of its parts. Values; any thread.
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/fetch/url.hpp"

namespace noetl::fetch {

struct Tls {
  bool is_verified = true;
  std::string ca_file;  // empty: the system's
  std::string certificate_file;  // our own; empty: none
  std::string key_file;
};

struct Proxy {
  std::string host;  // empty: none; the environment's is never used
  int port = 0;
  std::string user, password;
};

// RFC 9110: a method and a header's name are tokens.
class Token {
 public:
  [[nodiscard]] static std::optional<Token> of(std::string text);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit Token(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The value of a header: no control character but the tab.
class HeaderValue {
 public:
  [[nodiscard]] static std::optional<HeaderValue> of(std::string text);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit HeaderValue(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// "Basic …". invalid_input: the user has a colon, which would end it, or either has a control character (RFC 7617).
[[nodiscard]] base::Result<HeaderValue> basic_login(const std::string& user, const std::string& password);
[[nodiscard]] base::Result<void> check_login(const std::string& user, const std::string& password);

struct Message {
  Token method = *Token::of("GET");
  Url url;  // its user and password are not sent
  std::vector<std::pair<Token, HeaderValue>> headers;
  std::string_view body;  // outlives the exchange
  Tls tls;
  Proxy proxy;
};

[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] bool is_header_value(std::string_view text);
// These say how the message is cut out of the connection: the client's to say.
[[nodiscard]] bool is_framing_header(std::string_view lower_case_name);

struct Head {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case, repeated ones joined; without Set-Cookie
  // The values of Set-Cookie, one for each line: a comma is a part of their dates (RFC 9110, 5.3).
  std::vector<std::string> cookies;
};

// Called while the answer comes. False: enough.
struct Reader {
  std::function<bool(const Head&)> head;  // once, of the final answer
  // Decoded; but as it came where an answer that is no success has a coding that nobody asked for.
  std::function<bool(std::string_view)> body;
};

struct Bounds {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::steady_clock::time_point deadline;  // of the whole exchange
};

// Of the status lines, headers and trailers of one answer, together. A single line may have 100 KiB less: the library's bound.
inline constexpr std::size_t head_bytes_max = 64UL * 1024;
// The bytes on the wire may be at most that many times the body that they give, plus the head's bound: chunk sizes,
// their extensions and empty blocks of a compressed body are none.
inline constexpr std::size_t framing_factor_max = 16;

struct Ending {
  enum class How {
    whole,
    stopped,  // the reader had enough, or the caller stopped
    late,  // the deadline
    connect_timeout,
    untrusted,  // its certificate, or ours
    forbidden,  // the address may not be reached
    oversized,  // head or framing beyond the bounds
    unsupported,  // a coding that nobody asked for
    broken
  };
  How how = How::whole;
  std::string why;  // in words, without the url
};

}  // namespace noetl::fetch
