#include "tests/unit/loop/scripted_transport.hpp"

#include <algorithm>
#include <climits>
#include <stdexcept>
#include <utility>

#include "shared/wire/subjects.hpp"

namespace noetl::loop_test {
namespace {

using base::ErrorCode;

bool take_one(std::atomic<int>& left) {
  int now = left;
  while (now > 0 && !left.compare_exchange_weak(now, now - 1)) {
  }
  return now > 0;
}

tl::unexpected<base::Error> away() { return base::failure(ErrorCode::unavailable, "scripted to fail"); }

}  // namespace

base::Result<wire::RegistrationAnswer> ScriptedTransport::register_worker(
    const wire::WorkerRegistration& registration) {
  ++registrations;
  has_forgotten_worker = false;
  return wire::RegistrationAnswer{.worker_id = registration.worker_id,
                                  .heartbeat_interval = std::chrono::milliseconds(20),
                                  .lease = std::chrono::milliseconds(200),
                                  .ack_wait = ack_wait,
                                  .nats_stream = {},
                                  .nats_subject = {},
                                  .nats_consumer = {},
                                  .nats_lanes = static_cast<int>(wire::lanes),
                                  .dispatches_directly = dispatches_directly,
                                  .confirms_claims = confirms_claims};
}

base::Result<wire::HeartbeatAnswer> ScriptedTransport::heartbeat(const wire::Heartbeat& heartbeat) {
  ++heartbeats;
  if (heartbeat.status == "draining") ++heartbeats_draining;
  if (are_heartbeats_failing) return away();
  if (refuses_confirmations && !heartbeat.confirmed_claim_ids.empty())
    return base::failure(ErrorCode::invalid_input, "unknown field", "/confirmed_claim_ids");
  {
    const std::lock_guard lock(mutex_);
    confirmed_claims_.insert(confirmed_claims_.end(), heartbeat.confirmed_claim_ids.begin(),
                             heartbeat.confirmed_claim_ids.end());
  }
  wire::HeartbeatAnswer answer;
  answer.is_known = !has_forgotten_worker;
  answer.should_drain = should_drain;
  for (const domain::Lease& lease : heartbeat.held) {
    if (lease.queue_id.value == to_cancel) answer.cancelled.push_back(lease.queue_id);
    if (lease.queue_id.value == to_lose) answer.lost.push_back(lease.queue_id);
  }
  return answer;
}

void ScriptedTransport::claim_row(std::int64_t id, Row& row, wire::ClaimAnswer& answer) {
  if (!row.is_running) {
    row.is_running = true;
    ++row.epoch;
    if (!answer.claim_id.is_set()) made_.push_back(answer.claim_id = {static_cast<std::int64_t>(made_.size()) + 1});
  }
  domain::ClaimedCommand command;
  command.lease = {.queue_id = base::CommandId{id}, .epoch = row.epoch};
  command.tool_kind = row.tool_kind;
  command.step = row.tool_kind;
  command.attempt = row.epoch;
  command.max_attempts = 3;
  command.context = R"({"tool":{"kind":")" + row.tool_kind + R"("},"input":{"id":)" + std::to_string(id) + "}}";
  answer.commands.push_back(std::move(command));
}

wire::ClaimAnswer ScriptedTransport::act_on(const wire::ClaimRequest& request) {
  wire::ClaimAnswer answer;
  const std::lock_guard lock(mutex_);
  // As the server has it: what this worker holds already is given again, since the first answer may have been lost.
  const auto is_waiting = [&](base::CommandId id) {
    const auto found = rows_.find(id.value);
    return found != rows_.end() && (found->second.is_running || found->second.reports.empty());
  };
  int slots = request.slots > 0 && std::ranges::count_if(request.queue_ids, is_waiting) >= request.slots ? request.slots
                                                                                                         : INT_MAX;
  for (const base::CommandId id : request.queue_ids) {
    // When its slots are filled, nothing is said of the others.
    if (slots != INT_MAX && (!is_waiting(id) || slots-- <= 0)) continue;
    const auto found = rows_.find(id.value);
    if (found == rows_.end())
      answer.refused.push_back(
          {.queue_id = id, .code = ErrorCode::not_found, .message = "no such command", .retry_after = {}});
    else if (!found->second.is_running && !found->second.reports.empty()) {
      answer.refused.push_back(
          {.queue_id = id, .code = ErrorCode::already_terminal, .message = "done", .retry_after = {}});
    } else
      claim_row(id.value, found->second, answer);
  }
  if (!request.queue_ids.empty()) return answer;
  for (auto& [id, row] : rows_) {
    if (static_cast<int>(answer.commands.size()) < request.slots && !row.is_running && row.reports.empty())
      claim_row(id, row, answer);
  }
  return answer;
}

void ScriptedTransport::dispatch(std::int64_t id, const std::string& tool_kind) {
  const std::lock_guard lock(mutex_);
  rows_[id].tool_kind = tool_kind;
  to_dispatch_.push_back(id);
  dispatched_.notify_all();
}

base::Result<wire::ClaimAnswer> ScriptedTransport::wait_for_dispatch(const wire::ClaimRequest& request) {
  ++dispatch_polls;
  if (dispatch_late_ms < 0) return base::failure(ErrorCode::invalid_input, "unknown field", "/direct_dispatch");
  wire::ClaimAnswer answer;
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  ++dispatch_polls_waiting;
  dispatched_.wait_for(lock, request.wait, [&] { return !to_dispatch_.empty(); });
  --dispatch_polls_waiting;
  answer.waited = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin) -
                  std::chrono::milliseconds(dispatch_late_ms);
  for (const auto id : std::exchange(to_dispatch_, {})) claim_row(id, rows_[id], answer);
  return answer;
}

base::Result<wire::ClaimAnswer> ScriptedTransport::claim(const wire::ClaimRequest& request) {
  if (request.direct_dispatch) return wait_for_dispatch(request);
  ++(request.queue_ids.empty() ? polls : claims);
  if (take_one(claims_to_fail)) return away();
  if (knows_no_slots && !request.queue_ids.empty() && request.slots > 0)
    return base::failure(ErrorCode::invalid_input, "has no meaning beside queue_ids", "/slots");
  wire::ClaimAnswer answer = act_on(request);
  if (take_one(claim_replies_to_lose)) return away();
  return answer;
}

base::Result<wire::ReportAnswer> ScriptedTransport::report(const wire::ReportRequest& request) {
  ++reports;
  if (take_one(reports_to_fail)) return away();
  wire::ReportAnswer answer;
  const std::lock_guard lock(mutex_);
  for (const auto& attempt : request.attempts) {
    if (attempt.lease.queue_id.value == poison &&
        (attempt.outcome == domain::Outcome::completed || is_failure_poison_too)) {
      return base::failure(ErrorCode::invalid_input, "one of them is poison");
    }
    if (knows_no_details && attempt.error && !attempt.error->details.empty())
      return base::failure(ErrorCode::invalid_input, "'/payload/error/line' is not a known field");
  }
  for (const auto& attempt : request.attempts) {
    wire::ReportVerdict& verdict = answer.verdicts.emplace_back();
    verdict.queue_id = attempt.lease.queue_id;
    Row& row = rows_[attempt.lease.queue_id.value];
    if (row.epoch != attempt.lease.epoch) {
      verdict.refused = ErrorCode::lease_lost;
      continue;
    }
    if (!row.is_running) {
      verdict.is_duplicate = true;
      continue;
    }
    row.is_running = false;
    if (attempt.outcome == domain::Outcome::released) {
      ++row.releases;
      verdict.retry_after = std::chrono::milliseconds(0);
      continue;
    }
    row.reports.push_back(attempt);
    if (attempt.lease.queue_id.value == to_retry && row.epoch == 1) {
      verdict.retry_after = std::chrono::milliseconds(10);
      row.reports.clear();
    }
  }
  for (const auto& note : request.notes) {
    notes_.push_back(note);
    answer.verdicts.emplace_back().queue_id = note.lease.queue_id;
  }
  if (take_one(report_replies_to_lose)) return away();
  return answer;
}

std::vector<wire::AttemptNote> ScriptedTransport::notes() const {
  const std::lock_guard lock(mutex_);
  return notes_;
}

std::vector<base::ClaimId> ScriptedTransport::confirmed_claims() const {
  const std::lock_guard lock(mutex_);
  return confirmed_claims_;
}

std::vector<base::ClaimId> ScriptedTransport::made() const {
  const std::lock_guard lock(mutex_);
  return made_;
}

// A server of the release before.
base::Result<wire::AheadAnswer> ScriptedTransport::run_ahead(const wire::AheadRequest&) {
  return base::failure(base::ErrorCode::not_found, "no such route");
}

base::Result<void> ScriptedTransport::deregister(const std::string&) {
  ++deregistrations;
  return {};
}

void ScriptedTransport::add(std::int64_t id, const std::string& tool_kind) {
  const std::lock_guard lock(mutex_);
  rows_[id].tool_kind = tool_kind;
}

Row ScriptedTransport::row(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  return found == rows_.end() ? Row{} : found->second;
}

std::size_t ScriptedTransport::reported() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, row] : rows_) count += row.reports.empty() ? 0U : 1U;
  return count;
}

tools::ToolResult HeldTool::run(const tools::ToolCall& call) {
  std::unique_lock lock(mutex_);
  ++running_;
  const bool is_free = changed_.wait(lock, call.stop, [&] { return is_let_go_; });
  --running_;
  tools::ToolResult result;
  if (!is_free) result.outcome = domain::Outcome::cancelled;
  return result;
}

void HeldTool::let_go() {
  const std::lock_guard lock(mutex_);
  is_let_go_ = true;
  changed_.notify_all();
}

int HeldTool::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

tools::ToolResult TalkingTool::run(const tools::ToolCall& call) {
  call.progress->print("first line\nsecond ");
  call.progress->print("line\nnot ended");
  call.progress->tell({.fraction = 0.5, .rows = 40, .text = "half"});
  return held.run(call);
}

tools::ToolResult InstantTool::run(const tools::ToolCall& call) {
  tools::ToolResult result;
  result.result = call.input.dump();
  return result;
}

tools::ToolResult ThrowingTool::run(const tools::ToolCall&) { throw std::runtime_error("out of luck"); }

tools::ToolResult FailingTool::run(const tools::ToolCall&) {
  tools::ToolResult result;
  result.outcome = domain::Outcome::failed;
  result.error = domain::ToolError{.kind = "exception",
                                   .message = "boom",
                                   .is_retryable = false,
                                   .status = {},
                                   .retry_after = {},
                                   .traceback = "in main",
                                   .details = R"({"line":5})"};
  return result;
}

tools::ToolResult GarbageTool::run(const tools::ToolCall&) {
  tools::ToolResult result;
  result.result = "{\"a\":1,\"a\":2}";
  return result;
}

}  // namespace noetl::loop_test
