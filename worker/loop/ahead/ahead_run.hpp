#pragma once
// AheadRun: one run ahead of the server. The thread that calls run() reports; runners are threads of its own, as many as rows of a claim
// are worked on at once. Internal to AheadRunner.
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "worker/loop/ahead/ahead_runner.hpp"
#include "worker/loop/leases/late_lease.hpp"

namespace noetl::loop {

class AheadRun {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // `is_careful`: each end is reported before anything else begins.
  AheadRun(AheadRunner& owner, const std::stop_source& stop, bool is_careful);
  AheadRun(const AheadRun&) = delete;
  AheadRun& operator=(const AheadRun&) = delete;

  // `first` has ended, and its slot is kept. False: the server did not take the report.
  [[nodiscard]] bool begin(const domain::ClaimedCommand& first, const wire::AttemptReport& report, Time begun_at);
  void run();

 private:
  struct Node {
    AheadCommand what;
    Time due_at;
    std::uint64_t after = 0;  // ends that the server must have taken before
    bool is_running = false;
    bool is_dropped = false;  // the server does not know it
    Time begun_at;
    LateLease lease;
  };
  using NodePointer = std::shared_ptr<Node>;  // the run and the runner
  struct Ended {
    NodePointer node;
    wire::AttemptReport report;
  };

  void work(const std::stop_token& end);
  [[nodiscard]] NodePointer next_runnable() const;
  [[nodiscard]] Time wake_at() const;
  void end(const NodePointer& node, wire::AttemptReport report);
  void go_on(const NodePointer& node, const wire::AttemptReport& report);
  void add(std::vector<AheadCommand> commands, bool is_after_claim);
  void close();
  [[nodiscard]] bool is_time_over() const;
  void add_runners();

  [[nodiscard]] bool wait_for_ends(std::unique_lock<std::mutex>& lock);
  void flush(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] wire::AheadRequest request_of(const std::vector<Ended>& batch, std::vector<NodePointer>& begun);
  [[nodiscard]] base::Result<wire::AheadAnswer> send(const wire::AheadRequest& request);
  void take_answer(const std::vector<Ended>& batch, const std::vector<NodePointer>& begun, wire::AheadAnswer answer);
  void give_up(std::vector<Ended> batch);
  void enter(std::vector<domain::ClaimedCommand>& commands, base::ClaimId claim_id);
  void deliver_interrupted();

  AheadRunner& owner_;
  const AheadRunner::Parts& parts_;
  std::stop_source stop_;
  const bool is_careful_;
  const Time began_at_;
  std::unique_ptr<AheadLine> line_;
  std::int64_t decisions_ = 0;

  std::mutex mutex_;  // of all below
  std::condition_variable_any changed_;
  std::vector<NodePointer> nodes_;  // that run or wait, in the order in which they were issued
  std::vector<Ended> ended_;  // not reported yet
  std::vector<Ended> interrupted_;  // by a stop; they have leases
  std::size_t ended_bytes_ = 0;
  std::uint64_t ended_count_ = 0, taken_count_ = 0;
  bool is_closing_ = false;  // nothing more is begun
  bool is_abandoned_ = false;  // the reporter has the rest
  bool is_urgent_ = false;  // somebody waits for a report
  bool is_over_ = false;
  std::vector<std::jthread> runners_;
};

}  // namespace noetl::loop
