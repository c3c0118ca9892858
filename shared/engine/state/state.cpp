#include "shared/engine/state/state.hpp"

#include <charconv>
#include <optional>

#include "shared/base/error.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/json/json_cursor.hpp"

namespace noetl::engine {
namespace {

using domain::append_json;
using domain::append_json_string;
using json::JsonCursor;
using json::LazyJson;

// Raised when the meaning of a stored state changes; a newer program reads every older version.
constexpr int state_version = 1;

void append(std::string& out, const std::string& value) { append_json_string(out, value); }
void append(std::string& out, int value) { out += std::to_string(value); }

void append(std::string& out, const ResultSlot& slot) {
  out += '{';
  if (slot.reference.is_set()) {
    out += R"("reference":")" + slot.reference.str() + '"';
    if (!slot.value.is_null()) out += ',';
  } else if (!slot.loop.empty()) {
    out += R"("loop":)";
    append(out, slot.loop);
    out += ',';
  }
  if (!slot.reference.is_set() || !slot.value.is_null()) {
    out += R"("value":)";
    slot.value.append_to(out);
  }
  out += '}';
}

template <class Value>
void append(std::string& out, const std::map<std::string, Value>& members) {
  char before = '{';
  for (const auto& [name, value] : members) {
    out += before;
    append(out, name);
    out += ':';
    append(out, value);
    before = ',';
  }
  if (before == '{') out += before;
  out += '}';
}

void append(std::string& out, const std::vector<std::string>& items) {
  char before = '[';
  for (const auto& item : items) {
    out += before;
    append(out, item);
    before = ',';
  }
  if (before == '[') out += before;
  out += ']';
}

// Calls `read(cursor)` for the value of each member.
template <class Read>
void for_each_member(JsonCursor& cursor, const Read& read) {
  cursor.object();
  for (std::string_view name; cursor.field(name);) read(name);
}

ResultSlot read_slot(JsonCursor& cursor) {
  ResultSlot slot;
  for_each_member(cursor, [&](std::string_view name) {
    if (name == "value") {
      slot.value = LazyJson::of_text(std::string(cursor.skip()));
    } else if (name == "loop") {
      slot.loop = cursor.text();
    } else if (name == "reference") {
      const auto text = cursor.plain_text();
      std::from_chars(text.data(), text.data() + text.size(), slot.reference.value);
    } else {
      static_cast<void>(cursor.skip());
    }
  });
  return slot;
}

// False: no member of a state that is read here.
bool read_member(JsonCursor& cursor, std::string_view name, State& state) {
  if (name == "variables") {
    state.variables = json::parse_known(cursor.skip());
  } else if (name == "bookkeeping") {
    state.bookkeeping = json::parse_known(cursor.skip());
  } else if (name == "results") {
    for_each_member(cursor, [&](std::string_view step) { state.results.emplace(step, read_slot(cursor)); });
  } else if (name == "outstanding") {
    for_each_member(cursor, [&](std::string_view node) { state.outstanding.emplace(node, cursor.text()); });
  } else if (name == "visits") {
    for_each_member(cursor,
                    [&](std::string_view step) { state.visits.emplace(step, static_cast<int>(cursor.integer())); });
  } else if (name == "completed_steps") {
    for (cursor.array(); cursor.item();) state.completed_steps.push_back(cursor.text());
  } else if (name == "current_step") {
    state.current_step = cursor.text();
  } else {
    return false;
  }
  return true;
}

// Nothing: it is no state of this version, or one of its names is written with an escape. state_from_tree() has the last word.
std::optional<State> quick_state(std::string_view text) {
  constexpr int members_required = 8;
  State state;
  JsonCursor cursor(text);
  int members = 0;
  cursor.object();
  for (std::string_view name; cursor.field(name);) {
    if (name == "decisions") {
      state.decisions = cursor.integer();
    } else if (name == "version") {
      ++members;
      if (cursor.integer() != state_version) return std::nullopt;
    } else if (read_member(cursor, name, state)) {
      ++members;
    } else {
      static_cast<void>(cursor.skip());
    }
  }
  const bool is_state = !cursor.has_failed() && cursor.is_done() && members == members_required &&
                        state.variables.is_object() && state.bookkeeping.is_object();
  return is_state ? std::optional(std::move(state)) : std::nullopt;
}

std::map<std::string, ResultSlot> results_of_tree(const Json& json) {
  std::map<std::string, ResultSlot> results;
  for (const auto& [step, stored] : json.items()) {
    ResultSlot slot;
    if (stored.contains("reference")) slot.reference.value = std::stoll(stored.at("reference").get<std::string>());
    slot.loop = stored.value("loop", std::string());
    if (const auto value = stored.find("value"); value != stored.end()) slot.value = *value;
    results.emplace(step, std::move(slot));
  }
  return results;
}

base::Result<State> state_from_tree(std::string_view text) {
  // The text was written by state_text; anything else in that column is damage, which the caller reports.
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != state_version) {
      return base::failure(base::ErrorCode::internal, "the stored state has version " + json.at("version").dump() +
                                                          ", this program reads " + std::to_string(state_version));
    }
    State state;
    state.variables = json.at("variables");
    state.results = results_of_tree(json.at("results"));
    state.outstanding = json.at("outstanding").get<std::map<std::string, std::string>>();
    state.visits = json.at("visits").get<std::map<std::string, int>>();
    state.completed_steps = json.at("completed_steps").get<std::vector<std::string>>();
    state.current_step = json.at("current_step").get<std::string>();
    state.bookkeeping = json.at("bookkeeping");
    state.decisions = json.value("decisions", std::int64_t{0});
    if (!state.variables.is_object() || !state.bookkeeping.is_object()) {
      return base::failure(base::ErrorCode::internal, "the stored state has variables or bookkeeping that are no maps");
    }
    return state;
  } catch (const std::exception& error) {
    return base::failure(base::ErrorCode::internal, std::string("the stored state cannot be read: ") + error.what());
  }
}

}  // namespace

std::string state_text(const State& state) {
  constexpr std::size_t usual_bytes = 1024;
  std::string out;
  out.reserve(usual_bytes);
  out += R"({"bookkeeping":)";
  append_json(out, state.bookkeeping);
  out += R"(,"completed_steps":)";
  append(out, state.completed_steps);
  out += R"(,"current_step":)";
  append(out, state.current_step);
  if (state.decisions != 0) out += R"(,"decisions":)" + std::to_string(state.decisions);
  out += R"(,"outstanding":)";
  append(out, state.outstanding);
  out += R"(,"results":)";
  append(out, state.results);
  out += R"(,"variables":)";
  append_json(out, state.variables);
  out += R"(,"version":)";
  append(out, state_version);
  out += R"(,"visits":)";
  append(out, state.visits);
  out += '}';
  return out;
}

base::Result<State> state_from_text(std::string_view text) {
  if (auto state = quick_state(text)) return std::move(*state);
  return state_from_tree(text);
}

}  // namespace noetl::engine
