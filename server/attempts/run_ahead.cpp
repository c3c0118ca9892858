#include "server/attempts/run_ahead.hpp"

#include <algorithm>

#include "server/attempts/attempt_ends.hpp"
#include "server/decisions/perform.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/store/executions/catalog_table.hpp"
#include "server/store/queue/at_worker_statements.hpp"
#include "server/store/queue/worker_table.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/ahead.hpp"

namespace noetl::attempts {

namespace {

// What a worker is given at most to decide by: more of it takes longer to send than it saves.
constexpr std::size_t basis_bytes_max = 512 * 1024;
constexpr std::int64_t items_max = 512;

class Transaction {
 public:
  Transaction(dispatch::ServerContext& context, postgres::Session& session, const wire::AheadRequest& request,
              const wire::PoolsByName& pools)
      : context_(context),
        session_(session),
        request_(request),
        pools_(pools),
        caller_{request.worker_id, request.instance},
        ends_(context, session, &caller_) {}

  dispatch::Effects run() {
    lock();
    end_all();
    if (answer_.refused) return {};
    if (is_repeated_) {
      answer_again();
      return {};
    }
    give();
    return ends_.write();
  }
  wire::AheadAnswer take_answer() { return std::move(answer_); }

 private:
  void lock();
  void end_all();
  [[nodiscard]] bool end_leased(const wire::AheadEnd& end);
  [[nodiscard]] bool end_issued(const wire::AheadEnd& end);
  [[nodiscard]] store::NewExecutionCommand* issued(const std::string& node_id);
  void give();
  [[nodiscard]] bool is_welcome();
  void hold(store::NewExecutionCommand& command, std::chrono::microseconds begun_ago);
  void answer_again();
  [[nodiscard]] bool add_basis();
  void add_items(const std::string& loop, std::size_t& bytes);

  dispatch::ServerContext& context_;
  postgres::Session& session_;
  const wire::AheadRequest& request_;
  const wire::PoolsByName& pools_;
  const store::Caller caller_;
  AttemptEnds ends_;
  wire::AheadAnswer answer_;
  decisions::LoadedExecution* open_ = nullptr;
  std::string pool_;  // of the first command
  bool is_repeated_ = false;
  bool is_changed_by_others_ = false;
  bool is_another_way_ = false;  // the decisions are not those of the worker
};

void Transaction::lock() {
  std::vector<wire::AttemptReport> reports;
  for (const auto& end : request_.ended) {
    if (end.node_id.empty()) reports.push_back(end.attempt);
  }
  ends_.lock(reports);
}

void Transaction::end_all() {
  for (const auto& end : request_.ended) {
    // What does not fit is passed over: the others count by their leases, and by what was issued here.
    if (!(end.node_id.empty() ? end_leased(end) : end_issued(end))) is_another_way_ = true;
    if (is_repeated_ || answer_.refused) return;
  }
}

// False: it does not count.
bool Transaction::end_leased(const wire::AheadEnd& end) {
  const bool is_first = open_ == nullptr;
  auto* command = ends_.command(end.attempt.lease.queue_id);
  if (is_first && command != nullptr) {
    open_ = ends_.execution(command->execution_id);
    pool_ = command->pool;
    if (open_ != nullptr)
      is_changed_by_others_ = request_.decisions != 0 && open_->state.decisions != request_.decisions;
  }
  auto verdict = ends_.end(end.attempt);
  if (!verdict.refused && !verdict.is_duplicate && open_ != nullptr && open_->execution_id == command->execution_id)
    return true;
  if (!is_first) return false;  // the worker learns of it by its heartbeats
  is_repeated_ = verdict.is_duplicate && open_ != nullptr && open_->status == domain::ExecutionStatus::running;
  if (is_repeated_) return false;
  answer_.refused = verdict.refused.value_or(base::ErrorCode::already_terminal);
  answer_.message = verdict.message.empty()
                        ? "the execution of command " + end.attempt.lease.queue_id.str() + " has ended"
                        : std::move(verdict.message);
  return false;
}

// False: the decision is another one than the worker's.
bool Transaction::end_issued(const wire::AheadEnd& end) {
  auto* command = issued(end.node_id);
  const bool has_ended =
      end.attempt.outcome == domain::Outcome::completed || end.attempt.outcome == domain::Outcome::failed;
  if (command == nullptr || !has_ended || (end.attempt.error && end.attempt.error->kind == "worker_lost")) return false;
  const auto begun = "-" + std::to_string(end.begun_ago.count()) + " microseconds";
  ends_.add({.lease = {command->queue_id, 1},
             .execution_id = command->execution_id,
             .node_id = command->node_id,
             .step = command->step,
             .tool_kind = command->tool_kind,
             .pool = command->pool,
             .status = domain::CommandStatus::running,
             .attempts = 1,
             .max_attempts = command->max_attempts,
             .priority = command->priority,
             .worker_id = request_.worker_id,
             .is_cancel_requested = false,
             .claimed_at = begun,
             .frame = command->frame,
             .retry = {}});
  hold(*command, end.begun_ago);
  auto attempt = end.attempt;
  attempt.lease = {command->queue_id, 1};
  attempt.execution_id = open_->execution_id;
  const auto verdict = ends_.end(attempt);  // its decision may move what `command` points at
  return !verdict.refused && !verdict.is_duplicate;
}

// By a decision of this transaction, not ended and not held.
store::NewExecutionCommand* Transaction::issued(const std::string& node_id) {
  auto& commands = ends_.writes().commands;
  const auto found = std::find_if(commands.rbegin(), commands.rend(), [&](const auto& one) {
    return one.node_id == node_id && one.execution_id == open_->execution_id && !one.at_worker;
  });
  return found == commands.rend() ? nullptr : &*found;
}

void Transaction::hold(store::NewExecutionCommand& command, std::chrono::microseconds begun_ago) {
  auto& writes = ends_.writes();
  if (writes.worker.worker_id.empty())
    writes.worker = {.worker_id = request_.worker_id, .claim_id = {context_.ids.next()}, .instance = request_.instance};
  writes.put_at_worker(command, {.begun_ago = begun_ago, .end = {}});
}

// Whether the worker may go on: its lease lasts, nothing is paused, and nobody but it has changed the execution.
bool Transaction::is_welcome() {
  if (is_changed_by_others_ || is_another_way_ || open_->is_paused || open_->finish ||
      request_.decisions_version != engine::decisions_version)
    return false;
  const auto lease = store::WorkerTable(session_).lease_of(request_.worker_id);
  if (!lease || !lease->is_alive || !lease->is_of(request_.instance) || lease->pool != pool_) return false;
  const auto pool = pools_.find(pool_);
  return pool == pools_.end() || !pool->second.is_paused;
}

void Transaction::give() {
  std::vector<store::NewExecutionCommand*> waiting;
  for (auto& command : ends_.writes().commands) {
    if (command.execution_id == open_->execution_id && !command.at_worker && command.pool == pool_)
      waiting.push_back(&command);
  }
  answer_.decisions = open_->state.decisions;
  answer_.goes_on = is_welcome();
  const auto give = [&](store::NewExecutionCommand& command, std::chrono::microseconds begun_ago, bool with_context) {
    hold(command, begun_ago);
    answer_.commands.push_back({.lease = {command.queue_id, 1},
                                .execution_id = command.execution_id,
                                .step = command.step,
                                .node_id = command.node_id,
                                .tool_kind = command.tool_kind,
                                .attempt = 1,
                                .max_attempts = command.max_attempts,
                                .timeout = command.timeout,
                                .context = with_context ? command.context : std::string("{}"),
                                .traceparent = ends_.writes().traceparent,
                                .priority = command.priority});
  };
  if (request_.takes) {
    const bool is_all_due =
        std::ranges::all_of(waiting, [](const auto* one) { return one->delay.count() == 0 && one->priority >= 0; });
    answer_.goes_on = answer_.goes_on && is_all_due && !waiting.empty() && ends_.writes().children.empty() &&
                      engine::is_one_line(open_->state, waiting.size()) && add_basis();
    if (!answer_.goes_on) return;
    for (auto* command : waiting) {
      answer_.basis->frames.push_back(command->frame.empty() ? "null" : command->frame);
      give(*command, {}, true);
    }
  } else {
    for (const auto& begun : request_.begun) {
      if (auto* command = issued(begun.node_id)) give(*command, begun.begun_ago, false);
    }
  }
  if (!answer_.commands.empty()) answer_.claim_id = ends_.writes().worker.claim_id;
}

// The worker did not hear the answer. What was given by it runs under its name, unless that was freed meanwhile.
void Transaction::answer_again() {
  answer_.decisions = open_->state.decisions;
  for (auto& one : store::AtWorkerStatements(session_).running(open_->execution_id, request_.worker_id)) {
    const bool is_asked_for = request_.takes || std::ranges::any_of(request_.begun, [&](const auto& begun) {
                                return begun.node_id == one.command.node_id;
                              });
    if (is_asked_for && one.command.attempt == 1) answer_.commands.push_back(std::move(one.command));
  }
}

bool Transaction::add_basis() {
  wire::AheadBasis basis;
  basis.execution_id = open_->execution_id;
  basis.catalog_id = open_->playbook->catalog_id;
  basis.version = open_->playbook->catalog_version;
  basis.workload = domain::json_text(open_->workload);
  basis.state = engine::state_text(open_->state);
  std::size_t bytes = basis.workload.size() + basis.state.size();
  if (bytes > basis_bytes_max) return false;
  if (request_.known_playbook != basis.catalog_id) {
    const auto row = store::CatalogTable(session_).find({.catalog_id = basis.catalog_id, .path = {}, .version = {}});
    if (!row) return false;
    basis.content = row->content;
  }
  answer_.basis = std::move(basis);
  add_items(open_->state.outstanding.begin()->first, bytes);
  return true;
}

// Those that are not begun, as many as fit: behind them the worker gives the loop back.
void Transaction::add_items(const std::string& loop, std::size_t& bytes) {
  const auto& entry = open_->state.notes.loops.at(loop);
  const auto next = entry.next;
  const auto end = std::min(entry.total, next + items_max);
  if (next >= end) return;
  decisions::StoredValues values(session_, ends_.writes(), open_->execution_id);
  wire::AheadItems items{.loop = loop, .first = static_cast<int>(next), .items = {}};
  for (auto index = next; index < end; ++index) {
    auto text = domain::json_text(values.loop_item(loop, static_cast<int>(index)));
    bytes += text.size();
    if (bytes > basis_bytes_max) break;
    items.items.push_back(std::move(text));
  }
  answer_.basis->items.push_back(std::move(items));
}

}  // namespace

base::Result<wire::AheadAnswer> run_ahead(dispatch::ServerContext& context, const wire::AheadRequest& request) {
  wire::AheadAnswer answer;
  const auto pools = context.pool_rules.get();
  decisions::commit(context, [&](postgres::Session& session) {
    Transaction transaction(context, session, request, *pools);
    auto effects = transaction.run();
    answer = transaction.take_answer();
    return effects;
  });
  return answer;
}

}  // namespace noetl::attempts
