#pragma once
// PoolRules: what holds for the pools, read at most once a second by each server, so that enqueueing asks for
// nothing more. A change is in force everywhere a second later. Any thread.
#include <chrono>
#include <memory>

#include "server/dispatch/server_context.hpp"
#include "shared/base/guarded.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::dispatch {

class PoolRules {
 public:
  explicit PoolRules(postgres::ConnectionPool& connections) : connections_(connections) {}

  // Shared with whoever reads it while a newer one takes its place.
  using Snapshot = std::shared_ptr<const wire::PoolsByName>;
  [[nodiscard]] Snapshot get();
  void forget();  // the next get() reads again

 private:
  static constexpr std::chrono::seconds age_max{1};
  struct Kept {
    Snapshot pools;
    std::chrono::steady_clock::time_point read_at{};
  };
  postgres::ConnectionPool& connections_;
  base::Guarded<Kept> kept_;
};

}  // namespace noetl::dispatch
