#pragma once
// Dispatcher: direct dispatch. Idle workers of this replica wait here in a long poll. The transaction that makes commands claims
// them for one of those workers, so that they need no notification and no claim of their own. A use case takes a Reservation,
// claims for its worker, and delivers after the commit. When the server dies or the answer is lost, the commands are reclaimed
// like those of any unconfirmed claim: no heartbeat lists them. Any thread.
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

namespace noetl::dispatch {

class Dispatcher {
  struct WaitingPoll;

 public:
  // Of one transaction. More go by notification: it names many at a time, and reaches all workers.
  static constexpr std::size_t commands_max = 8;

  struct Dispatched {
    std::vector<domain::ClaimedCommand> commands;
    base::ClaimId claim_id;
    std::chrono::milliseconds waited{0};  // until they began to be claimed
  };
  struct Poll {
    const std::string& pool;
    const std::string& worker_id;
    const std::string& instance;  // the process behind the name
    std::size_t slots = 1;
    std::function<bool()> is_there;  // has the worker not closed the connection? Asked by other threads
  };
  // How soon it is noticed that the worker has closed the connection.
  static constexpr std::chrono::milliseconds look_interval{500};
  // Waits until commands are dispatched, or none of its slots is left, or the worker is gone, or polls in another call (one at a
  // time), or `until`, or `stop`. First come, first served.
  [[nodiscard]] Dispatched wait(const Poll& worker, std::chrono::steady_clock::time_point until, std::stop_token stop);
  // The registration of such a worker was checked so short a time ago that it need not be again: what is dispatched is claimed,
  // and every claim checks.
  static constexpr std::chrono::milliseconds known_for{5000};
  [[nodiscard]] bool is_known(const Poll& worker) const;
  void note_known(const Poll& worker);
  // That worker has claimed so many meanwhile: its poll has as many slots less.
  void note_claimed(const std::string& worker_id, std::size_t commands);

  // A poll that waits for deliver(). A reservation that ends without it makes that poll the first in line again.
  class Reservation {
   public:
    Reservation(Dispatcher& dispatcher, WaitingPoll& poll) : dispatcher_(&dispatcher), poll_(&poll) {}
    ~Reservation() { deliver({}, {}); }
    Reservation(Reservation&& other) noexcept
        : dispatcher_(other.dispatcher_), poll_(std::exchange(other.poll_, nullptr)) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(dispatcher_, other.dispatcher_);
      std::swap(poll_, other.poll_);
      return *this;
    }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    [[nodiscard]] const std::string& worker_id() const;
    [[nodiscard]] const std::string& instance() const;
    // After the commit, what is claimed for that worker. At most once.
    void deliver(std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id);

   private:
    Dispatcher* dispatcher_;
    WaitingPoll* poll_;
  };
  // Nothing when nobody of that pool waits with slots for so many, at most commands_max. Asks whether the worker is there: a round
  // trip for one over NATS, so not inside a transaction.
  [[nodiscard]] std::optional<Reservation> reserve(const std::string& pool, std::size_t commands);
  // The same by what was answered last.
  [[nodiscard]] std::optional<Reservation> reserve_unasked(const std::string& pool, std::size_t commands);
  // Before a transaction that may reserve: whoever is first in line has answered within fresh_for, or is in line no more.
  static constexpr std::chrono::milliseconds fresh_for{20};
  void ask_first_in_line();

  [[nodiscard]] std::size_t waiting() const;  // polls
  [[nodiscard]] std::uint64_t dispatched() const;  // commands, ever

 private:
  struct WaitingPoll {
    const Poll& worker;
    std::size_t slots;
    bool is_reserved = false;  // by a reservation: not in the line
    bool is_done = false;  // the same for good
    int askers = 0;  // threads that ask whether the worker is there: the poll must outlive them
    std::chrono::steady_clock::time_point answered_at{};
    std::chrono::steady_clock::time_point reserved_at{};
    std::vector<domain::ClaimedCommand> dispatched{};
    base::ClaimId claim_id{};
    std::condition_variable_any turn{};
  };
  using Polls = std::deque<WaitingPoll*>;

  struct Known {
    std::string pool, instance;
    std::chrono::steady_clock::time_point until;
  };

  // The longest waiting with so many slots, reserved; nullptr: none.
  [[nodiscard]] WaitingPoll* take_first(const std::string& pool, std::size_t commands);
  // A reserved one, whose worker has gone.
  void end_abandoned(WaitingPoll& poll);
  // Without the lock meanwhile: it asks the kernel, or NATS.
  [[nodiscard]] static bool is_there(WaitingPoll& poll, std::unique_lock<std::mutex>& lock);
  void end_other_polls_of(const WaitingPoll& own);
  void finish(WaitingPoll& poll, std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id);
  void remove(const WaitingPoll& poll);

  mutable std::mutex mutex_;  // of the waiting polls as well
  std::map<std::string, Polls> polls_;  // by pool, longest waiting first; none is empty
  std::map<std::string, Known> known_;  // by worker
  std::size_t waiting_ = 0;
  std::uint64_t dispatched_ = 0;
};

}  // namespace noetl::dispatch
