#include "worker/tools/python/interpreter.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>

#include "worker/tools/programs/process_run.hpp"

namespace noetl::tools {

namespace {

using How = CallEnd::How;
using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t length_bytes = 4;
constexpr std::size_t name_bytes = 8;  // of the call: a reply that does not repeat it is not ours
constexpr std::size_t header_bytes = length_bytes + name_bytes + 1;  // of a reply: one byte of flags ends it
constexpr std::size_t reply_slack_bytes = 256 * 1024;  // an error reply is bounded by itself
constexpr unsigned completed_flag = 1;
constexpr unsigned retire_flag = 2;
constexpr std::chrono::seconds end_patience{2};  // for a process that has replied
constexpr int reads_per_turn = 16;  // a flood of prints must not keep us from looking at the clock

int milliseconds_until(Time deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

std::string little_endian(std::uint64_t number, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>((number >> (8 * i)) & 0xFFU));
  return text;
}

std::string frame_of(const std::string& call_name, std::string_view request) {
  return little_endian(name_bytes + request.size(), length_bytes).append(call_name).append(request);
}

}  // namespace

// One request and its reply: the state of a call while it goes on.
class Interpreter::Exchange {
 public:
  struct Ends {
    int channel;
    int output;
    Progress* listener;  // to the output; may be null
  };
  Exchange(Ends ends, const ToolLimits& limits, std::string call_name, std::string_view request)
      : channel_(ends.channel),
        output_(ends.output),
        listener_(ends.listener),
        limits_(limits),
        call_name_(std::move(call_name)),
        frame_(frame_of(call_name_, request)),
        printed_(limits.output_bytes_max) {}

  // Each returns how the call ended, if it did.
  std::optional<How> send_more();
  std::optional<How> receive_more();
  void drain_output();

  [[nodiscard]] bool is_sent() const { return sent_ == frame_.size(); }
  [[nodiscard]] CallEnd end(How how);

 private:
  [[nodiscard]] std::optional<How> look_at_reply() const;

  int channel_;
  int output_;
  Progress* listener_;
  const ToolLimits& limits_;
  std::string call_name_;
  std::string frame_;
  std::size_t sent_ = 0;
  std::string reply_;
  BoundedOutput printed_;
};

std::optional<How> Interpreter::Exchange::send_more() {
  while (!is_sent()) {
    const ssize_t count = send(channel_, frame_.data() + sent_, frame_.size() - sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return std::nullopt;
    } else if (errno != EINTR) {
      return sent_ == 0 ? How::never_began : How::died;
    }
  }
  return std::nullopt;
}

std::optional<How> Interpreter::Exchange::receive_more() {
  std::array<char, 64 * 1024> chunk;  // NOLINT: filled by read
  for (int turn = 0; turn < reads_per_turn; ++turn) {
    const ssize_t count = read(channel_, chunk.data(), chunk.size());
    if (count == 0) return How::died;
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
      return How::died;
    }
    reply_.append(chunk.data(), static_cast<std::size_t>(count));
    if (const auto ended = look_at_reply()) return ended;
  }
  return std::nullopt;
}

std::optional<How> Interpreter::Exchange::look_at_reply() const {
  if (reply_.size() < length_bytes) return std::nullopt;
  std::size_t length = length_bytes;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length += static_cast<std::size_t>(static_cast<unsigned char>(reply_[i])) << (8 * i);
  }
  if (length < header_bytes || length > limits_.result_bytes_max + reply_slack_bytes) return How::broke_protocol;
  if (reply_.size() < length) return std::nullopt;
  if (reply_.size() > length || reply_.compare(length_bytes, name_bytes, call_name_) != 0) return How::broke_protocol;
  return (static_cast<unsigned char>(reply_[header_bytes - 1]) & completed_flag) != 0 ? How::completed : How::failed;
}

void Interpreter::Exchange::drain_output() {
  std::array<char, 64 * 1024> chunk;  // NOLINT: filled by read
  for (int turn = 0; turn < reads_per_turn; ++turn) {
    const ssize_t count = read(output_, chunk.data(), chunk.size());
    if (count <= 0) return;
    const std::string_view piece(chunk.data(), static_cast<std::size_t>(count));
    printed_.append(piece.data(), piece.size());
    if (listener_ != nullptr) listener_->print(piece);
    if (static_cast<std::size_t>(count) < chunk.size()) return;  // a short read emptied the pipe
  }
}

CallEnd Interpreter::Exchange::end(How how) {
  CallEnd end;
  end.how = how;
  if (how == How::completed || how == How::failed) {
    const auto flags = static_cast<unsigned char>(reply_[header_bytes - 1]);
    end.must_retire = (flags & retire_flag) != 0;
    end.body = reply_.substr(header_bytes);
  } else {
    end.must_retire = true;
    drain_output();
  }
  end.output = printed_.text();
  return end;
}

base::Result<std::unique_ptr<Interpreter>> Interpreter::start(const InterpreterSettings& settings, int driver) {
  FdPair socket = make_socket_pair();
  FdPair output = make_output_pipe();
  const Fd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.is_open()) throw std::system_error(errno, std::generic_category(), "open /dev/null");
  // One that forks prints only when it cannot start: into our log.
  const int printed = settings.is_reused ? output.theirs.get() : STDERR_FILENO;
  ChildLimits limits = child_limits_of(settings.limits);
  limits.cpu_time_max = {};  // it would add up over the calls: each call's own process is bounded
  auto child =
      Child::start({.argv = {settings.path, "-X", "utf8", "/dev/fd/4", std::to_string(settings.limits.result_bytes_max),
                             settings.is_reused ? "reuse" : "fork",
                             std::to_string(settings.limits.cpu_time_max.count()), settings.preload},
                    .descriptors = {nothing.get(), printed, printed, socket.theirs.get(), driver},
                    .environment = process::environment_lines(child_variables_of(settings.limits)),
                    .cwd = {},
                    .limits = limits});
  if (!child) return tl::unexpected(child.error());
  std::unique_ptr<Interpreter> made(new Interpreter(settings.limits, std::move(*child)));  // NOLINT: private
  std::random_device random;
  made->first_call_name_ = static_cast<std::uint64_t>(random()) << 32 | random();
  if (settings.is_reused) {
    made->channel_ = std::move(socket.ours);
    made->output_ = std::move(output.ours);
  } else {
    made->control_ = std::move(socket.ours);
    made->prepare_call();
  }
  return made;
}

// Makes it fork. An interpreter that is gone is noticed when the call comes.
void Interpreter::prepare_call() {
  FdPair channel = make_socket_pair();
  FdPair output = make_output_pipe();
  const std::array<int, 2> theirs{channel.theirs.get(), output.theirs.get()};
  std::array<char, 1> byte{'N'};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof theirs)> space{};
  iovec part{.iov_base = byte.data(), .iov_len = byte.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof theirs);
  std::memcpy(CMSG_DATA(head), theirs.data(), sizeof theirs);
  is_forked_ = false;
  wait_status_.reset();
  has_left_behind_ = false;
  channel_ = std::move(channel.ours);
  output_ = std::move(output.ours);
  (void)sendmsg(control_.get(), &message, MSG_NOSIGNAL);
}

// What the interpreter says of the call's process: that it is there, that it has ended.
void Interpreter::hear() {
  std::array<unsigned char, 6> said{};
  while (!wait_status_ && read(control_.get(), said.data(), said.size()) == static_cast<ssize_t>(said.size())) {
    if (said[0] == 'F') is_forked_ = true;
    if (said[0] != 'E') continue;
    wait_status_ = static_cast<int>(static_cast<unsigned>(said[1]) | static_cast<unsigned>(said[2]) << 8U);
    has_left_behind_ = said[5] != 0;
  }
}

// The process has replied or died: it has nothing left to do but to end, and what it left behind is to end with it.
void Interpreter::await_end() {
  const Time until = std::chrono::steady_clock::now() + end_patience;
  bool is_alive = true;
  for (hear(); !wait_status_ && is_alive && std::chrono::steady_clock::now() < until; hear()) {
    std::array<pollfd, 2> watched{{{.fd = control_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = child_->ended_descriptor(), .events = POLLIN, .revents = 0}}};
    (void)poll(watched.data(), watched.size(), milliseconds_until(until));
    is_alive = watched[1].revents == 0 && (watched[0].revents & POLLHUP) == 0;
  }
}

// The same of one that serves calls itself.
bool Interpreter::await_end_of_interpreter() {
  pollfd ended{.fd = child_->ended_descriptor(), .events = POLLIN, .revents = 0};
  (void)poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(end_patience).count()));
  return child_->has_ended();
}

CallEnd Interpreter::call(std::string_view request, Time deadline, const std::stop_token& stop, Progress* listener) {
  ++calls_;
  wake_.clear();
  const std::stop_callback on_stop(stop, [this]() noexcept { wake_.signal(); });
  Exchange exchange({.channel = channel_.get(), .output = output_.get(), .listener = listener}, limits_,
                    little_endian(first_call_name_ + calls_, name_bytes), request);
  const How how = exchange_with(exchange, deadline, stop);
  CallEnd end = exchange.end(how);
  const bool is_over = how != How::timed_out && how != How::cancelled && how != How::broke_protocol;
  if (!control_.is_open() && how == How::died) end.is_channel_closed = !await_end_of_interpreter();
  if (!control_.is_open() || !is_over) return end;
  await_end();
  end.is_channel_closed = how == How::died && is_forked_ && !wait_status_ && !child_->has_ended();
  if (how == How::died && !is_forked_) end.how = How::never_began;  // nobody was there to read the request
  end.wait_status = wait_status_;
  end.must_retire = !wait_status_ || has_left_behind_;
  if (!end.must_retire) prepare_call();
  return end;
}

CallEnd::How Interpreter::exchange_with(Exchange& exchange, Time deadline, const std::stop_token& stop) {
  if (control_.is_open()) {
    hear();
    if (wait_status_) return How::never_began;  // it died while nobody called
  }
  if (const auto ended = exchange.send_more()) return *ended;
  while (true) {
    if (stop.stop_requested()) return How::cancelled;
    if (std::chrono::steady_clock::now() >= deadline) return How::timed_out;
    // The channel comes before the output: the kernel looks in this order, and the driver writes its
    // prints before its reply, so a reply that is seen has all of its output seen after it.
    std::array<pollfd, 5> watched{
        {{.fd = channel_.get(),
          .events = static_cast<short>(exchange.is_sent() ? POLLIN : POLLIN | POLLOUT),
          .revents = 0},
         {.fd = output_.get(), .events = POLLIN, .revents = 0},
         {.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
         {.fd = child_->ended_descriptor(), .events = POLLIN, .revents = 0},
         {.fd = control_.get(), .events = POLLIN, .revents = 0}}};  // a closed one is passed over
    if (poll(watched.data(), watched.size(), milliseconds_until(deadline)) < 0 && errno != EINTR) {
      return How::died;
    }
    if ((watched[1].revents & POLLIN) != 0) exchange.drain_output();
    if ((watched[0].revents & POLLOUT) != 0) {
      if (const auto ended = exchange.send_more()) return *ended;
    }
    if ((watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      if (const auto ended = exchange.receive_more()) return *ended;
    }
    if (watched[4].revents != 0) hear();
    if (watched[3].revents != 0 || wait_status_) {
      exchange.drain_output();  // it may have printed, replied and ended after the kernel had looked at the first two
      return exchange.receive_more().value_or(How::died);
    }
  }
}

}  // namespace noetl::tools
