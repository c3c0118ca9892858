// How results look in templates: envelopes opened, SQL steps as lists of rows, `output` of what just happened.
#include <algorithm>

#include "shared/engine/context/rendering.hpp"
#include "shared/engine/plan/text_reads.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// What gives rows, also through a workbook entry.
bool is_sql(const domain::Playbook& playbook, const domain::ToolSpec& tool) {
  static constexpr std::string_view sql_kinds[] = {"postgres", "duckdb", "ducklake", "snowflake"};
  if (tool.kind != "workbook")
    return std::find(std::begin(sql_kinds), std::end(sql_kinds), tool.kind) != std::end(sql_kinds);
  const Json* name = member_of(tool.options, "name");
  return std::any_of(playbook.workbook.begin(), playbook.workbook.end(), [&](const auto& entry) {
    return name != nullptr && *name == entry.name && entry.tool.kind != "workbook" && is_sql(playbook, entry.tool);
  });
}

// {status, data: {…}} and what may stand beside them, nothing else.
bool is_envelope(const Json& result) {
  if (!result.is_object() || !result.contains("status")) return false;
  const auto inner = result.find("data");
  if (inner == result.end() || !inner->is_object()) return false;
  static constexpr std::string_view members[] = {"data", "error", "message", "meta", "status"};
  for (const auto& [name, value] : result.items()) {
    if (std::find(std::begin(members), std::end(members), name) == std::end(members)) return false;
  }
  return true;
}

// What the http tool gives, with a body that is a map.
bool is_http_answer(const Json& result) {
  const Json* body = member_of(result, "data");
  return body != nullptr && body->is_object() && result.contains("status_code");
}

// `output.data` of an http step is the body; what else the answer has stands beside its members.
Json body_first(const Json& result) {
  Json data = result;
  data.erase("data");
  data.update(result["data"]);
  return data;
}

}  // namespace

// A step's result by its name, or by the name that `collect: {into: name}` gave it.
const Json* Context::find_result(const std::string& name, Rendering& rendering) {
  auto slot = state_.results.find(name);
  if (slot == state_.results.end()) {
    const auto alias = state_.notes.aliases.find(name);
    if (alias == state_.notes.aliases.end()) return nullptr;
    slot = state_.results.find(alias->second);
    if (slot == state_.results.end()) return nullptr;
  }
  static const Json nothing;
  const Json& kept = slot->second.reference.is_set() ? slot->second.value.get() : nothing;
  const bool is_kept = kept.is_object();
  if (is_kept && rendering.source != nullptr && reads_only(*rendering.source, name, kept)) return &kept;
  const Json* value = value_of(slot->second);
  if (value == nullptr) return nullptr;
  const Json* seen = opened(name, *value, rendering);
  if (is_kept && seen->is_array() && rendering.members.contains(name)) {
    Json members = *value;
    members.update(kept);
    rendering.members[name] = rendering.make(std::move(members));
  }
  if (!is_kept || !seen->is_object()) return seen;
  Json whole = *seen;
  whole.update(kept);
  return rendering.make(std::move(whole));
}

// Authors write `fetch.data.paging` and `fetch.paging` for the same member of an http answer's body, and
// `step.data.x` and `step.x` for the x inside an envelope {status, data: {x}}. Who asks for the whole gets
// it as it is.
const Json* Context::opened(const std::string& name, const Json& result, Rendering& rendering, bool is_member) const {
  if (const Json* rows = rows_of_sql(name, result)) {
    rendering.members[name] = &result;
    return rows;
  }
  const bool has_code = decision_input_.playbook.generation != "v10" && member_of(result, "status_code") != nullptr;
  const bool has_inner = is_http_answer(result) || is_envelope(result);
  if (!has_inner && !has_code) return &result;
  if (rendering.source == nullptr || !reads_member(*rendering.source, name)) return &result;
  // Who reads nothing but members of one of the maps that would be laid together needs no third.
  if (!is_member && reads_only(*rendering.source, name, result)) return &result;
  if (!is_member && has_inner && !has_code && reads_only(*rendering.source, name, result["data"], &result))
    return &result["data"];
  Json opened = has_inner ? result["data"] : Json::object();
  // The older generation calls an http answer's code `status` as well.
  if (has_code) opened["status"] = result["status_code"];
  opened.update(result);
  return rendering.make(std::move(opened));
}

// The name of a SQL step, or of a SQL task of the pipeline, is the list of the rows that its last statement gave, in both
// generations; `.rows`, `.columns` and the like are read beside it. A statement without rows is seen as it is.
const Json* Context::rows_of_sql(const std::string& name, const Json& result) const {
  const Json* rows = member_of(result, "rows");
  if (rows == nullptr || !rows->is_array()) return nullptr;
  const Json* columns = member_of(result, "columns");
  if (rows->empty() && (columns == nullptr || columns->empty())) return nullptr;
  const auto gives_rows = [&](const domain::ToolSpec& tool) { return is_sql(decision_input_.playbook, tool); };
  if (const auto* step = decision_input_.playbook.find_step(name)) {
    return std::any_of(step->tools.begin(), step->tools.end(), gives_rows) ? rows : nullptr;
  }
  const auto* running = frame_ == nullptr ? nullptr : decision_input_.playbook.find_step(frame_->step);
  if (running == nullptr) return nullptr;
  return std::any_of(running->tools.begin(), running->tools.end(),
                     [&](const auto& tool) { return tool.label == name && gives_rows(tool); })
             ? rows
             : nullptr;
}

const Json* Context::whole_of_rows(const std::string& step) {
  const Json* value = result_of(step);
  return value != nullptr && rows_of_sql(step, *value) != nullptr ? value : nullptr;
}

const Json* Context::result_of(const std::string& step) {
  const auto slot = state_.results.find(step);
  return slot == state_.results.end() ? nullptr : value_of(slot->second);
}

const Json* Context::value_of(const ResultSlot& slot) {
  if (!slot.reference.is_set() && slot.loop.empty()) return &slot.value.get();
  const auto place = slot.loop.empty() ? slot.reference.str() : slot.loop;
  auto found = loaded_.find(place);
  if (found == loaded_.end()) {
    Json value;
    if (slot.loop.empty()) {
      value = decision_input_.archive.result(slot.reference);
    } else {
      Json results = decision_input_.archive.loop_results(slot.loop);
      for (const auto& outcome : outcomes_) {
        if (outcome.loop == slot.loop) results[static_cast<std::size_t>(outcome.index)] = outcome.result.get();
      }
      value = loop_value(std::move(results), slot.value.get());
    }
    found = loaded_.emplace(place, std::move(value)).first;
  }
  return &found->second.get();
}

// Rules of a task see what its tool gave; a body's members are read from it all the same, unless the answer has such names.
Json Context::output_data(const Json& result, Rendering& rendering) const {
  if (!sees_whole_answers_ && is_http_answer(result)) return body_first(result);
  const Json* body =
      sees_whole_answers_ || member_of(result, "status_code") == nullptr ? nullptr : member_of(result, "data");
  if (body == nullptr || body->is_object()) return *opened("data", result, rendering, true);
  // A body that is a list or a text has no room for members of the answer.
  const bool reads_answer = std::any_of(result.items().begin(), result.items().end(), [&](const auto& item) {
    return rendering.source != nullptr && mentions(*rendering.source, "output.data." + item.key());
  });
  return reads_answer ? result : *body;
}

Json Context::output(bool with_response, Rendering& rendering) {
  Json output{{"status", event_.error != nullptr ? "error" : "ok"}};
  const Json* result = event_result();
  if (result != nullptr) {
    output["data"] = output_data(*result, rendering);
    if (with_response) output["response"] = *opened("response", *result, rendering, true);
  }
  if (event_.error != nullptr) {
    output["error"] = *event_.error;
    if (const Json* status = member_of(*event_.error, "status")) output["http"] = Json{{"status", *status}};
  } else if (result != nullptr) {
    if (const Json* status = member_of(*result, "status_code")) output["http"] = Json{{"status", *status}};
  }
  return output;
}

}  // namespace noetl::engine
