#include "worker/loop/ahead/ahead_run.hpp"

#include <algorithm>

#include "shared/base/backoff.hpp"
#include "shared/base/stop_wait.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/engine/ahead.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::loop {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds flush_interval{150};  // what a worker that dies may have to be done again
constexpr milliseconds time_max{2'000};  // then others have their turn, first of all what has a higher priority
constexpr milliseconds delay_max{1'000};  // a longer retry waits at the server, without a slot
constexpr std::size_t batch_max = 256;
constexpr std::size_t unreported_bytes_max = 4UL * 1024 * 1024;
constexpr int runners_max = 16;
constexpr int tries_max = 12;
constexpr base::Backoff ahead_backoff{.kind = base::BackoffKind::exponential,
                                      .initial = milliseconds(50),
                                      .delay_max = milliseconds(2000),
                                      .multiplier = 2.0};

bool may_be_repeated(base::ErrorCode code) {
  return code == base::ErrorCode::unavailable || code == base::ErrorCode::saturated || code == base::ErrorCode::timeout;
}

std::chrono::microseconds age_of(steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - time);
}

}  // namespace

AheadRun::AheadRun(AheadRunner& owner, const std::stop_source& stop, bool is_careful)
    : owner_(owner), parts_(owner.parts_), stop_(stop), is_careful_(is_careful), began_at_(steady_clock::now()) {}

bool AheadRun::begin(const domain::ClaimedCommand& first, const wire::AttemptReport& report, Time begun_at) {
  if (parts_.leases.finish(first.lease) != StopReason::none) return false;
  wire::AheadRequest request;
  request.worker_id = owner_.settings_.worker_id;
  request.takes = true;
  request.decisions_version = engine::decisions_version;
  request.known_playbook = owner_.newest_playbook();
  request.ended.push_back({.node_id = {}, .attempt = report, .begun_ago = age_of(begun_at)});
  auto answer = send(request);
  if (!answer || answer->refused) return false;
  parts_.reporter.settle_recorded(report);
  decisions_ = answer->decisions;
  is_closing_ = !answer->goes_on;
  const auto given = answer->commands.size();
  enter(answer->commands, answer->claim_id);
  if (answer->basis && answer->commands.size() == given) {
    if (auto playbook = owner_.playbook_of(*answer->basis)) {
      auto line = AheadLine::begin(*answer->basis, std::move(playbook));
      if (line) line_ = std::move(*line);
    }
  }
  if (!line_) is_closing_ = is_abandoned_ = true;  // what was given is run and reported as any command
  for (std::size_t i = 0; i < answer->commands.size(); ++i) {
    auto node = std::make_shared<Node>();
    node->what.command = answer->commands[i];
    if (answer->basis && i < answer->basis->frames.size())
      node->what.frame = answer->basis->frames[i] == "null" ? std::string() : answer->basis->frames[i];
    node->lease.set(answer->commands[i].lease);
    nodes_.push_back(std::move(node));
  }
  return true;
}

// What this worker holds already was claimed by it meanwhile, and runs: it is not ours, and leaves the list.
void AheadRun::enter(std::vector<domain::ClaimedCommand>& commands, base::ClaimId claim_id) {
  std::vector<HeldLease> held_leases;
  for (const auto& command : commands) {
    HeldLease& held = held_leases.emplace_back();
    held.lease = command.lease;
    held.stop = stop_;
    held.claimed_at = steady_clock::now();
    held.takes_slot = false;
  }
  parts_.counts.claimed += held_leases.size();
  if (held_leases.empty()) return;
  const auto known = parts_.leases.add(std::move(held_leases), claim_id);
  std::erase_if(commands,
                [&](const auto& command) { return std::ranges::find(known, command.lease.queue_id) != known.end(); });
}

void AheadRun::run() {
  std::unique_lock lock(mutex_);
  add_runners();
  while (wait_for_ends(lock)) flush(lock);
  is_over_ = true;
  changed_.notify_all();
  lock.unlock();
  runners_.clear();  // joins
  deliver_interrupted();
}

void AheadRun::add_runners() {
  const int wanted = line_ ? std::clamp(line_->rows_at_once(), 1, std::min(runners_max, owner_.slots_)) : 1;
  while (runners_.size() < std::min(static_cast<std::size_t>(wanted), nodes_.size()))
    runners_.emplace_back([this](const std::stop_token& end) { work(end); });
}

// The next that may begin now; null: none.
AheadRun::NodePointer AheadRun::next_runnable() const {
  if (ended_.size() >= wire::ahead_ended_max / 2 || ended_bytes_ >= unreported_bytes_max) return nullptr;
  const auto now = steady_clock::now();
  for (const auto& node : nodes_) {
    if (node->is_running || node->due_at > now || node->after > taken_count_) continue;
    if (is_closing_ && !node->lease.now()) continue;
    return node;
  }
  return nullptr;
}

AheadRun::Time AheadRun::wake_at() const {
  auto time = steady_clock::now() + milliseconds(1000);
  for (const auto& node : nodes_) {
    if (!node->is_running) time = std::min(time, std::max(node->due_at, steady_clock::now() + milliseconds(1)));
  }
  return time;
}

void AheadRun::work(const std::stop_token& end) {
  base::name_thread("ahead");
  std::unique_lock lock(mutex_);
  for (;;) {
    NodePointer node;
    while (!is_over_ && !(node = next_runnable())) {
      changed_.wait_until(lock, end, wake_at(), [&] { return is_over_ || next_runnable() != nullptr; });
      if (end.stop_requested()) return;
    }
    if (is_over_) return;
    node->is_running = true;
    node->begun_at = steady_clock::now();
    lock.unlock();
    auto& command = node->what.command;
    RunSettings settings = owner_.settings_;
    settings.late = &node->lease;
    auto report = run_command(command, parts_.registry.find(command.tool_kind), stop_.get_token(), settings);
    lock.lock();
    this->end(node, std::move(report));
    changed_.notify_all();
  }
}

void AheadRun::end(const NodePointer& node, wire::AttemptReport report) {
  std::erase(nodes_, node);
  const bool is_stopped = stop_.stop_requested();
  if (is_stopped || !owner_.may_go_on() || is_time_over()) close();
  if (node->is_dropped) return;
  const bool has_ended =
      report.outcome == domain::Outcome::completed || (report.outcome == domain::Outcome::failed && !is_stopped);
  if (!has_ended || is_abandoned_) {
    if (node->lease.now()) interrupted_.push_back({node, std::move(report)});
    return close();
  }
  ++ended_count_;
  ended_bytes_ += report.result.size() + report.output.size();
  go_on(node, report);
  ended_.push_back({node, std::move(report)});
}

// Others wait for the slot, and for the database: a run that goes on for ever is broken off where nothing is lost by it.
bool AheadRun::is_time_over() const {
  const auto taken = steady_clock::now() - began_at_;
  return taken > 2 * time_max || (taken > time_max && nodes_.empty());
}

void AheadRun::go_on(const NodePointer& node, const wire::AttemptReport& report) {
  if (is_closing_) return;
  std::optional<std::vector<AheadCommand>> issued;
  try {
    issued = line_->follow(node->what, report, nodes_.size());
  } catch (const std::exception& thrown) {
    telemetry::log_error("worker",
                         "a decision ahead of the server threw, which is left to it: " + std::string(thrown.what()),
                         {{"node_id", node->what.command.node_id}});
  }
  if (!issued ||
      std::ranges::any_of(*issued, [](const auto& one) { return one.delay > delay_max || one.command.priority < 0; }))
    return close();
  add(std::move(*issued), node->what.is_claim());
}

// Rows that a claim has brought are begun when the server knows of them: nobody else would ever claim them again.
void AheadRun::add(std::vector<AheadCommand> commands, bool is_after_claim) {
  const bool waits = is_after_claim || is_careful_;
  for (auto& command : commands) {
    auto node = std::make_shared<Node>();
    node->due_at = steady_clock::now() + command.delay;
    node->after = waits ? ended_count_ : 0;
    node->what = std::move(command);
    nodes_.push_back(std::move(node));
  }
  is_urgent_ = is_urgent_ || waits;
  add_runners();
}

// What has not begun is left to the server, unless that has given it.
void AheadRun::close() {
  is_closing_ = true;
  std::erase_if(nodes_, [](const NodePointer& node) { return !node->is_running && !node->lease.now(); });
}

// False: everything is reported, and nothing runs.
bool AheadRun::wait_for_ends(std::unique_lock<std::mutex>& lock) {
  const auto is_due = [&] {
    return nodes_.empty() || is_urgent_ || ended_.size() >= batch_max || ended_bytes_ >= unreported_bytes_max / 2;
  };
  for (;;) {
    changed_.wait_for(lock, flush_interval, is_due);
    if (stop_.stop_requested()) {
      close();
      // What was given and has not begun goes back.
      std::erase_if(nodes_, [&](const NodePointer& node) {
        if (node->is_running) return false;
        wire::AttemptReport report;
        report.outcome = domain::Outcome::released;
        interrupted_.push_back({node, std::move(report)});
        return true;
      });
    }
    if (!ended_.empty()) return true;
    if (nodes_.empty()) return false;
    is_urgent_ = false;
  }
}

void AheadRun::flush(std::unique_lock<std::mutex>& lock) {
  auto batch = std::exchange(ended_, {});
  ended_bytes_ = 0;
  is_urgent_ = false;
  std::vector<NodePointer> begun;
  const auto request = request_of(batch, begun);
  lock.unlock();
  bool is_lost = false;
  for (const auto& end : batch) {
    if (const auto lease = end.node->lease.now()) is_lost = parts_.leases.finish(*lease) == StopReason::lost || is_lost;
  }
  // The first end of each batch has a lease: it is what the server gave by the answer before.
  const bool has_lease = batch.front().node->lease.now().has_value();
  auto answer = has_lease && !is_lost ? send(request) : base::failure(base::ErrorCode::lease_lost, "its lease is lost");
  const bool is_taken = answer && !answer->refused;
  if (!is_taken)
    telemetry::log_warn("worker", "what was run ahead is not taken, and left to the server: " +
                                      (answer ? answer->message : answer.error().message));
  if (is_taken) enter(answer->commands, answer->claim_id);
  lock.lock();
  if (is_taken)
    take_answer(batch, begun, std::move(*answer));
  else
    give_up(std::move(batch));
  changed_.notify_all();
}

wire::AheadRequest AheadRun::request_of(const std::vector<Ended>& batch, std::vector<NodePointer>& begun) {
  wire::AheadRequest request;
  request.worker_id = owner_.settings_.worker_id;
  request.decisions_version = engine::decisions_version;
  request.decisions = decisions_;
  for (const auto& end : batch) {
    auto& entry = request.ended.emplace_back();
    entry.attempt = end.report;
    entry.begun_ago = age_of(end.node->begun_at);
    if (const auto lease = end.node->lease.now())
      entry.attempt.lease = *lease;
    else
      entry.node_id = end.node->what.command.node_id;
  }
  for (const auto& node : nodes_) {
    if (node->lease.now() || node->is_dropped) continue;
    begun.push_back(node);
    request.begun.push_back({.node_id = node->what.command.node_id,
                             .begun_ago = node->is_running ? age_of(node->begun_at) : std::chrono::microseconds{0}});
  }
  return request;
}

// The same call again gives the same answer.
base::Result<wire::AheadAnswer> AheadRun::send(const wire::AheadRequest& request) {
  for (int failures = 1;; ++failures) {
    auto answer = parts_.transport.run_ahead(request);
    if (answer || !may_be_repeated(answer.error().code) || failures == tries_max) return answer;
    ++parts_.counts.report_failures;
    const auto time = std::max(answer.error().retry_after, ahead_backoff.delay_after(failures));
    if (stop_.stop_requested()) return answer;
    base::wait_for_stop(stop_.get_token(), time);
  }
}

void AheadRun::take_answer(const std::vector<Ended>& batch, const std::vector<NodePointer>& begun,
                           wire::AheadAnswer answer) {
  for (const auto& end : batch) {
    auto report = end.report;
    if (const auto lease = end.node->lease.now()) report.lease = *lease;
    parts_.reporter.settle_recorded(report);
  }
  taken_count_ += batch.size();
  decisions_ = answer.decisions;
  bool is_another_way = false;
  for (const auto& node : begun) {
    const auto given = std::ranges::find(answer.commands, node->what.command.node_id, &domain::ClaimedCommand::node_id);
    if (given != answer.commands.end()) {
      node->lease.set(given->lease);
      continue;
    }
    is_another_way = true;
    node->is_dropped = true;
    std::erase_if(ended_, [&](const Ended& end) { return end.node == node; });
    if (!node->is_running) std::erase(nodes_, node);
  }
  if (is_another_way || !answer.goes_on) close();
  if (is_another_way)
    telemetry::log_warn("worker", "the server decides otherwise than this worker did: what it had begun is dropped",
                        {{"worker_id", owner_.settings_.worker_id}});
}

// What has a lease is reported as any command; the rest is as if it had never been run.
void AheadRun::give_up(std::vector<Ended> batch) {
  is_abandoned_ = true;
  close();
  for (auto* list : {&batch, &ended_}) {
    for (auto& end : *list) {
      if (end.node->lease.now()) interrupted_.push_back(std::move(end));
    }
  }
  ended_.clear();
  for (const auto& node : nodes_) node->is_dropped = node->is_dropped || !node->lease.now();
}

void AheadRun::deliver_interrupted() {
  std::vector<wire::AttemptReport> finished;
  for (auto& end : interrupted_) {
    end.report.lease = *end.node->lease.now();
    end.report.execution_id = end.node->what.command.execution_id;
    finished.push_back(std::move(end.report));
  }
  if (!finished.empty()) parts_.reporter.deliver(std::move(finished));
}

}  // namespace noetl::loop
