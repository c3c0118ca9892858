#include "server/views/render_template.hpp"

#include <algorithm>
#include <set>

#include "server/catalog/playbook_cache.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/execution_table.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/context/context.hpp"
#include "shared/templating/values/ledger.hpp"

namespace noetl::views {
namespace {

using base::ErrorCode;
using domain::Json;

constexpr std::size_t tree_bytes_max = 2 * wire::rendered_bytes_max;
constexpr std::size_t value_bytes_max = 5UL << 20;  // for strangers: less than a step may have

// Names of the language that are there whatever the execution has done.
constexpr const char* language_names[] = {"workload", "vars", "ctx", "steps", "execution_id", "catalog_id", "job"};

void add_members(const Json& object, std::set<std::string>& names) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) names.insert(name);
}

// What the execution has stored, each value in a transaction of its own: rendering may take a second, and none of it holds
// a connection.
class ValuesApart final : public engine::Archive {
 public:
  ValuesApart(postgres::ConnectionPool& connections, base::ExecutionId execution_id)
      : connections_(connections), execution_id_(execution_id) {}

  [[nodiscard]] Json result(base::ResultId id) override {
    return read([&](decisions::StoredValues& stored) { return stored.result(id); });
  }
  [[nodiscard]] Json loop_item(const std::string& loop, int index) override {
    return read([&](decisions::StoredValues& stored) { return stored.loop_item(loop, index); });
  }
  [[nodiscard]] Json loop_results(const std::string& loop) override {
    return read([&](decisions::StoredValues& stored) { return stored.loop_results(loop); });
  }

 private:
  template <class Read>
  Json read(const Read& value_of) {
    Json value;
    connections_.transact([&](postgres::Session& session) {
      decisions::WriteBatch nothing;
      decisions::StoredValues stored(session, nothing, execution_id_);
      value = value_of(stored);
    });
    return value;
  }

  postgres::ConnectionPool& connections_;
  const base::ExecutionId execution_id_;
};

struct Loaded {
  catalog::PlaybookPtr playbook;
  std::string state;
  std::string workload;
};

base::Result<Loaded> load(dispatch::ServerContext& context, base::ExecutionId execution_id) {
  base::Result<Loaded> loaded;
  context.connections.transact([&](postgres::Session& session) {
    std::string state;
    auto row = store::ExecutionTable(session).find(execution_id, state);
    if (!row) {
      loaded =
          base::failure(ErrorCode::not_found, "no execution has execution_id " + execution_id.str(), "execution_id");
      return;
    }
    auto playbook = context.playbooks.get(row->catalog_id, session);
    if (!playbook) {
      loaded = base::failure(std::move(playbook.error()));
      return;
    }
    loaded = Loaded{.playbook = std::move(*playbook), .state = std::move(state), .workload = std::move(row->workload)};
  });
  return loaded;
}

base::Result<void> check_names(const Json& source, const std::set<std::string>& known) {
  std::vector<std::string> roots;
  templating::collect_roots(source, roots);
  std::string unknown;
  for (const auto& root : std::set<std::string>(roots.begin(), roots.end())) {
    if (!known.contains(root)) unknown += (unknown.empty() ? "'" : ", '") + root + "'";
  }
  if (unknown.empty()) return {};
  return base::failure(ErrorCode::invalid_input,
                       "the template names " + unknown +
                           ", which the execution does not have; send strict: false to "
                           "render such names as nothing",
                       "template");
}

}  // namespace

base::Result<wire::RenderAnswer> render_template(dispatch::ServerContext& context, const wire::RenderRequest& request) {
  const auto loaded = load(context, request.execution_id);
  if (!loaded) return base::failure(loaded.error());
  const auto state = engine::state_from_text(loaded->state);
  if (!state) return base::failure(state.error());
  const Json workload = Json::parse(loaded->workload);
  const Json extra = Json::parse(request.extra_context);
  const Json source = Json::parse(request.source);
  std::set<std::string> known(std::begin(language_names), std::end(language_names));
  add_members(workload, known);
  add_members(state->variables, known);
  add_members(loaded->playbook->extra, known);
  add_members(extra, known);
  for (const auto& [step, slot] : state->results) known.insert(step);
  if (request.is_strict) {
    if (const auto checked = check_names(source, known); !checked) return base::failure(checked.error());
  }
  ValuesApart stored(context.connections, request.execution_id);
  const engine::DecisionInput decision_input{*loaded->playbook, request.execution_id, workload, stored};
  const std::vector<engine::LoopOutcome> no_outcomes;
  engine::Context templates(decision_input, *state, no_outcomes);
  templates.set_input(&extra);
  const auto rendered = [&] {
    const templating::Ledger bound(value_bytes_max);
    return templates.render(source, tree_bytes_max);
  }();
  if (!rendered) {
    auto error = rendered.error();
    if (error.field.empty()) error.field = "template";
    return base::failure(std::move(error));
  }
  std::string text = domain::json_text(*rendered);
  if (text.size() > wire::rendered_bytes_max) {
    return base::failure(ErrorCode::invalid_input,
                         "the template renders to " + std::to_string(text.size()) + " bytes; at most " +
                             std::to_string(wire::rendered_bytes_max) + " are shown here",
                         "template");
  }
  return wire::RenderAnswer{.rendered = std::move(text), .context_keys = {known.begin(), known.end()}};
}

}  // namespace noetl::views
