#pragma once
// LongPolls: the long polls of this replica, woken when it queues something in their pool. Commands
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

namespace noetl::dispatch {

class LongPolls {
 public:
  static constexpr std::chrono::milliseconds poll_interval{500};

  // A worker's long poll. One at a time: when the worker polls anew, the earlier one ends within poll_interval.
  class Poll {
   public:
    Poll(LongPolls& waiting, const std::string& worker_id);
    ~Poll();
    Poll(const Poll&) = delete;
    Poll& operator=(const Poll&) = delete;
    [[nodiscard]] bool is_replaced() const;

   private:
    LongPolls& waiting_;
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
  void found_empty(const std::string& pool, std::uint64_t seen, std::chrono::steady_clock::time_point looked_at);
  [[nodiscard]] bool is_known_empty(const std::string& pool, std::chrono::steady_clock::time_point now) const;

  // Ids are made before they are committed. Below `safe` no waiting command can still appear; below `likely` it
  // hardly does. Reading from `safe` costs a row for each command of the last minute, so only one look in
  // thorough_interval does that; the others begin at the first that waited, or at `likely`.
  struct Watermark {
    base::CommandId safe, likely;
  };
  [[nodiscard]] static Watermark watermark_now();
  struct Scan {
    base::CommandId from;
    bool is_thorough = false;
  };
  static constexpr std::chrono::milliseconds thorough_interval{1000};
  [[nodiscard]] Scan begin_scan(const std::string& pool, std::chrono::steady_clock::time_point now);
  // `first_fresh`: the first one that waits, as far as that look has read.
  void end_scan(const std::string& pool, const Scan& scan, std::optional<base::CommandId> first_fresh,
                const Watermark& watermark);
  // Polls that look at the same time see the same candidates. Each claims others, so that none waits for another's rows only to
  // find them claimed. Gives at most `most` that no other poll of this replica claims just now.
  [[nodiscard]] std::vector<base::CommandId> begin_claims(const std::vector<base::CommandId>& candidates,
                                                          std::size_t most);
  void end_claims(const std::vector<base::CommandId>& taken);
  [[nodiscard]] std::size_t in_flight() const;
  // Below it no never-handed-back command of the pool waits.
  [[nodiscard]] base::CommandId lower_bound(const std::string& pool) const;
  // Somebody else than a poll has read from lower_bound on: the first that waits, if any, as of `watermark`.
  void raise_lower_bound(const std::string& pool, std::optional<base::CommandId> first_fresh,
                         const Watermark& watermark);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  std::map<std::string, std::uint64_t> wakes_;
  struct Bounds {
    base::CommandId safe;  // only ever grows
    base::CommandId recent;
    std::chrono::steady_clock::time_point looked_at;
  };
  std::map<std::string, Bounds> bounds_;
  struct Empty {
    std::uint64_t seen = 0;
    std::chrono::steady_clock::time_point looked_at;
  };
  std::map<std::string, Empty> empties_;
  std::set<base::CommandId> in_flight_;
  std::map<std::string, std::uint64_t> polls_;  // worker → ticket of its poll
  std::uint64_t tickets_ = 0;
};

}  // namespace noetl::dispatch
