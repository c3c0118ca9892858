#include "server/app/render_template.hpp"

#include <algorithm>
#include <set>

#include "server/app/playbook_cache.hpp"
#include "server/app/stored_values.hpp"
#include "server/engine/context.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/execution_table.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::app {
namespace {

using base::ErrorCode;
using domain::Json;

// Names of the language that are there whatever the execution has done.
constexpr const char* language_names[] = {"workload",     "vars",       "ctx", "steps",
                                          "execution_id", "catalog_id", "job"};

void add_members(const Json& object, std::set<std::string>& names) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) names.insert(name);
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

base::Result<wire::RenderAnswer> render_template(Parts& parts, const wire::RenderRequest& request) {
  base::Result<wire::RenderAnswer> answer;
  parts.connections.transact([&](store::Session& session) {
    std::string state_text;
    const auto row = store::ExecutionTable(session).find(request.execution_id, state_text);
    if (!row) {
      answer = base::failure(ErrorCode::not_found,
                             "no execution has execution_id " + request.execution_id.str(), "execution_id");
      return;
    }
    const auto playbook = parts.playbooks.get(row->catalog_id, session);
    const auto state = engine::state_from_json(Json::parse(state_text));
    if (!playbook || !state) {
      answer = base::failure(playbook ? state.error() : playbook.error());
      return;
    }
    const Json workload = Json::parse(row->workload);
    const Json extra = Json::parse(request.extra_context);
    const Json source = Json::parse(request.source);
    std::set<std::string> known(std::begin(language_names), std::end(language_names));
    add_members(workload, known);
    add_members(state->variables, known);
    add_members((*playbook)->extra, known);
    add_members(extra, known);
    for (const auto& [step, slot] : state->results) known.insert(step);
    if (request.is_strict) {
      if (const auto checked = check_names(source, known); !checked) {
        answer = base::failure(checked.error());
        return;
      }
    }
    DecisionWrites nothing;
    StoredValues stored(session, nothing, request.execution_id);
    const engine::Situation situation{**playbook, request.execution_id, workload, stored};
    const std::vector<engine::LoopOutcome> no_outcomes;
    engine::Context context(situation, *state, no_outcomes);
    context.set_input(&extra);
    const auto rendered = context.render(source);
    if (!rendered) {
      auto error = rendered.error();
      if (error.field.empty()) error.field = "template";
      answer = base::failure(std::move(error));
      return;
    }
    answer = wire::RenderAnswer{.rendered = domain::json_text(*rendered),
                                .context_keys = {known.begin(), known.end()}};
  });
  return answer;
}

}  // namespace noetl::app
