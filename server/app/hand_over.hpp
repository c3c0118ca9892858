#pragma once
// HandOver: workers of this replica that have slots free and nothing to do wait here in a long poll; commands that are made
// meanwhile are claimed for one of them in the transaction that makes them: no waiting for a notification, no claim of their own.
// A use case takes an Offer, claims for its worker, and gives after the commit. What is claimed and never given (the server dies,
// the answer is lost) is what any lost reply to a claim is: no heartbeat says that it is held, so it is freed. Any thread.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "shared/domain/command.hpp"

namespace noetl::app {

class HandOver {
  struct Seat;

 public:
  // Of one transaction. More go by notification: it names many at a time, and reaches all workers.
  static constexpr std::size_t commands_max = 8;

  struct Given {
    std::vector<domain::ClaimedCommand> commands;
    base::ClaimId claim_id;
    std::chrono::milliseconds waited{0};  // until they began to be claimed
  };
  struct Waiting {
    const std::string& pool;
    const std::string& worker_id;
    const std::string& instance;  // the process behind the name
    std::size_t slots = 1;
    std::function<bool()> is_there;  // has the worker not closed the connection? Asked by other threads
  };
  // How soon it is noticed that the worker has closed the connection.
  static constexpr std::chrono::milliseconds look_interval{500};
  // In the line of its pool until something is given, or none of its slots is left, or the worker is gone, or waits in another call
  // (one at a time), or `until`, or `stop`. First come, first served.
  [[nodiscard]] Given wait(const Waiting& worker, std::chrono::steady_clock::time_point until,
                           std::stop_token stop);
  // That such a worker is registered, and for that pool, was found out so short a time ago that it need not be asked again: what is
  // given is claimed, and every claim asks.
  static constexpr std::chrono::milliseconds known_for{5000};
  [[nodiscard]] bool is_known(const Waiting& worker) const;
  void note_known(const Waiting& worker);
  // That worker has claimed so many meanwhile: its poll offers as many slots less.
  void note_claimed(const std::string& worker_id, std::size_t commands);

  // A worker that waits until it is given something, or the offer is gone: then it is the first in line again.
  class Offer {
   public:
    Offer(HandOver& desk, Seat& seat) : desk_(&desk), seat_(&seat) {}
    ~Offer() { give({}, {}); }
    Offer(Offer&& other) noexcept : desk_(other.desk_), seat_(std::exchange(other.seat_, nullptr)) {}
    Offer& operator=(Offer&& other) noexcept {
      std::swap(desk_, other.desk_);
      std::swap(seat_, other.seat_);
      return *this;
    }
    Offer(const Offer&) = delete;
    Offer& operator=(const Offer&) = delete;

    [[nodiscard]] const std::string& worker_id() const;
    [[nodiscard]] const std::string& instance() const;
    // After the commit, what is claimed for that worker. At most once.
    void give(std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id);

   private:
    HandOver* desk_;
    Seat* seat_;
  };
  // Nothing when nobody of that pool waits with slots for so many, at most commands_max.
  [[nodiscard]] std::optional<Offer> take(const std::string& pool, std::size_t commands);

  [[nodiscard]] std::size_t waiting() const;  // polls
  [[nodiscard]] std::uint64_t given() const;  // commands, ever

 private:
  struct Seat {
    const Waiting& worker;
    std::size_t slots;
    bool is_taken = false;  // by an offer: not in the line
    bool is_done = false;  // the same for good
    std::chrono::steady_clock::time_point taken_at{};
    std::vector<domain::ClaimedCommand> given{};
    base::ClaimId claim_id{};
    std::condition_variable_any turn{};
  };
  using Line = std::deque<Seat*>;

  struct Known {
    std::string pool, instance;
    std::chrono::steady_clock::time_point until;
  };

  void end_others_of(const Seat& own);
  void end(Seat& seat, std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id);
  void leave(const Seat& seat);

  mutable std::mutex mutex_;  // of the seats as well
  std::map<std::string, Line> lines_;  // by pool, longest waiting first; none is empty
  std::map<std::string, Known> known_;  // by worker
  std::size_t waiting_ = 0;
  std::uint64_t given_ = 0;
};

}  // namespace noetl::app
