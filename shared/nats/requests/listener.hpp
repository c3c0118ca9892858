#pragma once
// Listener: what comes in on plain subjects, with headers, one message after another on a thread of nats.c. Any thread; the handler may
// wait: messages wait in nats.c meanwhile, up to `pending_max`, and further ones are dropped and counted.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "shared/nats/requests/parted_message.hpp"

namespace noetl::nats {

class Listener {
 public:
  struct Incoming {
    std::string subject;
    std::string reply;  // empty: nobody waits for an answer
    Headers headers;
    std::string bytes;
    bool is_no_responders = false;  // instead of an answer: nobody listens there
  };
  using Handler = std::function<void(Incoming message)>;

  static constexpr int pending_max = 65'536;

  // `group` empty: every listener gets every message. The connection must outlive it. invalid_input: the group is no name.
  [[nodiscard]] static base::Result<std::unique_ptr<Listener>> open(Connection& connection,
                                                                    const SubjectFilter& subject,
                                                                    const std::string& group, Handler handler);
  // Ends as drain() does, and waits for the handler however long it takes.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // No new message comes; those that are here are handled first. False: not all were within `patience`; they still are.
  bool drain(std::chrono::milliseconds patience);
  [[nodiscard]] std::uint64_t dropped() const;  // by nats.c, for want of room

 private:
  explicit Listener(Handler handler) : handler_(std::move(handler)) {}
  static void on_end(void* self) noexcept;
  static void on_message(struct __natsConnection*, struct __natsSubscription*, struct __natsMsg* raw,
                         void* self) noexcept;

  const Handler handler_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool is_over_ = false;  // under mutex_: no handler runs any more
  bool is_draining_ = false;
  SubscriptionHandle subscription_;  // last: its thread uses the others
};

}  // namespace noetl::nats
