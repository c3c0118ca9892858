#include "server/executions/start_execution.hpp"

#include <map>
#include <set>

#include "server/catalog/find_playbook.hpp"
#include "server/decisions/loaded_execution.hpp"
#include "server/decisions/perform.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/dispatch/after_commit.hpp"
#include "server/executions/known_execution.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/time_limit_statements.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::executions {

namespace {
using base::ErrorCode;
using domain::Json;

// The playbooks that some requests name: which version of a path is the newest is asked once for all of them.
class NamedPlaybooks {
 public:
  explicit NamedPlaybooks(dispatch::ServerContext& context) : context_(context) {}

  [[nodiscard]] base::Result<catalog::PlaybookPtr> get(const wire::ExecuteRequest& request) {
    if (request.catalog_id.is_set()) return context_.playbooks.get(request.catalog_id);
    const auto [place, is_new] = found_.try_emplace({request.path, request.version}, catalog::PlaybookPtr{});
    if (!is_new) return place->second;
    context_.connections.run_one([&](postgres::Session& session) {
      place->second = catalog::find_playbook(context_, session, {}, request.path, request.version);
    });
    return place->second;
  }

 private:
  dispatch::ServerContext& context_;
  std::map<std::pair<std::string, std::optional<int>>, base::Result<catalog::PlaybookPtr>> found_;
};

// An execution that can start, decided but not yet written.
struct Started {
  std::size_t index = 0;  // in the request
  decisions::LoadedExecution open;
  engine::Decision decision;
  std::chrono::milliseconds limit{0};  // from when it is due; 0: none
};

// By the clock of Postgres, which is asked only when a time is given.
std::chrono::milliseconds delay_of(dispatch::ServerContext& context, const wire::ExecuteRequest& request) {
  if (request.start_at.empty()) return request.delay;
  std::chrono::milliseconds delay{0};
  context.connections.run_one(
      [&](postgres::Session& session) { delay = store::TimeLimitStatements(session).until(request.start_at); });
  return delay;
}

base::Result<Started> decide(dispatch::ServerContext& context, NamedPlaybooks& playbooks,
                             const wire::ExecuteRequest& request, std::size_t index) {
  auto playbook = playbooks.get(request);
  if (!playbook) return base::failure(playbook.error());
  Started started;
  started.index = index;
  started.open.execution_id = {context.ids.next()};
  started.open.playbook = std::move(*playbook);
  started.open.workload = decisions::merged_workload(*started.open.playbook, json::parse_known(request.payload));
  decisions::NothingStored nothing;
  started.open.start_delay = delay_of(context, request);
  started.limit = request.timeout.count() > 0 ? request.timeout : decisions::limit_of(*started.open.playbook);
  auto decision = engine::start({*started.open.playbook, started.open.execution_id, started.open.workload, nothing});
  if (!decision) return base::failure(decision.error());
  started.decision = std::move(*decision);
  return started;
}

// All that can start, in one transaction.
class StartTransaction {
 public:
  explicit StartTransaction(dispatch::ServerContext& context) : context_(context) {}

  dispatch::Effects run(postgres::Session& session, const std::vector<Started>& all,
                        const std::vector<wire::ExecuteRequest>& requests) {
    std::vector<store::NewExecution> rows;
    std::vector<decisions::WriteBatch> writes(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto started = all[i];  // a copy: the transaction may have to be repeated
      const auto& request = requests[started.index];
      generated_[started.open.execution_id] =
          static_cast<int>(started.decision.commands.size() + started.decision.children.size());
      decisions::DecisionApplier decisions(context_, session, writes[i]);
      decisions.begin(started.open, std::move(started.decision));
      auto row = decisions.row_of(started.open);
      row.parent_execution_id = request.parent_execution_id;
      row.idempotency_key = request.idempotency_key;
      row.traceparent = request.traceparent;
      if (started.limit.count() > 0) row.timeout = started.limit + started.open.start_delay;
      rows.push_back(std::move(row));
    }
    for (const auto id : store::ExecutionTable(session).insert(rows)) inserted_.insert(id);
    decisions::WriteBatch together;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!inserted_.contains(all[i].open.execution_id)) continue;
      together.traceparent = rows[i].traceparent;
      // What begins waits with others of its kind; what goes on later, in the line of its own execution.
      const auto& group = requests[all[i].index].group;
      for (auto& notification : writes[i].effects.notifications)
        notification.group = group.empty() ? all[i].open.playbook->path : group;
      together.append(std::move(writes[i]));
    }
    together.write(session);
    together.dispatch(context_, session);
    together.effects.is_accepted = true;
    return std::move(together.effects);
  }

  [[nodiscard]] const std::map<base::ExecutionId, int>& generated() const { return generated_; }
  [[nodiscard]] bool was_inserted(base::ExecutionId id) const { return inserted_.contains(id); }

 private:
  dispatch::ServerContext& context_;
  std::set<base::ExecutionId> inserted_;
  std::map<base::ExecutionId, int> generated_;
};

KnownKey known_key_of(const wire::ExecuteRequest& request, const decisions::LoadedExecution& open) {
  return {.key = request.idempotency_key,
          .path = open.playbook->path,
          .rerun_of = {},
          .catalog_id = request.catalog_id,
          .version = request.version,
          .payload = json::parse_known(request.payload),
          .workload = {}};
}
}  // namespace

base::Result<wire::ExecuteAnswer> start_execution(dispatch::ServerContext& context,
                                                  const wire::ExecuteRequest& request) {
  return std::move(start_executions(context, {request}).front());
}

std::vector<base::Result<wire::ExecuteAnswer>> start_executions(dispatch::ServerContext& context,
                                                                const std::vector<wire::ExecuteRequest>& requests) {
  std::vector<base::Result<wire::ExecuteAnswer>> answers(requests.size(), wire::ExecuteAnswer{});
  std::vector<Started> all;
  NamedPlaybooks playbooks(context);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto started = decide(context, playbooks, requests[i], i);
    if (started)
      all.push_back(std::move(*started));
    else
      answers[i] = base::failure(started.error());
  }
  if (all.empty()) return answers;

  std::optional<StartTransaction> done;
  decisions::commit(context, [&](postgres::Session& session) {
    done.emplace(context);  // anew for a repeated transaction
    return done->run(session, all, requests);
  });
  dispatch::after_commit([&] {
    for (const auto& started : all) {
      if (!done->was_inserted(started.open.execution_id)) {
        answers[started.index] = known_execution(context, known_key_of(requests[started.index], started.open));
        continue;
      }
      const int generated = done->generated().at(started.open.execution_id);
      // One without commands is over, whatever its delay.
      answers[started.index] =
          wire::ExecuteAnswer{.execution_id = started.open.execution_id,
                              .commands_generated = generated,
                              .is_duplicate = false,
                              .is_scheduled = generated > 0 && started.open.start_delay.count() > 0};
    }
  });
  return answers;
}

}  // namespace noetl::executions
