#include "server/executions/rerun_execution.hpp"

#include "server/catalog/find_playbook.hpp"
#include "server/decisions/loaded_execution.hpp"
#include "server/decisions/perform.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/executions/earlier_results.hpp"
#include "server/executions/known_execution.hpp"

namespace noetl::executions {

namespace {
using domain::Json;

class RerunTransaction {
 public:
  RerunTransaction(dispatch::ServerContext& context, postgres::Session& session)
      : context_(context), session_(session), run_(context, session, writes_) {}

  base::Result<wire::ExecuteAnswer> run(const RerunRequest& request) {
    const auto id = request.execution_id;
    const auto locked = store::ExecutionTable(session_).lock({id});
    if (locked.empty())
      return base::failure(base::ErrorCode::not_found, "no execution has execution_id " + id.str(), "/execution_id");
    if (locked[0].status == domain::ExecutionStatus::running) {
      return base::failure(base::ErrorCode::conflict,
                           "execution " + id.str() + " still runs: cancel it first, or wait for its end",
                           "/execution_id");
    }
    auto playbook = context_.playbooks.get(locked[0].catalog_id, session_);
    const bool is_other = request.version || request.takes_latest;
    if (playbook && is_other)
      playbook = catalog::find_playbook(context_, session_, {}, (*playbook)->path, request.version);
    if (!playbook) return base::failure(playbook.error());
    auto earlier = engine::state_from_text(locked[0].state);
    if (!earlier) return base::failure(earlier.error());

    decisions::LoadedExecution open;
    open.execution_id = {context_.ids.next()};
    open.playbook = std::move(*playbook);
    open.workload = Json::parse(locked[0].workload);
    // Another version may know keys that the earlier workload lacks.
    if (is_other) open.workload = decisions::merged_workload(*open.playbook, open.workload);
    open.workload.update(Json::parse(request.payload));
    decisions::NothingStored nothing;
    const engine::DecisionInput decision_input{*open.playbook, open.execution_id, open.workload, nothing};
    if (!request.from_step.empty()) load_earlier_results(session_, id, *earlier);
    auto decision = request.from_step.empty() ? engine::start(decision_input)
                                              : engine::start_again(decision_input, *earlier, request.from_step);
    if (!decision) return base::failure(decision.error());
    wire::ExecuteAnswer answer{
        .execution_id = open.execution_id,
        .commands_generated = static_cast<int>(decision->commands.size() + decision->children.size())};
    auto& told = decision->events.front().payload;
    Json payload = told.take();
    payload["rerun_of"] = id.str();
    if (!request.from_step.empty()) payload["from_step"] = request.from_step;
    told = std::move(payload);
    run_.begin(open, std::move(*decision));
    auto row = run_.row_of(open);
    row.timeout = decisions::limit_of(*open.playbook);
    row.rerun_of = id;
    row.idempotency_key = request.idempotency_key;
    row.traceparent = writes_.traceparent = request.traceparent;
    path_ = row.path;
    workload_ = open.workload;
    is_new_ = !store::ExecutionTable(session_).insert({std::move(row)}).empty();
    if (is_new_) {
      writes_.write(session_);
      writes_.effects.is_accepted = true;
    }
    return answer;
  }
  // False: its key is known, and nothing was written.
  [[nodiscard]] bool is_new() const { return is_new_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Json& workload() const { return workload_; }
  [[nodiscard]] dispatch::Effects take_effects() { return is_new_ ? std::move(writes_.effects) : dispatch::Effects{}; }

 private:
  dispatch::ServerContext& context_;
  postgres::Session& session_;
  decisions::WriteBatch writes_;
  decisions::DecisionApplier run_;
  bool is_new_ = true;
  std::string path_;
  Json workload_;
};
}  // namespace

base::Result<wire::ExecuteAnswer> rerun_execution(dispatch::ServerContext& context, const RerunRequest& request) {
  base::Result<wire::ExecuteAnswer> answer{wire::ExecuteAnswer{}};
  std::optional<KnownKey> known;
  decisions::commit(context, [&](postgres::Session& session) {
    RerunTransaction transaction(context, session);
    answer = transaction.run(request);
    known.reset();
    if (answer && !transaction.is_new())
      known = {.key = request.idempotency_key,
               .path = transaction.path(),
               .rerun_of = request.execution_id,
               .catalog_id = {},
               .version = request.version,
               .payload = {},
               .workload = transaction.workload()};
    return transaction.take_effects();
  });
  if (known) return known_execution(context, *known);
  return answer;
}

}  // namespace noetl::executions
