#pragma once
// DueTimer: the thread that notifies of what becomes due, at its time and not with a tick. Every server has one: it notifies of what this
// server wrote itself, and of what is due soon when the server is asked to look (DueTimes). The first notification of upkeep for a command has
// the same message id, so JetStream drops whichever comes second. The counts any thread.
#include <atomic>
#include <cstdint>
#include <stop_token>
#include <thread>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/notify/notifier.hpp"

namespace noetl::upkeep {

class DueTimer {
 public:
  explicit DueTimer(dispatch::ServerContext& context);
  ~DueTimer();
  DueTimer(const DueTimer&) = delete;
  DueTimer& operator=(const DueTimer&) = delete;

  [[nodiscard]] std::uint64_t commands_notified() const { return commands_notified_; }

 private:
  void run(const std::stop_token& stop);
  void send(std::vector<notify::Notification> due);
  void look();

  dispatch::ServerContext& context_;
  std::atomic<std::uint64_t> commands_notified_{0};
  std::jthread thread_;  // last: started when all else stands
};

}  // namespace noetl::upkeep
