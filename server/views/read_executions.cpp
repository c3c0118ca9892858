#include "server/views/read_executions.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/decisions/event_view.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/wait_statements.hpp"
#include "server/waiting/wait_reason.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/state/state.hpp"

namespace noetl::views {

namespace {
tl::unexpected<base::Error> unknown(base::ExecutionId id) {
  return base::failure(base::ErrorCode::not_found, "no execution has execution_id " + id.str(), "/execution_id");
}

using Json = nlohmann::json;

// Of a loop with more items only the numbers are shown: clients ask for this answer again and again.
constexpr int loop_results_shown_max = 1000;

Json loop_shown(postgres::Session& session, base::ExecutionId id, const engine::ResultSlot& slot) {
  Json shown{{"stats", slot.value.get()}};
  if (slot.value.get().value("total", 0) > loop_results_shown_max) return shown;
  auto& results = shown["results"] = Json::array();
  for (const auto& text : store::ExecutionTable(session).loop_results(id, slot.loop))
    results.push_back(Json::parse(text));
  return shown;
}

// NoETL v1's `variables`: the workload, what was set, and every step's result under its name; of a very
// large one what is at hand, with `_ref` to ask for the rest.
std::string variables_of(postgres::Session& session, const wire::ExecutionRow& row, const engine::State& state) {
  auto variables = Json::parse(row.workload);
  for (const auto& [name, value] : state.variables.items()) variables[name] = value;
  std::vector<base::ResultId> references;
  for (const auto& [step, slot] : state.results) {
    if (slot.reference.is_set() && slot.value.is_null()) references.push_back(slot.reference);
  }
  std::map<base::ResultId, std::string> loaded;
  if (!references.empty()) loaded = store::ExecutionTable(session).results(references);
  for (const auto& [step, slot] : state.results) {
    const auto found = loaded.find(slot.reference);
    if (!slot.loop.empty())
      variables[step] = loop_shown(session, row.execution_id, slot);
    else
      variables[step] = found == loaded.end() ? slot.value.get() : Json::parse(found->second);
  }
  return domain::json_text(variables);
}
// Why an execution that runs does nothing just now; nothing while a command of it runs.
void explain_wait(postgres::Session& session, wire::ExecutionRow& row) {
  const auto wait = store::WaitStatements(session).of_execution(row.execution_id);
  if (wait.has_running) return;
  if (wait.command) {
    const auto reason = waiting::reason_of(*wait.command);
    row.wait_reason = reason.code;
    row.wait_message = reason.message;
  } else if (wait.child.is_set()) {
    row.wait_reason = "called_playbook";
    row.wait_message = "waits for execution " + wait.child.str() + " of playbook '" + wait.child_path + "'";
  }
}
}  // namespace

std::vector<wire::ExecutionRow> list_executions(dispatch::ServerContext& context, const wire::ExecutionFilter& filter) {
  std::string status;
  if (!filter.status.empty()) {
    const auto known = domain::execution_status_from(filter.status);
    const bool is_scheduled = filter.status == "scheduled" || filter.status == "SCHEDULED";
    if (!known && !is_scheduled) return {};
    status = is_scheduled ? "scheduled" : domain::to_string(*known);
  }
  std::vector<wire::ExecutionRow> rows;
  context.connections.run_one(
      [&](postgres::Session& session) { rows = store::ExecutionTable(session).list(filter, status); });
  return rows;
}

base::Result<wire::ExecutionRow> get_execution(dispatch::ServerContext& context, base::ExecutionId execution_id) {
  std::optional<wire::ExecutionRow> row;
  context.connections.run_one([&](postgres::Session& session) {
    std::string state_text;
    row = store::ExecutionTable(session).find(execution_id, state_text);
    if (!row) return;
    const auto state = engine::state_from_text(state_text);
    if (!state) return;
    row->completed_steps = state->completed_steps;
    row->variables = variables_of(session, *row, *state);
    if (!row->finished_at.empty()) return;
    explain_wait(session, *row);
  });
  if (!row) return unknown(execution_id);
  return std::move(*row);
}

namespace {

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t unix_ms_of(base::EventId id) {
  constexpr int bits_below_ms = 22;
  return base::IdGenerator::epoch_ms + (id.value >> bits_below_ms);
}

// The events of one execution in the order of their ids, a page of rows at a time. A row tells of an attempt when that ends, and
// its beginning belongs where it began: before the page, within it, or within an earlier page.
class EventReader {
 public:
  EventReader(postgres::Session& session, const wire::EventFilter& filter, bool is_running)
      : table_(session), filter_(filter) {
    // What ends between this look and the next is in the log by then.
    if (is_running) running_ = table_.running(filter.execution_id);
  }

  std::vector<wire::EventRow> read() {
    const auto now_ms = unix_ms_now();
    // A stored row may show events up to a block beyond its id: start that much earlier.
    base::EventId from{std::max<std::int64_t>(0, filter_.after.value - base::IdGenerator::block_max)};
    base::EventId done = filter_.after;
    for (bool is_last = false; !is_last && !is_full();) {
      const auto rows = table_.list(filter_.execution_id, from, rows_max);
      is_last = rows.size() < rows_max;
      std::vector<wire::EventRow> shown;
      base::EventId until{std::numeric_limits<std::int64_t>::max()};
      for (const auto& stored : rows) {
        auto events = decisions::show_event(stored);
        if (!is_last) until = last_of(events);
        append(shown, std::move(events));
      }
      if (!is_last) {
        from = {rows.back().row.event_id.value + 1};
        for (const auto& stored :
             table_.begun_before(filter_.execution_id, rows.back().row.event_id, unix_ms_of(until)))
          append(shown, decisions::show_beginning(stored));
      }
      for (const auto& stored : running_) {
        append(shown, decisions::show_running(stored, now_ms));
      }
      take(std::move(shown), done, until);
      done = until;
    }
    return std::move(found_);
  }

 private:
  static constexpr int rows_max = 500;

  static void append(std::vector<wire::EventRow>& into, std::vector<wire::EventRow> more) {
    into.insert(into.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  static base::EventId last_of(const std::vector<wire::EventRow>& events) {
    return std::ranges::max_element(events, {}, &wire::EventRow::event_id)->event_id;
  }
  [[nodiscard]] bool is_full() const { return found_.size() >= static_cast<std::size_t>(filter_.limit); }

  // What comes after `after`, up to `until`.
  void take(std::vector<wire::EventRow> shown, base::EventId after, base::EventId until) {
    std::ranges::stable_sort(shown, {}, &wire::EventRow::event_id);
    // An attempt that has ended between two looks is seen as running and as ended.
    const auto is_same = [](const auto& left, const auto& right) {
      return left.event_id == right.event_id && left.queue_id == right.queue_id;
    };
    shown.erase(std::unique(shown.begin(), shown.end(), is_same), shown.end());
    for (auto& event : shown) {
      if (event.event_id <= after || event.event_id > until) continue;
      if (!filter_.event_type.empty() && event.event_type != filter_.event_type) continue;
      if (!filter_.step.empty() && event.step != filter_.step) continue;
      // Two of one id would be parted by the cursor.
      if (is_full() && found_.back().event_id != event.event_id) return;
      found_.push_back(std::move(event));
    }
  }

  store::EventTable table_;
  const wire::EventFilter& filter_;
  std::vector<store::StoredEvent> running_;
  std::vector<wire::EventRow> found_;
};

}  // namespace

base::Result<std::vector<wire::EventRow>> list_events(dispatch::ServerContext& context,
                                                      const wire::EventFilter& filter) {
  std::vector<wire::EventRow> found;
  bool is_known = false;
  context.connections.run_one([&](postgres::Session& session) {
    std::string state_text;
    const auto execution = store::ExecutionTable(session).find(filter.execution_id, state_text);
    is_known = execution.has_value();
    if (is_known) found = EventReader(session, filter, execution->finished_at.empty()).read();
  });
  if (!is_known) return unknown(filter.execution_id);
  return found;
}

}  // namespace noetl::views
