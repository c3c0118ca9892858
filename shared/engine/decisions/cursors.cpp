// Cursor loops: the items come from a statement that claims rows, again and again, until it gives none.
// A lane claims, its rows are worked off, and it claims again; there are `max_in_flight` lanes.
#include <algorithm>

#include "shared/domain/json_text.hpp"
#include "shared/engine/context/program_texts.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// Rows of one claim as the items of the loop: each is one, or, with `process: frame`, as many of them as a frame may have.
std::vector<Json> items_of_claim(const Json& rows, const Json& frame) {
  if (text_of(frame, {"process"}) != "frame") return {rows.begin(), rows.end()};
  const auto rows_max = frame.value("max_rows", std::size_t{0});
  const auto bytes_max = frame.value("max_bytes", std::size_t{0});
  std::vector<Json> frames;
  std::size_t bytes = 0;
  for (const auto& row : rows) {
    const auto row_bytes = bytes_max == 0 ? 0 : domain::json_text(row).size();
    const bool is_full = !frames.empty() && ((rows_max != 0 && frames.back().size() >= rows_max) ||
                                             (bytes_max != 0 && bytes + row_bytes > bytes_max));
    if (frames.empty() || is_full) {
      frames.push_back(Json::array());
      bytes = 0;
    }
    frames.back().push_back(row);
    bytes += row_bytes;
  }
  return frames;
}

// What the claiming statement may name beside the step's own names: {{ frame.max_rows }}, {{ __frame_max_rows }}.
Json names_for_claim(const LoopNotes& loop) {
  Json names = loop.args;
  for (const auto& [name, value] : loop.cursor->frame.items()) names["__frame_" + name] = value;
  names["frame"] = loop.cursor->frame;
  return names;
}

// Lanes that claim, or whose rows are worked off.
std::int64_t lanes_at_work(const LoopNotes& loop) {
  const auto rows_at_once = loop.cursor->rows_at_once;
  return (loop.running + rows_at_once - 1) / rows_at_once + loop.cursor->claiming;
}

Json or_one(const Json& spec, std::string_view name) {
  const Json& written = first_of(spec, {name});
  return written.is_null() ? Json(1) : written;
}

// The rows that a claim brought, in whichever form the tool gives them.
const Json* rows_of(const Json& result) {
  if (result.is_array()) return &result;
  if (!result.is_object()) return nullptr;
  for (const auto* name : {"rows", "data", "command_0", "items"}) {
    const auto found = result.find(name);
    if (found == result.end()) continue;
    if (const Json* rows = rows_of(*found)) return rows;
  }
  return nullptr;
}

}  // namespace

void Evaluator::begin_cursor(const domain::Step& step, const std::string& node, const Json& args) {
  auto frame = render(step, first_of(step.loop->spec, {"frame"}));
  if (!frame) return;
  if (!frame->is_object()) *frame = Json::object();
  const auto process = text_of(*frame, {"process"});
  if (!process.empty() && process != "row" && process != "frame") {
    return fail(step.name, "invalid_playbook",
                "step '" + step.name + "': `frame.process` is row or frame; found '" + process + "'");
  }
  for (const auto* name : {"max_rows", "max_bytes"}) {
    if (!frame->contains(name)) continue;
    const auto most = read_count(step, (*frame)[name], name);
    if (!most) return;
    (*frame)[name] = *most;
  }
  if (const auto& seconds = first_of(*frame, {"max_seconds"}); !seconds.is_null()) {
    if (const auto read = durations::duration_of(seconds, durations::timeout_bounds); !read)
      return refuse_amount(step, "`max_seconds`", read.error());
  }
  const auto lanes_asked = read_count(step, or_one(step.loop->spec, "max_in_flight"), "max_in_flight");
  const auto rows_asked = read_count(step, or_one(*frame, "row_concurrency"), "row_concurrency");
  if (!lanes_asked || !rows_asked) return;
  const auto lanes = std::min(*lanes_asked, loop_window);
  // A frame that is worked off as a whole is one item.
  const auto rows_at_once = process == "frame" ? 1 : std::min(*rows_asked, loop_window);
  auto& loop = notes().loops[node] = {};
  loop.step = step.name;
  loop.limit = std::min(lanes * rows_at_once, loop_window);
  loop.args = args;
  loop.cursor = CursorNotes{.lanes = lanes, .rows_at_once = rows_at_once, .frame = std::move(*frame)};
  state().outstanding[node] = step.name;
  state().current_step = step.name;
  append("loop.started", step.name, "started", Json{{"mode", "cursor"}, {"lanes", lanes}});
  open_loops_.push_back(node);
}

// Called when as many rows as may be have been begun: free lanes claim more.
void Evaluator::go_on_with_cursor(const domain::Step& step, const std::string& node) {
  const auto& loop = *find_loop(node);
  // The window is smaller than what the lanes could work on: what waits in it comes first.
  if (loop.next < loop.total) return;
  while (!has_failed() && lanes_at_work(loop) < loop.cursor->lanes) issue_claim(step, node);
  // Also of an execution that has failed: when nothing of the loop runs, nothing else would end it.
  if (loop.under_way() == 0) loop_done(step, node);
}

void Evaluator::issue_claim(const domain::Step& step, const std::string& node) {
  auto& loop = *find_loop(node);
  const Json* cursor = map_member(step.loop->spec, "cursor");
  if (cursor == nullptr)
    return fail(step.name, "invalid_playbook", "step '" + step.name + "': a cursor loop needs `cursor`");
  const Json names = names_for_claim(loop);
  context_.set_input(&names);
  auto options = rendered_or_failed(step, render_for_tool(context_, *cursor));
  context_.set_input(nullptr);
  if (!options) return;
  ++loop.cursor->claiming;
  ++loop.cursor->claims;
  NewCommand command;
  command.step = step.name;
  command.node_id = node + "!claim~" + std::to_string(loop.cursor->claims);
  command.tool_kind = text_of(*options, {"kind"});
  if (command.tool_kind.empty()) command.tool_kind = "postgres";
  if (const auto claim = options->find("claim"); claim != options->end()) {
    (*options)["command"] = *claim;
    options->erase("claim");
  }
  (*options)["kind"] = command.tool_kind;
  command.tool = std::move(*options);
  Frame frame;
  frame.node = node;
  frame.step = step.name;
  frame.is_claim = true;
  frame.commands = 1;
  command.frame = frame_text(frame);
  if (auto pool = text_of(step.spec, {"pool"}); !pool.empty()) command.pool = std::move(pool);
  command.may_run_ahead = loop.is_in_line();
  decision_.commands.push_back(std::move(command));
}

void Evaluator::claim_ended(const domain::Step& step, const std::string& node, ToolEnd& end) {
  auto* loop = find_loop(node);
  if (loop == nullptr || !loop->cursor) return;
  --loop->cursor->claiming;
  open_loops_.push_back(node);
  if (end.error) {
    return fail(step.name, end.error->kind, "the claim of the cursor: " + end.error->message,
                failure_details(to_json(*end.error), nullptr));
  }
  const Json* rows = rows_of(end.result.get());
  if (rows == nullptr || rows->empty()) {
    // Nothing left for this lane. The others find that out by themselves.
    --loop->cursor->lanes;
    return;
  }
  const auto first = loop->total;
  auto items = items_of_claim(*rows, loop->cursor->frame);
  if (static_cast<std::size_t>(first) + items.size() > loop_items_max) {
    return fail(step.name, "too_many_items",
                "step '" + step.name + "': its cursor has claimed " + std::to_string(first) + " rows and now " +
                    std::to_string(items.size()) + " more, at most " + std::to_string(loop_items_max) + " are allowed");
  }
  loop->total += static_cast<std::int64_t>(items.size());
  decision_.loops.push_back({.loop = node, .first = static_cast<int>(first), .items = std::move(items)});
}

}  // namespace noetl::engine
