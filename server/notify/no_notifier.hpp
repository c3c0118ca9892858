#pragma once
// NoNotifier: for a server that is told to do without NATS (nats-url none). It tells nobody anything: workers poll. Any thread.
#include "server/notify/notifier.hpp"

namespace noetl::notify {

class NoNotifier final : public Notifier {
 public:
  void notify(const std::vector<Notification>&) override {}
  void publish_dead_letters(const std::vector<DeadLetterMessage>&) override {}
  [[nodiscard]] bool is_wanted() const override { return false; }
  [[nodiscard]] bool is_connected() const override { return false; }
  [[nodiscard]] PoolLanes lanes(const std::string&) const override { return {}; }
  [[nodiscard]] std::size_t lane_of(const Notification&) const override { return 0; }
};

}  // namespace noetl::notify
