#include "shared/engine/state/state.hpp"

#include <algorithm>
#include <charconv>

#include "shared/base/error.hpp"
#include "shared/engine/state/members.hpp"

namespace noetl::engine {
namespace {

using domain::append_json_string;
using json::JsonCursor;
using json::LazyJson;

// Raised when the meaning of a stored state changes; a newer program reads every older version.
constexpr int state_version = 1;

void append_slot(std::string& out, const ResultSlot& slot) {
  MemberWriter writer(out);
  if (slot.reference.is_set())
    writer.text("reference", slot.reference.str());
  else if (!slot.loop.empty())
    writer.text("loop", slot.loop);
  if (!slot.reference.is_set() || !slot.value.is_null()) slot.value.append_to(writer.at("value"));
  writer.close();
}

// The newest first, and the whole of them last in the text: what an update leaves as it is, is then one piece at the end,
// which Postgres does not log again.
void append_results(std::string& out, const State& state) {
  MemberWriter writer(out);
  std::size_t left = state.results.size();
  for (auto step = state.completed_steps.rbegin(); step != state.completed_steps.rend() && left > 0; ++step) {
    const auto slot = state.results.find(*step);
    if (slot == state.results.end()) continue;
    append_slot(writer.at_any(*step), slot->second);
    --left;
  }
  for (const auto& [step, slot] : state.results) {
    if (left == 0) break;
    if (std::ranges::find(state.completed_steps, step) != state.completed_steps.end()) continue;
    append_slot(writer.at_any(step), slot);
    --left;
  }
  writer.close();
}

ResultSlot read_slot(JsonCursor& cursor) {
  ResultSlot slot;
  read_members(cursor, [&](std::string_view name) {
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

// What has to be in every state: its members, as bits.
enum Member : unsigned {
  none = 0,
  variables = 1,
  bookkeeping = 2,
  results = 4,
  outstanding = 8,
  visits = 16,
  completed_steps = 32,
  current_step = 64,
  all_members = 127
};

// none: no member of a state that has to be there.
Member read_member(JsonCursor& cursor, std::string_view name, State& state) {
  if (name == "variables") {
    state.variables = read_json(cursor);
    return state.variables.is_object() ? variables : none;
  }
  if (name == "bookkeeping") {
    state.notes = read_notes(cursor);
    return bookkeeping;
  }
  if (name == "results") {
    read_members(cursor, [&](std::string& step) { state.results.emplace(std::move(step), read_slot(cursor)); });
    return results;
  }
  if (name == "outstanding") {
    read_members(cursor, [&](std::string& node) { state.outstanding.emplace(std::move(node), cursor.text()); });
    return outstanding;
  }
  if (name == "visits") {
    read_members(cursor,
                 [&](std::string& step) { state.visits.emplace(std::move(step), static_cast<int>(cursor.integer())); });
    return visits;
  }
  if (name == "completed_steps") {
    for (cursor.array(); cursor.item();) state.completed_steps.push_back(cursor.text());
    return completed_steps;
  }
  if (name == "current_step") {
    state.current_step = cursor.text();
    return current_step;
  }
  if (name == "decisions")
    state.decisions = cursor.integer();
  else
    static_cast<void>(cursor.skip());
  return none;
}

}  // namespace

Json loop_value(Json results, Json stats) {
  Json data = results;
  return {{"data", std::move(data)}, {"results", std::move(results)}, {"stats", std::move(stats)}};
}

std::string state_text(const State& state) {
  constexpr std::size_t usual_bytes = 1024;
  std::string out;
  out.reserve(usual_bytes);
  MemberWriter writer(out);
  append_notes(writer.at("bookkeeping"), state.notes);
  append_list(writer.at("completed_steps"), state.completed_steps, append_json_string);
  writer.text("current_step", state.current_step);
  if (state.decisions != 0) writer.integer("decisions", state.decisions);
  append_map(writer.at("outstanding"), state.outstanding, append_json_string);
  writer.integer("version", state_version);
  append_map(writer.at("visits"), state.visits, [](std::string& into, int count) { into += std::to_string(count); });
  writer.json("variables", state.variables);
  append_results(writer.at("results"), state);
  writer.close();
  return out;
}

base::Result<State> state_from_text(std::string_view text) {
  // The text was written by state_text; anything else in that column is damage, which the caller reports.
  const auto refused = [](const std::string& why) { return base::failure(base::ErrorCode::internal, why); };
  State state;
  JsonCursor cursor(text);
  std::int64_t version = 0;
  unsigned found = 0;
  try {
    read_members(cursor, [&](const std::string& name) {
      if (name == "version")
        version = cursor.integer();
      else
        found |= read_member(cursor, name, state);
    });
  } catch (const Json::parse_error& error) {
    return refused(std::string("the stored state cannot be read: ") + error.what());
  }
  if (!cursor.has_failed() && version != 0 && version != state_version) {
    return refused("the stored state has version " + std::to_string(version) + ", this program reads " +
                   std::to_string(state_version));
  }
  if (cursor.has_failed() || !cursor.is_done() || version != state_version || found != all_members) {
    return refused("the stored state cannot be read: it is no map with all members of a state, each of its kind");
  }
  return state;
}

}  // namespace noetl::engine
