#pragma once
// ExchangeState: what is known of one exchange while libcurl runs it, and the functions that libcurl calls. For client.cpp;
// one thread. What stops the exchange is written down here, since libcurl knows only that it was stopped.
#include <curl/curl.h>

#include <optional>
#include <string>

#include "shared/coding/content_decoder.hpp"
#include "shared/fetch/message.hpp"
#include "shared/reach/egress.hpp"

namespace noetl::fetch {

class ExchangeState {
 public:
  ExchangeState(const reach::Egress& egress, const Message& message, const Reader& reader)
      : egress_(egress), message_(message), reader_(reader) {}

  // Makes libcurl call this object.
  void attach(CURL* handle);
  // What ended the exchange from here, if anything did.
  [[nodiscard]] const std::optional<Ending>& ended() const { return ending_; }
  // After the last byte: what is wrong with an answer that libcurl takes for whole.
  [[nodiscard]] std::optional<Ending> missing() const;
  [[nodiscard]] bool is_head_whole() const { return is_head_whole_; }

 private:
  static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_wire(CURL* handle, curl_infotype kind, char* bytes, std::size_t count, void* self) noexcept;
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;

  bool take_header_line(std::string_view line);
  bool take_field(std::string_view line);
  bool end_head();
  bool take_body(std::string_view bytes);
  void count_wire(std::size_t bytes);
  curl_socket_t open_checked(const curl_sockaddr& address);
  bool end(Ending::How how, std::string why);  // false

  const reach::Egress& egress_;
  const Message& message_;
  const Reader& reader_;
  Head head_;
  std::string* last_value_ = nullptr;  // what a folded line goes on
  bool is_head_whole_ = false;
  bool is_sent_ = false;  // some of the request has left
  std::size_t head_bytes_ = 0;
  std::uint64_t wire_bytes_ = 0;  // after the head, as they came
  std::uint64_t body_bytes_ = 0;  // decoded
  std::optional<coding::ContentDecoder> decoder_;  // from the first byte of a body on
  std::optional<Ending> ending_;
};

}  // namespace noetl::fetch
