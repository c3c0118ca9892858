#pragma once
// WorkerOrders: what whoever commands this worker wants of it, beside the server, and commands that the server passes on with
// heartbeats, with their answers. Any thread.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "shared/wire/messages/worker.hpp"

namespace noetl::loop {

class WorkerOrders {
 public:
  std::atomic<bool> should_drain{false};
  std::atomic<bool> is_paused{false};  // claims nothing; what runs goes on

  // The next heartbeat goes out at once.
  void hurry() {
    const std::lock_guard lock(mutex_);
    is_hurried_ = true;
    hurried_.notify_all();
  }
  // Of the heartbeat sender: until the time, or stop, or hurry().
  void wait(const std::stop_token& stop, std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    hurried_.wait_until(lock, stop, until, [&] { return is_hurried_; });
    is_hurried_ = false;
  }

  // Whoever obeys commands and calls answer() for each. It must not wait, and outlives the worker's run.
  using Obey = std::function<void(wire::WorkerCommand)>;
  void set_obey(Obey obey) { obey_ = std::move(obey); }  // before the worker runs
  // Without anybody who obeys they stay unanswered.
  void give(std::vector<wire::WorkerCommand> commands) const {
    if (!obey_) return;
    for (auto& command : commands) obey_(std::move(command));
  }
  void answer(wire::WorkerCommandAnswer answer) {
    put_back({std::move(answer)});
    hurry();
  }
  // For the next heartbeat.
  [[nodiscard]] std::vector<wire::WorkerCommandAnswer> take_answers() {
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    const auto is_beyond = [&](const wire::WorkerCommandAnswer& one) {
      return (bytes += one.body.size()) > answer_bytes_max && &one != answers_.data();
    };
    const auto last = std::ranges::find_if(answers_, is_beyond);
    std::vector<wire::WorkerCommandAnswer> taken(std::make_move_iterator(answers_.begin()),
                                                 std::make_move_iterator(last));
    answers_.erase(answers_.begin(), last);
    is_hurried_ = !answers_.empty();
    return taken;
  }
  // That heartbeat has failed. Of more than a heartbeat takes, the first are left out: nobody waits for them any more.
  void put_back(std::vector<wire::WorkerCommandAnswer> answers) {
    const std::lock_guard lock(mutex_);
    std::ranges::move(answers, std::back_inserter(answers_));
    if (answers_.size() > wire::worker_commands_max)
      answers_.erase(answers_.begin(), answers_.end() - static_cast<std::ptrdiff_t>(wire::worker_commands_max));
  }
  [[nodiscard]] bool has_answers() const {
    const std::lock_guard lock(mutex_);
    return !answers_.empty();
  }

 private:
  static constexpr std::size_t answer_bytes_max = 4UL * 1024 * 1024;  // in one heartbeat, but for a single one

  Obey obey_;
  mutable std::mutex mutex_;
  std::condition_variable_any hurried_;
  bool is_hurried_ = false;  // guarded by mutex_
  std::vector<wire::WorkerCommandAnswer> answers_;  // guarded by mutex_
};

}  // namespace noetl::loop
