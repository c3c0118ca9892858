#pragma once
// WaitingClaims: the long polls of this replica, woken when it queues something in their pool. Commands
// that another replica queued are found by looking again every poll_interval. Also keeps, per pool, where
// a poll begins to read never-handed-back commands. Any thread.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::app {

class WaitingClaims {
 public:
  static constexpr std::chrono::milliseconds poll_interval{500};

  // A worker's long poll. One at a time: when the worker polls anew, the earlier one ends within poll_interval.
  class Poll {
   public:
    Poll(WaitingClaims& waiting, const std::string& worker_id);
    ~Poll();
    Poll(const Poll&) = delete;
    Poll& operator=(const Poll&) = delete;
    [[nodiscard]] bool is_replaced() const;

   private:
    WaitingClaims& waiting_;
    const std::string worker_id_;
    const std::uint64_t ticket_;
  };

  // Something was queued in these pools. One that nobody has polled here is not kept.
  void wake(const std::set<std::string>& pools);
  // Number of wakes of a pool so far: read it before looking, pass it to wait().
  [[nodiscard]] std::uint64_t seen(const std::string& pool);
  // Until the pool was woken after `seen`, or `until`, or `stop`.
  void wait(const std::string& pool, std::uint64_t seen, std::chrono::steady_clock::time_point until,
            std::stop_token stop);

  // A look that found nothing serves those that come right after it as well, while nothing was queued here: idle workers cost
  // statements by the pool and not by the worker. `seen`: from before that look.
  static constexpr std::chrono::milliseconds empty_for{100};
  void found_empty(const std::string& pool, std::uint64_t seen,
                   std::chrono::steady_clock::time_point looked_at);
  [[nodiscard]] bool is_known_empty(const std::string& pool, std::chrono::steady_clock::time_point now) const;

  // Ids are made before they are committed. Below `surely` nothing can still appear that waits; below `mostly` it
  // hardly does. Reading from `surely` costs a row for each command of the last minute, so only one look in
  // thorough_interval does that; the others begin at the first that waited, or at `mostly`.
  struct Horizon {
    base::CommandId surely, mostly;
  };
  [[nodiscard]] static Horizon horizon_now();
  struct Look {
    base::CommandId from;
    bool is_thorough = false;
  };
  static constexpr std::chrono::milliseconds thorough_interval{1000};
  [[nodiscard]] Look begin_look(const std::string& pool, std::chrono::steady_clock::time_point now);
  // `first_fresh`: the first one that waits, as far as that look has read.
  void end_look(const std::string& pool, const Look& look, std::optional<base::CommandId> first_fresh,
                const Horizon& horizon);
  // Polls that look at the same time see the same candidates: each takes others, so that they do not wait for one another's
  // rows only to find them claimed. At most `most` that no other poll of this replica is claiming just now.
  [[nodiscard]] std::vector<base::CommandId> take(const std::vector<base::CommandId>& candidates,
                                                  std::size_t most);
  void give_back(const std::vector<base::CommandId>& taken);
  [[nodiscard]] std::size_t taken() const;
  // Below it no never-handed-back command of the pool waits.
  [[nodiscard]] base::CommandId lower_bound(const std::string& pool) const;
  // Somebody else than a poll has read from lower_bound on: the first that waits, if any, as of `horizon`.
  void raise_lower_bound(const std::string& pool, std::optional<base::CommandId> first_fresh,
                         const Horizon& horizon);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  std::map<std::string, std::uint64_t> wakes_;
  struct Bounds {
    base::CommandId surely;  // only ever grows
    base::CommandId recent;
    std::chrono::steady_clock::time_point looked_at;
  };
  std::map<std::string, Bounds> bounds_;
  struct Empty {
    std::uint64_t seen = 0;
    std::chrono::steady_clock::time_point looked_at;
  };
  std::map<std::string, Empty> empties_;
  std::set<base::CommandId> taken_;
  std::map<std::string, std::uint64_t> polls_;  // worker → ticket of its poll
  std::uint64_t tickets_ = 0;
};

}  // namespace noetl::app
