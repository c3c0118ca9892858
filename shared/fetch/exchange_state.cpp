#include "shared/fetch/exchange_state.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "shared/base/text/ascii.hpp"

namespace noetl::fetch {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n'))
    text.remove_suffix(1);
  return text;
}

int status_of(std::string_view line) {
  const std::size_t blank = line.find(' ');
  int status = 0;
  if (blank != std::string_view::npos) std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
  return status;
}

int port_of(const sockaddr& address) {
  // The port stands at the same place in both families.
  sockaddr_in v4{};
  std::copy_n(reinterpret_cast<const char*>(&address), sizeof v4, reinterpret_cast<char*>(&v4));
  return ntohs(v4.sin_port);
}

bool may_repeat(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

}  // namespace

void ExchangeState::attach(CURL* handle) {
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &ExchangeState::on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &ExchangeState::on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &ExchangeState::open_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, this);
  // The only place where libcurl shows the bytes of a chunked body as they came.
  curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, &ExchangeState::on_wire);
  curl_easy_setopt(handle, CURLOPT_DEBUGDATA, this);
  curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L);
}

bool ExchangeState::end(Ending::How how, std::string why) {
  if (!ending_) ending_ = Ending{.how = how, .why = std::move(why)};
  return false;
}

bool ExchangeState::take_header_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > head_bytes_max) {
    return end(Ending::How::oversized,
               "the peer's headers and trailers have more than " + std::to_string(head_bytes_max) + " bytes");
  }
  if (is_head_whole_) return true;  // a trailer
  if (line.starts_with("HTTP/")) {
    head_ = {.status = status_of(line), .headers = {}, .cookies = {}};
    last_value_ = nullptr;
    return true;
  }
  if (trimmed(line).empty())
    return head_.status / 100 == 1 || end_head();  // after an interim answer the final one follows
  return take_field(line);
}

bool ExchangeState::take_field(std::string_view line) {
  const bool is_folded = line.front() == ' ' || line.front() == '\t';
  if (is_folded) {
    if (last_value_ != nullptr) *last_value_ += " " + std::string(trimmed(line));
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  const std::string name = base::lower_case(trimmed(line.substr(0, colon)));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name == "set-cookie") {
    last_value_ = &head_.cookies.emplace_back(value);
    return true;
  }
  const auto [found, is_new] = head_.headers.try_emplace(name);
  found->second += (is_new || found->second.empty() ? "" : ", ") + value;
  last_value_ = &found->second;
  return true;
}

bool ExchangeState::end_head() {
  is_head_whole_ = true;
  // libcurl would undo a packed transfer as well, and take half of one for whole. Nobody asks for it (TE).
  const auto transfer = head_.headers.find("transfer-encoding");
  if (transfer != head_.headers.end() && base::lower_case(transfer->second) != "chunked" &&
      base::lower_case(transfer->second) != "identity")
    return end(Ending::How::unsupported, "the peer's Transfer-Encoding is another than chunked");
  return !reader_.head || reader_.head(head_) || end(Ending::How::stopped, "the caller stopped reading");
}

bool ExchangeState::take_body(std::string_view bytes) {
  if (!decoder_) {
    const auto named = head_.headers.find("content-encoding");
    auto decoder = coding::ContentDecoder::of(named == head_.headers.end() ? std::string_view() : named->second);
    const bool is_success = head_.status / 100 == 2;
    if (!decoder && is_success)
      return end(Ending::How::unsupported, "the body cannot be read: " + decoder.error().message);
    decoder_ = decoder ? *std::move(decoder) : *coding::ContentDecoder::of("");
  }
  const auto taken = decoder_->take(bytes, [&](std::string_view piece) {
    body_bytes_ += piece.size();
    return !reader_.body || reader_.body(piece);
  });
  if (taken == coding::ContentDecoder::Taken::whole) return true;
  if (taken == coding::ContentDecoder::Taken::stopped) return end(Ending::How::stopped, "the caller stopped reading");
  return end(Ending::How::broken, "the body is not what its Content-Encoding says, or was damaged on its way");
}

std::optional<Ending> ExchangeState::missing() const {
  if (!is_head_whole_) return Ending{.how = Ending::How::broken, .why = "the peer sent no final answer"};
  if (!decoder_ || decoder_->is_whole()) return std::nullopt;
  return Ending{.how = Ending::How::broken, .why = "the compressed body ended before its end"};
}

void ExchangeState::count_wire(std::size_t bytes) {
  wire_bytes_ += bytes;
  if (wire_bytes_ > 2 * head_bytes_max + framing_factor_max * body_bytes_)
    end(Ending::How::oversized, "the peer sent " + std::to_string(wire_bytes_) + " bytes for a body of " +
                                    std::to_string(body_bytes_) + ": chunk sizes or their extensions are too long");
}

curl_socket_t ExchangeState::open_checked(const curl_sockaddr& address) {
  // A kept connection was closed when the request had been sent: only what has no second effect is sent again.
  if (is_sent_ && !may_repeat(message_.method.text())) {
    end(Ending::How::broken, "the peer closed the connection before it answered");
    return CURL_SOCKET_BAD;
  }
  const auto peer = reach::address_of(&address.addr);
  const bool is_proxy = !message_.proxy.host.empty();
  const std::string& host = is_proxy ? message_.proxy.host : message_.url.host;
  const auto why = peer ? egress_.refusal(host, *peer, port_of(address.addr))
                        : std::optional<std::string>(host + " is no address of IPv4 or IPv6");
  if (why) {
    end(Ending::How::forbidden, *why);
    return CURL_SOCKET_BAD;
  }
  return socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

std::size_t ExchangeState::on_header(char* line, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    return static_cast<ExchangeState*>(self)->take_header_line({line, size * count}) ? size * count : 0;
  } catch (...) {  // no memory: libcurl ends the exchange
    return 0;
  }
}

std::size_t ExchangeState::on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    // Zero bytes taken of zero are no refusal.
    return static_cast<ExchangeState*>(self)->take_body({bytes, size * count}) ? size * count : size * count + 1;
  } catch (...) {
    return size * count + 1;
  }
}

int ExchangeState::on_wire(CURL* /*handle*/, curl_infotype kind, char* /*bytes*/, std::size_t count,
                           void* self) noexcept {
  auto* const state = static_cast<ExchangeState*>(self);
  if (kind == CURLINFO_HEADER_OUT) state->is_sent_ = true;
  if (kind != CURLINFO_DATA_IN) return 0;
  try {
    state->count_wire(count);
  } catch (...) {  // no memory for the words: the next bytes say it again
    return 0;
  }
  return 0;
}

curl_socket_t ExchangeState::open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
  try {
    return static_cast<ExchangeState*>(self)->open_checked(*address);
  } catch (...) {
    return CURL_SOCKET_BAD;
  }
}

}  // namespace noetl::fetch
