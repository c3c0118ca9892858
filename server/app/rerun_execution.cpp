#include "server/app/rerun_execution.hpp"

#include "server/app/open_execution.hpp"
#include "server/app/stored_values.hpp"
#include "server/app/tell_parents.hpp"
#include "server/store/connection_pool.hpp"

namespace noetl::app {

namespace {
using domain::Json;

// Loop rows belong to the earlier execution: what its loops brought is taken into the slots.
void load_loops(store::Session& session, DecisionWrites& writes, base::ExecutionId earlier,
                engine::State& state) {
  StoredValues values(session, writes, earlier);
  for (auto& [step, slot] : state.results) {
    if (slot.loop.empty()) continue;
    slot.value = Json{{"results", values.loop_results(slot.loop)}, {"stats", std::move(slot.value)}};
    slot.loop.clear();
  }
}

// Stored results as well: they leave with the earlier execution.
void load_references(store::Session& session, DecisionWrites& writes, base::ExecutionId earlier,
                     engine::State& state) {
  StoredValues values(session, writes, earlier);
  for (auto& [step, slot] : state.results) {
    if (slot.reference.is_set()) slot = {.value = values.result(slot.reference), .reference = {}, .loop = {}};
  }
}

class Transaction {
 public:
  Transaction(Parts& parts, store::Session& session)
      : parts_(parts), session_(session), run_(parts, session, writes_) {}

  base::Result<wire::ExecuteAnswer> run(const RerunRequest& request) {
    const auto id = request.execution_id;
    const auto locked = store::ExecutionTable(session_).lock({id});
    if (locked.empty())
      return base::failure(base::ErrorCode::not_found, "no execution has execution_id " + id.str(),
                           "/execution_id");
    if (locked[0].status == domain::ExecutionStatus::running) {
      return base::failure(base::ErrorCode::conflict,
                           "execution " + id.str() + " still runs: cancel it first, or wait for its end",
                           "/execution_id");
    }
    auto playbook = parts_.playbooks.get(locked[0].catalog_id, session_);
    if (!playbook) return base::failure(playbook.error());
    auto earlier = engine::state_from_json(Json::parse(locked[0].state));
    if (!earlier) return base::failure(earlier.error());

    OpenExecution open;
    open.execution_id = {parts_.ids.next()};
    open.playbook = std::move(*playbook);
    open.workload = Json::parse(locked[0].workload);
    open.workload.update(Json::parse(request.payload));
    NothingStored nothing;
    const engine::Situation situation{*open.playbook, open.execution_id, open.workload, nothing};
    if (!request.from_step.empty()) {
      load_loops(session_, writes_, id, *earlier);
      load_references(session_, writes_, id, *earlier);
    }
    auto decision = request.from_step.empty() ? engine::start(situation)
                                              : engine::start_again(situation, *earlier, request.from_step);
    if (!decision) return base::failure(decision.error());
    const wire::ExecuteAnswer answer{
        open.execution_id, static_cast<int>(decision->commands.size() + decision->children.size()), false};
    decision->events.front().payload["rerun_of"] = id.str();
    if (!request.from_step.empty()) decision->events.front().payload["from_step"] = request.from_step;
    run_.begin(open, std::move(*decision));
    auto row = run_.row_of(open);
    row.timeout = limit_of(*open.playbook);
    (void)store::ExecutionTable(session_).insert({std::move(row)});
    writes_.write(session_);
    return answer;
  }
  [[nodiscard]] const DecisionWrites& writes() const { return writes_; }

 private:
  Parts& parts_;
  store::Session& session_;
  DecisionWrites writes_;
  DecisionRun run_;
};
}  // namespace

base::Result<wire::ExecuteAnswer> rerun_execution(Parts& parts, const RerunRequest& request) {
  base::Result<wire::ExecuteAnswer> answer{wire::ExecuteAnswer{}};
  std::vector<notify::Ring> rings;
  std::vector<base::ExecutionId> ended;
  parts.connections.transact([&](store::Session& session) {
    Transaction transaction(parts, session);
    answer = transaction.run(request);
    rings = transaction.writes().rings;
    ended = transaction.writes().ended_children;
  });
  ring(parts, rings);
  tell_parents(parts, std::move(ended));
  return answer;
}

}  // namespace noetl::app
