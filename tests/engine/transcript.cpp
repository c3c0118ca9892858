#include "tests/engine/transcript.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "shared/language/loading/playbook_loader.hpp"
#include "tests/engine/state_json.hpp"

namespace noetl::engine_tests {
namespace {

using domain::Json;

constexpr std::string_view separator = "----";
constexpr std::size_t events_shown = 6;

// Splits off the first word.
std::string take_word(std::string& rest) {
  const auto space = rest.find(' ');
  auto word = rest.substr(0, space);
  rest = space == std::string::npos ? std::string() : rest.substr(space + 1);
  return word;
}

domain::ToolError tool_error_from(const Json& json) {
  domain::ToolError error;
  error.kind = json.value("kind", "exception");
  error.message = json.value("message", "");
  error.is_retryable = json.value("retryable", false);
  if (json.contains("status")) error.status = json["status"].get<int>();
  return error;
}

std::string describe_command(const engine::NewCommand& command) {
  Json tool = command.tool;
  tool.erase("kind");
  std::string line = "command " + command.node_id + " " + command.tool_kind + " input " + command.input.dump();
  if (!tool.empty()) line += " tool " + tool.dump();
  if (!command.templates.empty()) line += " templates " + Json(command.templates).dump();
  if (command.names.is_object() && !command.names.empty()) line += " names " + command.names.dump();
  if (command.timeout.count() > 0) line += " timeout " + std::to_string(command.timeout.count()) + "ms";
  if (command.delay.count() > 0) line += " delay " + std::to_string(command.delay.count()) + "ms";
  if (command.pool != domain::default_pool) line += " pool " + command.pool;
  if (command.priority != 0) line += " priority " + std::to_string(command.priority);
  return line + "\n";
}

std::string describe_event(const engine::NewEvent& event) {
  return "event " + event.event_type + (event.step.empty() ? "" : " " + event.step) + " " + event.payload.get().dump() +
         "\n";
}

}  // namespace

std::vector<Block> parse_blocks(const std::string& file_text) {
  std::vector<Block> blocks;
  std::istringstream lines(file_text);
  std::string line;
  Block block;
  while (std::getline(lines, line)) {
    if (line.empty() || line[0] == '#') {
      block.comments.push_back(line);
      continue;
    }
    block.command = line;
    while (std::getline(lines, line) && line != separator) block.text += line + "\n";
    while (std::getline(lines, line) && !line.empty()) block.expected += line + "\n";
    blocks.push_back(std::exchange(block, {}));
  }
  return blocks;
}

std::string write_blocks(const std::vector<Block>& blocks) {
  std::string text;
  for (const auto& block : blocks) {
    if (!text.empty()) text += "\n";
    for (const auto& comment : block.comments) text += comment + "\n";
    text += block.command + "\n" + block.text + std::string(separator) + "\n" + block.expected;
  }
  return text;
}

std::string Transcript::play(const Block& block) {
  std::string rest = block.command;
  const auto verb = take_word(rest);
  if (verb == "playbook") return load(block.text);
  if (!playbook_) return "no playbook\n";
  if (verb == "again") return again(rest);
  if (verb == "start") return start(rest.empty() ? Json::object() : Json::parse(rest));
  if (verb == "state") return engine::to_json(state_).dump(2) + "\n";
  if (verb == "move_out") return move_out(std::stoul(rest));
  if (verb == "cancel") {
    const engine::DecisionInput decision_input{*playbook_, {7}, workload_, stored_};
    return describe(engine::cancel(decision_input, state_, Json::parse(rest).get<std::string>()));
  }
  const auto node_id = take_word(rest);
  if (verb == "complete_large") {
    const std::string text(std::stoul(take_word(rest)), 'x');
    auto payload = Json::parse(rest);
    payload["text"] = text;
    return occur(node_id, domain::Outcome::completed, payload);
  }
  const Json payload = rest.empty() ? Json() : Json::parse(rest);
  if (verb == "damage") {
    frames_[node_id] = R"({"node":7})";
    return "its stored frame is damaged\n";
  }
  if (verb == "complete") return occur(node_id, domain::Outcome::completed, payload);
  if (verb == "fail") return occur(node_id, domain::Outcome::failed, payload);
  if (verb == "cancelled") return occur(node_id, domain::Outcome::cancelled, payload);
  if (verb == "release") return occur(node_id, domain::Outcome::released, payload);
  return "unknown command '" + verb + "'\n";
}

// A value as the transcript shows it: long ones by their size.
std::string Transcript::shown(const Json& value) {
  const auto text = value.dump();
  return text.size() > 1000 ? std::to_string(text.size()) + " bytes" : text;
}

std::string Transcript::load(const std::string& yaml) {
  auto loaded = language::load_playbook(yaml);
  if (!loaded) {
    std::string text = "refused: " + loaded.error().message + "\n";
    for (const auto& detail : loaded.error().details) text += "  " + detail.field + ": " + detail.message + "\n";
    return text;
  }
  playbook_ = std::move(loaded->playbook);
  return "ok\n";
}

std::string Transcript::start(const Json& payload) {
  workload_ = playbook_->workload;
  workload_.update(payload);
  const engine::DecisionInput decision_input{*playbook_, {7}, workload_, stored_};
  auto decision = engine::start(decision_input);
  if (!decision)
    return "refused: " + std::string(to_string(decision.error().code)) + ": " + decision.error().message + "\n";
  return describe(std::move(*decision));
}

std::string Transcript::again(const std::string& step) {
  const engine::DecisionInput decision_input{*playbook_, {8}, workload_, stored_};
  issued_.clear();
  auto decision = engine::start_again(decision_input, state_, step);
  if (!decision)
    return "refused: " + std::string(to_string(decision.error().code)) + ": " + decision.error().message + "\n";
  return describe(std::move(*decision));
}

std::string Transcript::occur(const std::string& node_id, domain::Outcome outcome, const Json& payload) {
  engine::NodeResult node_result{.node_id = node_id, .outcome = outcome, .result = {}, .error = {}, .frame = {}};
  if (const auto frame = frames_.find(node_id); frame != frames_.end()) node_result.frame = frame->second;
  if (outcome == domain::Outcome::completed) node_result.result = payload;
  if (outcome == domain::Outcome::failed && payload.is_object()) {
    node_result.error = tool_error_from(payload);
    if (payload.contains("result")) node_result.result = payload["result"];
  }
  const engine::DecisionInput decision_input{*playbook_, {7}, workload_, stored_};
  stored_.read.clear();
  const auto text = describe(engine::react(decision_input, state_, node_result));
  std::string loads;
  for (const auto id : stored_.read) loads += "loads result " + id.str() + "\n";
  return loads + text;
}

std::string Transcript::move_out(std::size_t inline_bytes_max) {
  std::string text;
  const auto moved =
      engine::move_out_large(*playbook_, state_, inline_bytes_max, [&] { return base::ResultId{++last_result_id_}; });
  for (const auto& large : moved) {
    stored_.results[large.result_id] = Json::parse(large.json);
    text += "moved " + large.step + " to result " + large.result_id.str() + " " + shown(Json::parse(large.json)) + "\n";
  }
  return text.empty() ? "nothing\n" : text;
}

std::string Transcript::describe(engine::Decision decision) {
  std::string text;
  const auto count = decision.events.size();
  for (std::size_t i = 0; i < count; ++i) {
    // A decision with many events shows the first and the last of them.
    if (count > 2 * events_shown && i == events_shown) {
      text += "… " + std::to_string(count - 2 * events_shown) + " more events …\n";
      i = count - events_shown;
    }
    text += describe_event(decision.events[i]);
  }
  CHECK_MESSAGE(stored_.take(decision), "an item has one outcome");
  for (const auto& loop : decision.loops) text += "loop " + loop.loop + " items " + shown(Json(loop.items)) + "\n";
  for (const auto& outcome : decision.loop_outcomes) {
    text += "item " + outcome.loop + "[" + std::to_string(outcome.index) + "] " +
            (outcome.is_completed ? "completed " : "failed ") + shown(outcome.result.get()) + "\n";
  }
  for (const auto& command : decision.commands) {
    CHECK_MESSAGE(issued_.insert(command.node_id).second, "a node is issued once: ", command.node_id);
    if (!command.frame.empty()) frames_[command.node_id] = command.frame;
    text += describe_command(command);
  }
  for (const auto& child : decision.children) {
    CHECK_MESSAGE(issued_.insert(child.node_id).second, "a node is issued once: ", child.node_id);
    frames_[child.node_id] = child.frame;
    text += "child " + child.node_id + " " + child.path + child.catalog_id + " payload " + child.payload.dump() +
            (child.return_step.empty() ? "" : " returns " + child.return_step) +
            (child.is_waited_for ? "" : " not waited for") + "\n";
  }
  if (decision.finish) {
    const auto& finish = *decision.finish;
    text += "finish " + std::string(to_string(finish.status));
    text += finish.error.is_null() ? " result " + shown(finish.result.get()) : " error " + finish.error.dump();
    text += "\n";
  }
  // What the database keeps is the text, so every scenario goes through it.
  auto stored = engine::state_from_text(engine::state_text(decision.state));
  REQUIRE(stored);
  REQUIRE(engine::to_json(*stored) == engine::to_json(decision.state));
  state_ = std::move(*stored);
  if (!decision.finish && !state_.outstanding.empty()) {
    text += "waits for";
    for (const auto& [node_id, step] : state_.outstanding) text += " " + node_id;
    text += "\n";
  }
  return text.empty() ? "nothing\n" : text;
}

}  // namespace noetl::engine_tests
