#pragma once
// EnqueueListener: hears which pools got commands by noetl.enqueue (docs/guides/enqueue-from-sql.md), as soon as its transaction has committed. A
// thread and a connection of its own: LISTEN, and from then on no statement. It connects again with a backoff when Postgres was
// away; meanwhile, and without it, upkeep's ticks find what was enqueued, a second or two later.
#include <atomic>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

namespace noetl::postgres {

class EnqueueListener {
 public:
  // Called on the listener's thread; returns soon and throws nothing. Without pools after each connecting: something may have been
  // missed before.
  using Heard = std::function<void(const std::set<std::string>& pools)>;

  EnqueueListener(std::string database_url, Heard heard);
  ~EnqueueListener();
  EnqueueListener(const EnqueueListener&) = delete;
  EnqueueListener& operator=(const EnqueueListener&) = delete;

  [[nodiscard]] bool is_listening() const { return is_listening_; }  // any thread

 private:
  void run(const std::stop_token& stop);
  void listen(const std::stop_token& stop);
  // Until something can be read from `socket`, or the thread is to stop, or `wait_ms` have passed (-1: for ever).
  void wait(int socket, int wait_ms) const;

  const std::string database_url_;
  const Heard heard_;
  std::atomic<bool> is_listening_{false};
  int stop_event_;  // becomes readable when the thread is to stop
  std::jthread thread_;  // last: started when all else stands
};

}  // namespace noetl::postgres
