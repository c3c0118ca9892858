#pragma once
// DutyConnection: one connection that holds the advisory lock of the background duties while it lives.
// One replica at a time has it; when its process or connection dies, Postgres frees the lock and the
// next one that asks gets it. One thread.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace noetl::store {

class Session;

class DutyConnection {
 public:
  explicit DutyConnection(std::string database_url);
  ~DutyConnection();
  DutyConnection(const DutyConnection&) = delete;
  DutyConnection& operator=(const DutyConnection&) = delete;

  // Connects and asks for the lock when needed. True while this process has it. Throws Unavailable.
  [[nodiscard]] bool acquire();
  // One statement on that connection. Throws Unavailable, and then the lock is lost too.
  void run_one(const std::function<void(Session&)>& work);
  void release();
  // Calls of run_one so far; any thread.
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  struct State;
  const std::string database_url_;
  std::unique_ptr<State> state_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace noetl::store
