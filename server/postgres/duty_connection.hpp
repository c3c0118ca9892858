#pragma once
// DutyConnection: one connection for the background duties, and the lead in them: a row of noetl.leader that is ours until a time,
// and that we renew. One replica at a time has it; when its process dies or hangs, the time passes and the next one that asks takes
// over. Statements that write run while the row is locked, at our epoch: a holder that was replaced writes nothing. One thread.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace noetl::postgres {

class Session;

class DutyConnection {
 public:
  static constexpr std::chrono::milliseconds lead_time_default{2000};

  // `lead_time`: how long the lead lasts after a renewal. A holder asks at least twice in it.
  explicit DutyConnection(std::string database_url, std::chrono::milliseconds lead_time = lead_time_default);
  ~DutyConnection();
  DutyConnection(const DutyConnection&) = delete;
  DutyConnection& operator=(const DutyConnection&) = delete;

  // Connects, and takes or renews the lead when need be. True while this process has it. Throws Unavailable.
  [[nodiscard]] bool acquire();
  // After acquire() said no: how long the holder's lead lasts if it is not renewed.
  [[nodiscard]] std::chrono::milliseconds until_free() const { return until_free_; }
  // One statement that reads. Throws Unavailable.
  void run_one(const std::function<void(Session&)>& work);
  // Statements that write, in one transaction, while nobody can take over. Throws Unavailable, also when the lead is another's.
  void write(const std::function<void(Session&)>& work);
  // The next one that asks gets the lead.
  void release();
  // Calls of run_one and write so far; any thread.
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  struct State;
  void connect();
  [[nodiscard]] bool is_fresh() const;

  const std::string database_url_;
  const std::chrono::milliseconds lead_time_;
  const std::string holder_;  // this process, and no other
  std::int64_t epoch_ = 0;  // of our lead; 0: another's
  std::chrono::steady_clock::time_point renewed_at_{};
  std::chrono::milliseconds until_free_{0};
  std::unique_ptr<State> state_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace noetl::postgres
