#pragma once
// Handlers: who handles which type of message, and what becomes of those that nobody can. Set up first, then used from any thread.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "shared/messaging/event_headers.hpp"

namespace noetl::messaging {

struct Received {
  std::string subject;
  std::string reply;  // of a core subscription: who waits for an answer; else empty
  Headers headers;  // all of them
  EventHeaders event;
  Envelope envelope;
  std::uint64_t stream_sequence = 0;  // 0: it came by core NATS
  int delivery = 1;  // from 1
  std::string
      position;  // of a StreamReader: the checkpoint after this message, to keep it with what the handler writes
};

struct ReceiveCounts {
  std::uint64_t handled = 0;
  std::uint64_t filtered = 0;
  std::uint64_t failed = 0;  // a handler said so; the message may come again
  std::uint64_t corrupt = 0;  // checksum or serialization
  std::uint64_t unknown = 0;  // types and versions
  std::uint64_t dropped = 0;  // before they came here, for want of room
};

class Handlers {
 public:
  using Handler = std::function<Result<void>(const Received& message)>;
  using Filter = std::function<bool(const Received& message)>;
  // `subject`: of the message at fault.
  using OnFailure = std::function<void(const Failure& failure)>;

  // Versions 1 to `version_max` of the type. A second one for a type takes the place of the first.
  Handlers& on(const std::string& type, int version_max, Handler handler);
  // Whatever type has none of its own, in any version.
  Handlers& on_others(Handler handler);
  // Messages for which it says no are not handled, only counted.
  Handlers& keep_only(Filter filter);
  Handlers& on_failure(OnFailure told);

  struct Raw {
    std::string subject = {}, reply = {};
    Headers headers = {};
    std::string bytes = {};
    std::uint64_t stream_sequence = 0;
    int delivery = 1;
    std::string position = {};
  };
  // Opens, filters, routes. Errors: of open_envelope, unknown_type, unknown_version, handler; told and counted here.
  [[nodiscard]] Result<void> handle(Raw message);
  // For whoever finds something out that is of no message.
  void tell(const Failure& failed) const;
  [[nodiscard]] ReceiveCounts counts() const;

 private:
  struct Route {
    int version_max = 0;  // 0: any
    Handler handler;
  };
  [[nodiscard]] Result<void> run(Raw message);
  [[nodiscard]] Result<const Route*> route_of(const Envelope& envelope) const;
  void count(const Failure& failed);

  std::map<std::string, Route> routes_;
  Route others_;
  Filter filter_;
  OnFailure told_;
  std::atomic<std::uint64_t> handled_{0}, filtered_{0}, failed_{0}, corrupt_{0}, unknown_{0};
};

}  // namespace noetl::messaging
