#include "server/engine/state.hpp"

#include "shared/base/error.hpp"

namespace noetl::engine {
namespace {

// Raised when the meaning of a stored state changes; a newer program reads every older version.
constexpr int state_version = 1;

Json results_to_json(const std::map<std::string, ResultSlot>& results) {
  Json json = Json::object();
  for (const auto& [step, slot] : results) {
    if (slot.reference.is_set()) {
      json[step] = Json{{"reference", slot.reference.str()}};
      if (!slot.value.is_null()) json[step]["value"] = slot.value;
    } else if (!slot.loop.empty()) {
      json[step] = Json{{"loop", slot.loop}, {"value", slot.value}};
    } else {
      json[step] = Json{{"value", slot.value}};
    }
  }
  return json;
}

std::map<std::string, ResultSlot> results_from_json(const Json& json) {
  std::map<std::string, ResultSlot> results;
  for (const auto& [step, stored] : json.items()) {
    ResultSlot slot;
    if (stored.contains("reference"))
      slot.reference.value = std::stoll(stored.at("reference").get<std::string>());
    slot.loop = stored.value("loop", std::string());
    if (const auto value = stored.find("value"); value != stored.end()) slot.value = *value;
    results.emplace(step, std::move(slot));
  }
  return results;
}

}  // namespace

Json to_json(const State& state) {
  Json json;
  json["version"] = state_version;
  json["variables"] = state.variables;
  json["results"] = results_to_json(state.results);
  json["outstanding"] = state.outstanding;
  json["visits"] = state.visits;
  json["completed_steps"] = state.completed_steps;
  json["current_step"] = state.current_step;
  json["bookkeeping"] = state.bookkeeping;
  if (state.decisions != 0) json["decisions"] = state.decisions;
  return json;
}

base::Result<State> state_from_json(const Json& json) {
  // The text was written by to_json; anything else in that column is damage, which the caller reports.
  try {
    if (json.at("version").get<int>() != state_version) {
      return base::failure(base::ErrorCode::internal,
                           "the stored state has version " + json.at("version").dump() +
                               ", this program reads " + std::to_string(state_version));
    }
    State state;
    state.variables = json.at("variables");
    state.results = results_from_json(json.at("results"));
    state.outstanding = json.at("outstanding").get<std::map<std::string, std::string>>();
    state.visits = json.at("visits").get<std::map<std::string, int>>();
    state.completed_steps = json.at("completed_steps").get<std::vector<std::string>>();
    state.current_step = json.at("current_step").get<std::string>();
    state.bookkeeping = json.at("bookkeeping");
    state.decisions = json.value("decisions", std::int64_t{0});
    if (!state.variables.is_object() || !state.bookkeeping.is_object()) {
      return base::failure(base::ErrorCode::internal,
                           "the stored state has variables or bookkeeping that are no maps");
    }
    return state;
  } catch (const std::exception& error) {
    return base::failure(base::ErrorCode::internal,
                         std::string("the stored state cannot be read: ") + error.what());
  }
}

}  // namespace noetl::engine
