#pragma once
// State: all that the engine remembers of an execution between two events; stored as JSON in
// noetl.execution.state. Small on purpose: large results are references. Values; any thread.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/engine/state/notes.hpp"
#include "shared/json/lazy_json.hpp"

namespace noetl::engine {

using domain::Json;

// A step's result: the value, or a reference to it.
struct ResultSlot {
  json::LazyJson value;  // beside a reference: what of it is kept at hand
  base::ResultId reference;  // set: the value lives in noetl.result
  std::string loop;  // set: {results, stats} of this loop, whose results are in noetl.loop_item
};

struct State {
  Json variables = Json::object();  // set / vars / ctx, over the workload
  std::map<std::string, ResultSlot> results;  // by step name; the last visit counts
  std::map<std::string, std::string> outstanding;  // node → step: frames and loops that are not over
  std::map<std::string, int> visits;  // step → how often it was entered
  std::vector<std::string> completed_steps;  // in order of completion, without repeats
  std::string current_step;
  Notes notes;
  // Changes that led here. Counted by the caller, who numbers the rows of the log with it: a replay applies them in
  // that order, whichever server wrote them. 0: begun by a version that did not count.
  std::int64_t decisions = 0;
};

// What a loop's step is seen as, wherever its results are kept.
[[nodiscard]] Json loop_value(Json results, Json stats);

// As it is stored.
[[nodiscard]] std::string state_text(const State& state);
// internal when the stored text is not a state of this version.
[[nodiscard]] base::Result<State> state_from_text(std::string_view text);

}  // namespace noetl::engine
