#pragma once
// ScriptedTransport: a server in a few lines: commands wait in a map, claims and reports follow the contract, and a
// test may make any call fail. And tools that a test holds in its hand. Any thread.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "shared/transport/transport.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::loop_test {

struct Row {
  std::string tool_kind = "noop";
  int epoch = 0;
  bool is_running = false;
  int releases = 0;  // handed back
  std::vector<wire::AttemptReport> reports;  // accepted ones that ended it
};

class ScriptedTransport final : public transport::Transport {
 public:
  base::Result<wire::RegistrationAnswer> register_worker(const wire::WorkerRegistration& registration) override;
  base::Result<wire::HeartbeatAnswer> heartbeat(const wire::Heartbeat& heartbeat) override;
  base::Result<wire::ClaimAnswer> claim(const wire::ClaimRequest& request) override;
  base::Result<wire::ReportAnswer> report(const wire::ReportRequest& request) override;
  base::Result<wire::AheadAnswer> run_ahead(const wire::AheadRequest& request) override;
  base::Result<void> deregister(const std::string& worker_id) override;

  void add(std::int64_t id, const std::string& tool_kind = "noop");
  void dispatch(std::int64_t id,
                const std::string& tool_kind = "noop");  // to the next poll that waits for it
  [[nodiscard]] Row row(std::int64_t id) const;
  [[nodiscard]] std::size_t reported() const;  // rows with a report
  [[nodiscard]] std::vector<wire::AttemptNote> notes() const;
  [[nodiscard]] std::vector<base::ClaimId> confirmed_claims() const;  // what heartbeats said
  [[nodiscard]] std::vector<base::ClaimId> made() const;  // claims that gave something

  // The next so many calls fail; `after_acting`: the server acts, but the reply is lost.
  std::atomic<int> claims_to_fail{0};
  std::atomic<int> claim_replies_to_lose{0};
  std::atomic<int> reports_to_fail{0};
  std::atomic<int> report_replies_to_lose{0};
  std::chrono::milliseconds ack_wait{0};  // told to a worker that registers; set before it does
  bool dispatches_directly = false;  // the same
  bool confirms_claims = false;  // the same
  std::atomic<bool> refuses_confirmations{false};  // 400 as an older server has it
  // So long before its answer the claim of a direct dispatch was, as it tells; negative: 400 as an older server has it.
  std::atomic<int> dispatch_late_ms{0};
  std::atomic<bool> are_heartbeats_failing{false};
  std::atomic<bool> has_forgotten_worker{false};
  std::atomic<bool> should_drain{false};
  std::atomic<std::int64_t> poison{0};  // a report of this id is refused with the whole call
  std::atomic<bool> is_failure_poison_too{false};  // what is reported instead
  std::atomic<bool> knows_no_details{false};  // of the release before: refuses a call with an error that has some
  std::atomic<bool> knows_no_slots{false};  // the same: refuses a claim of ids that says how many at most
  std::atomic<std::int64_t> to_cancel{0};
  std::atomic<std::int64_t> to_lose{0};
  std::atomic<std::int64_t> to_retry{0};  // a failed report of this id waits again for 10 ms

  std::atomic<int> registrations{0}, deregistrations{0}, claims{0}, polls{0}, reports{0}, heartbeats{0},
      heartbeats_draining{0}, dispatch_polls{0}, dispatch_polls_waiting{0};

 private:
  base::Result<wire::ClaimAnswer> wait_for_dispatch(const wire::ClaimRequest& request);
  wire::ClaimAnswer act_on(const wire::ClaimRequest& request);
  void claim_row(std::int64_t id, Row& row, wire::ClaimAnswer& answer);

  mutable std::mutex mutex_;
  std::condition_variable dispatched_;
  std::map<std::int64_t, Row> rows_;
  std::vector<std::int64_t> to_dispatch_;
  std::vector<wire::AttemptNote> notes_;
  std::vector<base::ClaimId> confirmed_claims_, made_;
};

// Runs until it is stopped or let go.
class HeldTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "held"; }
  tools::ToolResult run(const tools::ToolCall& call) override;
  void let_go();
  [[nodiscard]] int running() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_let_go_ = false;
  int running_ = 0;
};

// Says things, and then runs until it is stopped or let go.
class TalkingTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "talking"; }
  tools::ToolResult run(const tools::ToolCall& call) override;
  HeldTool held;
};

class InstantTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "noop"; }
  [[nodiscard]] bool is_instant() const override { return true; }
  tools::ToolResult run(const tools::ToolCall& call) override;
};

class ThrowingTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "throwing"; }
  tools::ToolResult run(const tools::ToolCall& call) override;
};

// Fails, and says where.
class FailingTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "failing"; }
  tools::ToolResult run(const tools::ToolCall& call) override;
};

// Returns what no server stores.
class GarbageTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "garbage"; }
  tools::ToolResult run(const tools::ToolCall& call) override;
};

}  // namespace noetl::loop_test
