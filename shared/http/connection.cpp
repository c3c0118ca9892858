#include "shared/http/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <variant>

namespace noetl::http {
namespace {

constexpr std::size_t received_bytes_max = 64 * 1024;  // in one turn, and before they are looked at
constexpr std::chrono::milliseconds closing_time{2'000};
constexpr std::chrono::milliseconds response_slack{30'000};
constexpr std::size_t dropped_bytes_max = 32 * 1024 * 1024;
constexpr std::size_t kept_bytes_max = 4 * 1024;  // what an idle connection keeps of its buffers

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Status";
  }
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

Connection::Connection(int socket, bool is_loopback, std::string peer, const ConnectionLimits& limits)
    : socket_(socket), is_loopback_(is_loopback), peer_(std::move(peer)), limits_(limits), since_(Clock::now()) {}

Connection::~Connection() { close(socket_); }

void Connection::enter(Phase phase) {
  phase_ = phase;
  since_ = Clock::now();
}

bool Connection::receive() {
  // Per thread, so that an idle connection has no buffer.
  thread_local std::array<char, received_bytes_max> buffer;
  while (in_.size() < received_bytes_max) {
    const ssize_t received = recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received > 0) {
      in_.append(buffer.data(), static_cast<std::size_t>(received));
      // Less than asked for: there is no more now, and asking would be a call for nothing.
      if (static_cast<std::size_t>(received) < buffer.size()) return true;
      continue;
    }
    if (received < 0 && errno == EINTR) continue;
    return received < 0 && would_block();
  }
  return true;
}

void Connection::take_in(std::size_t bytes) { in_.erase(0, bytes); }

Connection::Progress Connection::advance(Application& application, MemoryBudget& budget) {
  if (phase_ == Phase::idle) {
    if (in_.empty()) return Progress::missing;
    enter(Phase::head);
  }
  if (phase_ == Phase::head) {
    if (const auto progress = read_head(application, budget); phase_ != Phase::body) return progress;
  }
  return read_body(application);
}

Connection::Progress Connection::end_with(Application& application, const Refused& what) {
  refuse(application, what);
  return Progress::response;
}

void Connection::refuse(Application& application, const Refused& what) {
  // Where the next request begins is unknown, or not worth waiting for.
  Response response = application.refuse(what);
  request_ = Request{};
  chunks_.reset();
  respond(std::move(response), true);
}

Connection::Progress Connection::read_head(Application& application, MemoryBudget& budget) {
  const auto found = head_end_.find(in_);
  if (const auto* wrong = std::get_if<Refused>(&found)) return end_with(application, *wrong);
  const auto bytes = std::get<std::size_t>(found);
  if (bytes == 0) return Progress::missing;
  auto read = http::read_head(std::string_view(in_).substr(0, bytes));
  if (const auto* wrong = std::get_if<Refused>(&read)) return end_with(application, *wrong);
  take_in(bytes);
  head_end_ = {};
  ++requests_;
  request_.head = std::get<Head>(std::move(read));
  const Head& head = request_.head;
  is_head_request_ = head.method == "HEAD";
  is_old_ = head.minor_version == 0;
  auto admission = application.admit(head, peer_);
  if (admission.refusal) {
    respond(std::move(*admission.refusal),
            head.has_body());  // a body that nobody reads is not the next request
    return Progress::response;
  }
  place_ = admission.place;
  body_bytes_max_ = admission.body_bytes_max;
  request_.ticket = std::move(admission.ticket);
  if (!head.has_body()) {
    enter(Phase::answered);
    return Progress::request;
  }
  if (head.content_length > body_bytes_max_)
    return end_with(application,
                    {.status = 413, .message = "the body has more than " + std::to_string(body_bytes_max_) + " bytes"});
  if (!budget.has_room(head.content_length))
    return end_with(application, {.status = 503,
                                  .message = "the requests being read fill the memory that they may have; try again"});
  request_.memory = MemoryBudget::Charge(budget);
  if (head.is_chunked) chunks_.emplace(body_bytes_max_);
  enter(Phase::body);
  if (head.expects_continue && in_.empty()) say_continue();
  return Progress::missing;
}

void Connection::say_continue() {
  constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  // 25 bytes find room in a socket that nothing was sent to; where they do not, the peer goes on after a while by itself.
  static_cast<void>(::send(socket_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

Connection::Progress Connection::read_body(Application& application) {
  std::string& body = request_.body;
  const std::size_t before = body.size();
  bool is_whole = false;
  if (chunks_) {
    const std::size_t taken = chunks_->read(in_, body);
    take_in(taken);
    if (chunks_->refusal()) return end_with(application, *chunks_->refusal());
    is_whole = chunks_->is_complete();
  } else {
    const std::size_t taken = std::min(request_.head.content_length - before, in_.size());
    body.append(in_, 0, taken);
    take_in(taken);
    is_whole = body.size() == request_.head.content_length;
  }
  if (!request_.memory.add(body.size() - before))
    return end_with(application, {.status = 503,
                                  .message = "the requests being read fill the memory that they may have; try again"});
  if (!is_whole) return Progress::missing;
  chunks_.reset();
  enter(Phase::answered);
  return Progress::request;
}

Request Connection::take_request() {
  request_.peer = peer_;
  request_.is_peer_there = [socket = socket_] {
    char first = 0;
    const ssize_t received = recv(socket, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    return received > 0 || (received < 0 && (would_block() || errno == EINTR));
  };
  ends_ = !request_.head.keeps_alive;
  return std::exchange(request_, Request{});
}

void Connection::respond(Response response, bool is_last) {
  if (phase_ != Phase::answered) ends_ = !request_.head.keeps_alive;  // refused before it was taken
  ends_ = ends_ || is_last || requests_ >= limits_.requests_max;
  request_ = Request{};
  enter(Phase::answered);
  const bool has_body = !is_head_request_;
  out_.reserve(out_.size() + 256 + (has_body ? response.body.size() : 0));
  out_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_of(response.status));
  if (!response.content_type.empty()) out_.append("\r\nContent-Type: ").append(response.content_type);
  for (const auto& [name, value] : response.headers) out_.append("\r\n").append(name).append(": ").append(value);
  out_.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  if (ends_) {
    out_.append("\r\nConnection: close");
  } else {
    if (is_old_) out_.append("\r\nConnection: keep-alive");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limits_.keep_alive).count();
    out_.append("\r\nKeep-Alive: timeout=").append(std::to_string(seconds));
  }
  out_.append("\r\n\r\n");
  if (has_body) out_.append(response.body);
}

bool Connection::send() {
  while (has_output()) {
    const ssize_t sent =
        ::send(socket_, out_.data() + out_begin_, out_.size() - out_begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      out_begin_ += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    return would_block();
  }
  if (out_.capacity() > kept_bytes_max) out_ = {};
  out_.clear();
  out_begin_ = 0;
  return true;
}

void Connection::begin_closing() {
  shutdown(socket_, SHUT_WR);
  in_ = {};
  enter(Phase::closing);
}

bool Connection::drop_received() {
  std::array<char, 16 * 1024> dropped;
  for (int turn = 0; turn < 8; ++turn) {
    const ssize_t received = recv(socket_, dropped.data(), dropped.size(), MSG_DONTWAIT);
    if (received < 0) return would_block() || errno == EINTR;
    dropped_ += static_cast<std::size_t>(received);
    if (received == 0 || dropped_ > dropped_bytes_max) return false;
  }
  return true;
}

void Connection::begin_next() {
  if (in_.empty() && in_.capacity() > kept_bytes_max) in_ = {};
  is_head_request_ = false;
  enter(Phase::idle);
}

Connection::Clock::time_point Connection::deadline() const {
  const auto at_rate = [this](std::size_t bytes) {
    return std::chrono::milliseconds(bytes * 1000 / std::max<std::size_t>(limits_.bytes_per_second_min, 1));
  };
  switch (phase_) {
    case Phase::idle: return since_ + limits_.keep_alive;
    case Phase::head: return since_ + limits_.head_time;
    case Phase::body: return since_ + std::min(limits_.body_time, limits_.slack + at_rate(request_.body.size()));
    case Phase::answered: return since_ + response_slack + at_rate(out_begin_);
    case Phase::closing: return since_ + closing_time;
  }
  return since_;
}

}  // namespace noetl::http
