// Loops: their items are rows, the state has counters only (docs/internals/decisions/0010).
#include <algorithm>

#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// A list as it is; nothing for null and empty texts; anything else is a list of one.
std::vector<Json> items_of(Json value) {
  if (value.is_array()) return std::move(value.get_ref<Json::array_t&>());
  if (value.is_null() || value == "") return {};
  return {std::move(value)};
}

Json failed_item(const Json& error) { return Json{{"status", "error"}, {"error", error}}; }

}  // namespace

LoopNotes* Evaluator::find_loop(const std::string& node) {
  const auto found = notes().loops.find(node);
  return found == notes().loops.end() ? nullptr : &found->second;
}

void Evaluator::begin_loop(const domain::Step& step, const std::string& node, const Json& args) {
  const auto& written = *step.loop;
  if (written.mode == "cursor") return begin_cursor(step, node, args);
  context_.set_input(&args);
  auto in = render(step, written.in);
  auto spec = render(step, written.spec);
  context_.set_input(nullptr);
  if (!in || !spec) return;
  auto items = items_of(std::move(*in));
  if (items.size() > loop_items_max) {
    return fail(step.name, "too_many_items",
                "step '" + step.name + "' loops over " + std::to_string(items.size()) + " items, at most " +
                    std::to_string(loop_items_max) + " are allowed");
  }
  const bool is_sequential = written.mode == "sequential";
  const auto asked = is_sequential || first_of(written.spec, {"max_in_flight"}).is_null()
                         ? base::Result<int>(is_sequential ? 1 : loop_window)
                         : durations::count_of(first_of(*spec, {"max_in_flight"}), {});
  if (!asked) return refuse_amount(step, "`max_in_flight`", asked.error());
  const int limit = std::min(*asked, loop_window);
  auto& loop = notes().loops[node] = {};
  loop.step = step.name;
  loop.total = static_cast<std::int64_t>(items.size());
  loop.limit = limit;
  loop.args = args;
  state().outstanding[node] = step.name;
  state().current_step = step.name;
  append("loop.started", step.name, "started", Json{{"total", items.size()}, {"mode", written.mode}});
  if (!items.empty()) decision_.loops.push_back({.loop = node, .first = 0, .items = std::move(items)});
  open_loops_.push_back(node);
}

// Fills the loop up to its limit, or ends it.
void Evaluator::go_on_with_loop(const std::string& node) {
  auto* loop = find_loop(node);
  if (loop == nullptr) return;
  const auto* step = decision_input_.playbook.find_step(loop->step);
  if (step == nullptr) return;
  context_.set_step(step->name);
  while (!has_failed()) {
    if (loop->next >= loop->total || loop->running >= loop->limit) break;
    const auto next = static_cast<int>(loop->next++);
    begin_iteration(*step, node, next, item_of(node, next));
  }
  if (!has_failed() && loop->cursor) return go_on_with_cursor(*step, node);
  const bool is_over = loop->under_way() == 0 && (has_failed() || loop->next >= loop->total);
  if (is_over) loop_done(*step, node);
}

// From what this decision itself has begun, or else from the archive.
Json Evaluator::item_of(const std::string& node, int index) {
  for (const auto& begun : decision_.loops) {
    const auto offset = index - begun.first;
    if (begun.loop != node || offset < 0 || static_cast<std::size_t>(offset) >= begun.items.size()) continue;
    return begun.items[static_cast<std::size_t>(offset)];
  }
  return decision_input_.archive.loop_item(node, index);
}

void Evaluator::begin_iteration(const domain::Step& step, const std::string& node, int index, Json item) {
  const auto& loop = *find_loop(node);
  Frame frame;
  frame.node = node + "[" + std::to_string(index) + "]";
  frame.step = step.name;
  frame.loop = node;
  frame.index = index;
  frame.total = static_cast<int>(loop.total);
  frame.item = std::move(item);
  frame.args = loop.args;
  run(step, std::move(frame), {});
}

// is_handled: a rule has said how to go on after its error, so that the loop does not fail for it.
void Evaluator::iteration_over(const Frame& frame, const ToolEnd& end, bool is_handled) {
  auto* loop = find_loop(frame.loop);
  if (loop == nullptr) return;
  const bool is_completed = !end.error.has_value();
  ++(is_completed ? loop->completed : loop->failed);
  if (is_handled) ++loop->handled;
  if (!is_completed && !is_handled && loop->first_error.is_null()) {
    loop->first_error = error_;
    loop->first_error["index"] = frame.index;
    loop->first_error.update(place_of(frame, tried_));
  }
  // Like the items, what came of them is not kept in the state.
  decision_.loop_outcomes.push_back({.loop = frame.loop,
                                     .index = frame.index,
                                     .is_completed = is_completed,
                                     .result = is_completed ? end.result : failed_item(error_)});
  open_loops_.push_back(frame.loop);
}

void Evaluator::loop_done(const domain::Step& step, const std::string& node) {
  auto loop = std::move(*find_loop(node));
  notes().loops.erase(node);
  state().outstanding.erase(node);
  const Json stats{{"total", loop.total}, {"success", loop.completed}, {"failed", loop.failed}};
  auto& slot = state().results[step.name];
  slot = {.value = stats, .reference = {}, .loop = node};
  if (has_failed()) return;  // drained
  notes().last_result_step = step.name;
  notes().aliases["loop_results"] = step.name;
  const auto unhandled = loop.failed - loop.handled;
  append("loop.done", step.name, unhandled == 0 ? "completed" : "failed", Json{{"stats", stats}});
  error_ = std::move(loop.first_error);
  context_.set_event({.name = "loop.done", .step = step.name, .result = nullptr, .slot = &slot, .error = nullptr});
  auto outcome = run_rules(step, {"loop.done"});
  for (auto& token : outcome.tokens) add_token(std::move(token));
  if (has_failed()) return;
  if (unhandled != 0 && !outcome.is_routed && text_of(step.spec, {"on_error"}) != "continue") {
    return fail(step.name, text_of(error_, {"kind"}),
                std::to_string(unhandled) + " of " + std::to_string(loop.total) +
                    " items failed; the first of them, item " + error_.at("index").dump() + ": " +
                    text_of(error_, {"message"}),
                failure_details(error_, nullptr));
  }
  mark_completed(step.name);
  take_vars(step);
  if (has_failed() || !apply_set(step, step.set, step.name)) return;
  if (outcome.is_routed) return;
  if (loop.routed) {
    for (auto& token : *loop.routed) add_token(std::move(token));
    return;
  }
  outcome = run_rules(step, {"step.exit"});
  for (auto& token : outcome.tokens) add_token(std::move(token));
  if (outcome.is_routed || has_failed()) return;
  context_.rename_event("loop.done");
  follow_arcs(step);
}

}  // namespace noetl::engine
