#pragma once
// NoNotifier: for a server that is told to do without NATS (nats-url none). It tells nobody anything: workers poll. Any thread.
#include "server/notify/notifier.hpp"

namespace noetl::notify {

class NoNotifier final : public Notifier {
 public:
  void ring(const std::vector<Ring>&) override {}
  void tell_dead(const std::vector<Death>&) override {}
  [[nodiscard]] bool is_wanted() const override { return false; }
  [[nodiscard]] bool is_connected() const override { return false; }
  [[nodiscard]] PoolLanes lanes(const std::string&) const override { return {}; }
  [[nodiscard]] std::size_t lane_of(const Ring&) const override { return 0; }
};

}  // namespace noetl::notify
