#pragma once
// GroupCommit: requests of one kind that come at the same time share one transaction, and so one commit. Whoever comes alone
// goes at once; whoever comes while others are being written waits for those and goes with all that have come meanwhile.
// There is no timer. submit() from any thread; `run` is called from theirs, by at most `writers_max` at once.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/postgres/errors.hpp"
#include "shared/base/result.hpp"

namespace noetl::dispatch {

template <class Request, class Answer>
class GroupCommit {
 public:
  // One answer for each request, in their order. postgres::Unavailable is thrown to all of them. Anything else that it throws is
  // of one of them, and nothing was written (after_commit.hpp sees to that): each goes again by itself.
  using Run = std::function<std::vector<base::Result<Answer>>(const std::vector<Request>&)>;
  struct Limits {
    std::size_t batch_max = 256;
    int writers_max = 1;
    std::chrono::milliseconds patience{1000};  // until it is being written
  };

  GroupCommit(Limits limits, Run run) : limits_(limits), run_(std::move(run)) {}
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // saturated: it was not begun with within the patience, and nothing of it was done.
  base::Result<Answer> submit(Request request) {
    Waiter own{.request = std::move(request)};
    const auto until = std::chrono::steady_clock::now() + limits_.patience;
    std::unique_lock lock(mutex_);
    waiting_.push_back(&own);
    while (!own.is_done) {
      const auto may_go_on = [&] { return own.is_done || (!own.is_taken && writers_ < limits_.writers_max); };
      if (own.is_taken) {
        own.turn.wait(lock, may_go_on);
      } else if (!own.turn.wait_until(lock, until, may_go_on) && !own.is_taken) {
        std::erase(waiting_, &own);
        return base::failure(base::Error{.code = base::ErrorCode::saturated,
                                         .message = "requests of this kind wait for the database; try again",
                                         .field = {},
                                         .retry_after = std::chrono::seconds(1),
                                         .details = {}});
      }
      if (may_go_on() && !own.is_done) write(lock);  // the oldest first, which need not be our own
    }
    if (own.failure) std::rethrow_exception(own.failure);
    return std::move(*own.answer);
  }

  // Those that are not being written yet.
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  [[nodiscard]] int writers() const {
    const std::lock_guard lock(mutex_);
    return writers_;
  }

 private:
  struct Waiter {
    Request request;
    std::optional<base::Result<Answer>> answer{};
    std::exception_ptr failure{};
    bool is_taken = false;
    bool is_done = false;
    std::condition_variable turn{};
  };

  void write(std::unique_lock<std::mutex>& lock) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), limits_.batch_max));
    const std::vector<Waiter*> batch(waiting_.begin(), waiting_.begin() + count);
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    for (Waiter* one : batch) one->is_taken = true;
    ++writers_;
    lock.unlock();
    run(batch);
    lock.lock();
    --writers_;
    for (Waiter* one : batch) {
      one->is_done = true;
      one->turn.notify_one();  // under the lock: the waiter lives on its thread's stack
    }
    if (!waiting_.empty()) waiting_.front()->turn.notify_one();
  }

  void run(const std::vector<Waiter*>& batch) {
    std::vector<Request> requests;
    requests.reserve(batch.size());
    for (const Waiter* one : batch) requests.push_back(one->request);
    try {
      auto answers = run_(requests);
      for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->answer.emplace(std::move(answers.at(i)));
    } catch (const postgres::Unavailable& refused) {
      // One for each: they are read and destroyed by as many threads.
      for (Waiter* one : batch)
        one->failure = std::make_exception_ptr(postgres::Unavailable(std::string(refused.what())));
    } catch (...) {
      if (batch.size() == 1) {
        batch.front()->failure = std::current_exception();
        return;
      }
      for (Waiter* one : batch) run({one});
    }
  }

  const Limits limits_;
  const Run run_;
  mutable std::mutex mutex_;
  std::deque<Waiter*> waiting_;  // guarded by mutex_; not taken yet, oldest first
  int writers_ = 0;  // guarded by mutex_
};

}  // namespace noetl::dispatch
