#include "worker/loop/runs/reporter.hpp"

#include <algorithm>
#include <iterator>

#include "shared/base/backoff.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::loop {
namespace {

using base::ErrorCode;

constexpr base::Backoff report_backoff{.kind = base::BackoffKind::exponential,
                                       .initial = std::chrono::milliseconds(50),
                                       .delay_max = std::chrono::milliseconds(2000),
                                       .multiplier = 2.0};
constexpr std::chrono::milliseconds report_retry_after_max{10'000};
constexpr std::size_t report_bytes_assumed = 256;

// The server read the batch and will never take it: saying it again would not help.
bool is_unacceptable(ErrorCode code) {
  return code == ErrorCode::invalid_input || code == ErrorCode::malformed_body || code == ErrorCode::payload_too_large;
}

// The command is somebody else's, or has ended: the attempt counts for nothing.
bool is_final(ErrorCode code) {
  switch (code) {
    case ErrorCode::lease_lost:
    case ErrorCode::not_found:
    case ErrorCode::already_terminal:
    case ErrorCode::execution_cancelled:
    case ErrorCode::active_claim:
    case ErrorCode::conflict:
    case ErrorCode::cancelled: return true;
    default: return false;
  }
}

}  // namespace

Reporter::Reporter(std::string worker_id, transport::Transport& transport, HeldLeases& leases, WorkerCounts& counts)
    : worker_id_(std::move(worker_id)),
      transport_(transport),
      leases_(leases),
      counts_(counts),
      random_(std::random_device{}()) {}

void Reporter::deliver(std::vector<wire::AttemptReport> finished) {
  using domain::Outcome;
  for (auto& report : finished) {
    const StopReason reason = leases_.finish(report.lease);
    if (report.outcome == Outcome::completed) continue;
    // A tool that was stopped says failed or cancelled; why it was stopped is known here.
    if (reason == StopReason::cancelled) report.outcome = Outcome::cancelled;
    if (reason == StopReason::draining) report.outcome = Outcome::released;
    if (reason == StopReason::cancelled || reason == StopReason::draining) report.error.reset();
  }
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty())
      waiting_ = std::move(finished);
    else
      waiting_.insert(waiting_.end(), std::make_move_iterator(finished.begin()),
                      std::make_move_iterator(finished.end()));
  }
  arrived_.notify_one();
}

void Reporter::run(const std::stop_token& stop) {
  base::name_thread("reporter");
  const nats::ThreadScope scope;
  for (;;) {
    Batch batch = take_batch(stop);
    if (batch.empty()) return;
    send(std::move(batch), stop);
  }
}

Reporter::Batch Reporter::take_batch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait(lock, stop, [&] { return !waiting_.empty(); })) return {};
  std::size_t bytes = 0;
  auto end = waiting_.begin();
  for (; end != waiting_.end() && end - waiting_.begin() < static_cast<std::ptrdiff_t>(batch_max); ++end) {
    bytes += report_bytes_assumed + end->result.size() + end->output.size();
    if (bytes > batch_bytes_max && end != waiting_.begin()) break;
  }
  if (end == waiting_.end()) return std::exchange(waiting_, {});
  Batch batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return batch;
}

void Reporter::send(Batch batch, const std::stop_token& stop) {
  wire::ReportRequest request;
  request.worker_id = worker_id_;
  for (int failures = 0;;) {
    drop_lost(batch);
    if (batch.empty()) return;
    request.attempts = std::move(batch);
    auto answer = transport_.report(request);
    batch = std::move(request.attempts);
    if (answer && answer->verdicts.size() == batch.size()) {
      batch = settle(std::move(batch), *answer);
      if (batch.empty()) return;
      answer = base::failure(ErrorCode::unavailable, "some reports were refused for now");
    } else if (answer) {
      answer = base::failure(ErrorCode::internal, "answer with " + std::to_string(answer->verdicts.size()) +
                                                      " verdicts for " + std::to_string(batch.size()) + " reports");
    }
    ++counts_.report_failures;
    if (is_unacceptable(answer.error().code)) return send_unacceptable(std::move(batch), answer.error(), stop);
    if (++failures == 1)
      telemetry::log_warn("worker", "report failed, will be repeated: " + answer.error().message,
                          {{"reports", std::to_string(batch.size())}});
    wait_to_retry(answer.error(), failures, stop);
    if (stop.stop_requested()) {
      telemetry::log_error("worker", "gave up reporting; these commands run again when their leases have ended",
                           {{"reports", std::to_string(batch.size())}});
      return;
    }
  }
}

void Reporter::drop_lost(Batch& batch) {
  std::erase_if(batch, [&](const wire::AttemptReport& report) {
    if (leases_.reason_of(report.lease) != StopReason::lost) return false;
    ++counts_.lost;
    // The server notifies again for it: this notification has done its duty.
    settle(report);
    return true;
  });
}

Reporter::Batch Reporter::settle(Batch batch, const wire::ReportAnswer& answer) {
  Batch again;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const wire::ReportVerdict& verdict = answer.verdicts[i];
    if (!verdict.refused) {
      count(batch[i]);
      answer_message(batch[i], verdict);
    } else if (is_final(*verdict.refused)) {
      settle_refused(batch[i], verdict);
    } else {
      again.push_back(std::move(batch[i]));
    }
  }
  return again;
}

void Reporter::settle_refused(const wire::AttemptReport& report, const wire::ReportVerdict& verdict) {
  ++counts_.lost;
  (void)leases_.stop({report.lease}, StopReason::lost);
  telemetry::log_warn(
      "worker", "report refused: " + verdict.message,
      {{"queue_id", report.lease.queue_id.str()}, {"code", std::string(base::to_string(*verdict.refused))}});
  answer_message(report, verdict);
}

void Reporter::answer_message(const wire::AttemptReport& report, const wire::ReportVerdict& verdict) {
  if (!verdict.retry_after) return settle(report);
  const auto held = leases_.release(report.lease);
  if (!held || !held->delivery) return;
  // What this worker gives up shall run elsewhere at once.
  if (report.outcome == domain::Outcome::released)
    held->delivery->give_back(*verdict.retry_after);
  else
    held->delivery->settle_later(*verdict.retry_after);
}

void Reporter::settle(const wire::AttemptReport& report) {
  const auto held = leases_.release(report.lease);
  if (held && held->delivery) held->delivery->settle();
}

void Reporter::count(const wire::AttemptReport& report) {
  switch (report.outcome) {
    case domain::Outcome::completed: ++counts_.completed; return;
    case domain::Outcome::failed: ++counts_.failed; return;
    case domain::Outcome::cancelled: ++counts_.cancelled; return;
    case domain::Outcome::released: ++counts_.released; return;
  }
}

// One report of many spoils the call for all: halve until it stands alone, and then report that instead. Servers of the release
// before refuse the details of errors, which they do not know.
void Reporter::send_unacceptable(Batch batch, const base::Error& refusal, const std::stop_token& stop) {
  bool had_details = false;
  for (auto& report : batch) {
    had_details = had_details || (report.error && !report.error->details.empty());
    if (report.error) report.error->details.clear();
  }
  if (had_details) return send(std::move(batch), stop);
  if (batch.size() > 1) {
    const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
    Batch rest(std::make_move_iterator(middle), std::make_move_iterator(batch.end()));
    batch.erase(middle, batch.end());
    send(std::move(batch), stop);
    return send(std::move(rest), stop);
  }
  wire::AttemptReport& report = batch.front();
  telemetry::log_error("worker", "the server does not accept a report: " + refusal.message,
                       {{"queue_id", report.lease.queue_id.str()}});
  // Of what completed, neither kind is tried again: another attempt would do the work twice.
  const bool is_done = report.outcome == domain::Outcome::completed;
  const std::string kind = refusal.code == ErrorCode::payload_too_large ? "output_limit"
                           : is_done                                    ? "invalid_result"
                                                                        : "internal";
  if (report.error &&
      report.error->message.starts_with("the report was refused")) {  // not even that: the lease ends by itself
    ++counts_.lost;
    (void)leases_.stop({report.lease}, StopReason::lost);
    return settle(report);
  }
  report = wire::AttemptReport{.lease = report.lease,
                               .outcome = domain::Outcome::failed,
                               .result = "null",
                               .error = domain::ToolError{.kind = kind,
                                                          .message = "the report was refused: " + refusal.message,
                                                          .is_retryable = domain::is_retryable_by_default(kind),
                                                          .status = {},
                                                          .retry_after = {},
                                                          .traceback = {}},
                               .output = {},
                               .duration = report.duration,
                               .execution_id = report.execution_id};
  send(std::move(batch), stop);
}

void Reporter::wait_to_retry(const base::Error& error, int failures, const std::stop_token& stop) {
  const double unit = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  // The server's wish is a floor; jitter on top keeps refused workers from coming back together.
  const auto asked = std::min(error.retry_after, report_retry_after_max);
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, stop, asked + report_backoff.jittered_after(failures, unit), [] { return false; });
}

}  // namespace noetl::loop
