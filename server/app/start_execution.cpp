#include "server/app/start_execution.hpp"

#include <map>
#include <set>

#include "server/app/crash_point.hpp"
#include "server/app/decision_writes.hpp"
#include "server/app/playbook_cache.hpp"
#include "server/store/catalog_table.hpp"
#include "server/store/connection_pool.hpp"

namespace noetl::app {

namespace {
using base::ErrorCode;
using domain::Json;

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

base::Result<PlaybookPtr> find_playbook(Parts& parts, const wire::ExecuteRequest& request) {
  if (request.catalog_id.is_set()) return parts.playbooks.get(request.catalog_id);
  std::optional<base::CatalogId> id;
  parts.connections.run_one([&](store::Session& session) {
    store::CatalogTable catalog(session);
    if (!request.version) {
      id = catalog.latest_id(request.path);
    } else if (const auto row = catalog.find({.catalog_id = {}, .path = request.path, .version = request.version})) {
      id = row->catalog_id;
    }
  });
  if (!id) {
    return base::failure(ErrorCode::not_found,
                         "no playbook is registered under path '" + request.path + "'" +
                             (request.version ? " with version " + std::to_string(*request.version) : std::string{}) +
                             "; register it with POST /api/catalog/register or `noetlctl playbook register`",
                         "/path");
  }
  return parts.playbooks.get(*id);
}

// An execution that can start, decided but not yet written.
struct Started {
  std::size_t index = 0;            // in the request
  base::ExecutionId execution_id;
  engine::Decision decision;
  store::NewExecution row;
};

base::Result<Started> decide(Parts& parts, const wire::ExecuteRequest& request, std::size_t index) {
  auto playbook = find_playbook(parts, request);
  if (!playbook) return base::failure(playbook.error());
  Json workload = (*playbook)->workload;
  // As NoETL: the payload's keys replace the workload's, one level deep.
  const auto payload = Json::parse(request.payload);
  for (const auto& [key, value] : payload.items()) workload[key] = value;

  Started started{.index = index, .execution_id = {parts.ids.next()}, .decision = {}, .row = {}};
  const engine::Values none;
  auto decision = engine::start({**playbook, started.execution_id, workload, none});
  if (!decision) return base::failure(decision.error());
  started.decision = std::move(*decision);
  started.row = {.execution_id = started.execution_id,
                 .catalog_id = (*playbook)->catalog_id,
                 .path = (*playbook)->path,
                 .version = (*playbook)->catalog_version,
                 .parent_execution_id = request.parent_execution_id,
                 .status = domain::ExecutionStatus::running,
                 .outstanding = 0,
                 .current_step = started.decision.state.current_step,
                 .state = {},
                 .workload = dumped(workload),
                 .result = {},
                 .error = {},
                 .idempotency_key = request.idempotency_key,
                 .traceparent = request.traceparent};
  return started;
}

// All that can start, in one transaction. Gives the ids that were really inserted.
class Transaction {
 public:
  explicit Transaction(Parts& parts) : parts_(parts) {}

  void run(store::Session& session, std::vector<Started>& all) {
    DecisionWrites writes;
    std::vector<store::NewExecution> rows;
    for (auto& started : all) rows.push_back(prepare(started, writes));
    for (const auto id : store::ExecutionTable(session).insert(rows)) inserted_.insert(id);
    for (auto& started : all) {
      if (!inserted_.contains(started.execution_id)) continue;
      writes.traceparent = started.row.traceparent;
      generated_[started.execution_id] = static_cast<int>(started.decision.commands.size());
      auto decision = started.decision;  // a copy: the transaction may have to be repeated
      const auto issued = writes.add_commands(parts_, started.execution_id, std::move(decision.commands));
      writes.add_events(parts_, started.execution_id, decision.events,
                        issued.empty() ? std::string{} : "{\"issued\":" + issued + "}");
    }
    std::erase_if(writes.results, [&](const auto& result) { return !inserted_.contains(result.execution_id); });
    writes.write(session);
    rings_ = std::move(writes.rings);
  }

  [[nodiscard]] const std::vector<notify::Ring>& rings() const { return rings_; }
  [[nodiscard]] const std::map<base::ExecutionId, int>& generated() const { return generated_; }
  [[nodiscard]] bool was_inserted(base::ExecutionId id) const { return inserted_.contains(id); }

 private:
  store::NewExecution prepare(const Started& started, DecisionWrites& writes) {
    auto row = started.row;
    auto state = started.decision.state;
    writes.add_results(parts_, started.execution_id, state);
    row.state = dumped(engine::to_json(state));
    row.outstanding = static_cast<int>(state.outstanding.size());
    if (const auto& finish = started.decision.finish) {
      row.status = finish->status;
      if (!finish->result.is_null()) row.result = dumped(finish->result);
      if (!finish->error.is_null()) row.error = dumped(finish->error);
    }
    return row;
  }

  Parts& parts_;
  std::vector<notify::Ring> rings_;
  std::set<base::ExecutionId> inserted_;
  std::map<base::ExecutionId, int> generated_;
};

// The first execution that was started under a key.
base::Result<wire::ExecuteAnswer> known_answer(Parts& parts, const std::string& key, const std::string& path) {
  std::map<std::string, store::KeyedExecution> known;
  parts.connections.run_one([&](store::Session& session) { known = store::ExecutionTable(session).by_keys({key}); });
  const auto found = known.find(key);
  if (found == known.end()) {
    return base::failure(ErrorCode::unavailable, "the execution of Idempotency-Key '" + key + "' is just being written");
  }
  if (!path.empty() && found->second.path != path) {
    return base::failure(ErrorCode::conflict, "Idempotency-Key '" + key + "' was used for path '" + found->second.path +
                                                  "' (execution " + found->second.execution_id.str() +
                                                  "), this request names '" + path + "': use another key");
  }
  return wire::ExecuteAnswer{found->second.execution_id, 0, true};
}
}  // namespace

base::Result<wire::ExecuteAnswer> start_execution(Parts& parts, const wire::ExecuteRequest& request) {
  return std::move(start_executions(parts, {request}).front());
}

std::vector<base::Result<wire::ExecuteAnswer>> start_executions(Parts& parts,
                                                                const std::vector<wire::ExecuteRequest>& requests) {
  std::vector<base::Result<wire::ExecuteAnswer>> answers(requests.size(), wire::ExecuteAnswer{});
  std::vector<Started> all;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto started = decide(parts, requests[i], i);
    if (started) all.push_back(std::move(*started));
    else answers[i] = base::failure(started.error());
  }
  if (all.empty()) return answers;

  std::optional<Transaction> done;
  parts.connections.transact([&](store::Session& session) {
    done.emplace(parts);  // anew for a repeated transaction
    done->run(session, all);
  });
  crash_after_commit();
  ring(parts, done->rings());
  for (const auto& started : all) {
    answers[started.index] =
        done->was_inserted(started.execution_id)
            ? base::Result<wire::ExecuteAnswer>(
                  wire::ExecuteAnswer{started.execution_id, done->generated().at(started.execution_id), false})
            : known_answer(parts, started.row.idempotency_key, started.row.path);
  }
  return answers;
}

}  // namespace noetl::app
