#pragma once
// Frame: one run of a step's tools, of the step itself or of one iteration of its loop, with what it
// remembers from one of its commands to the next. It has one command outstanding at a time and travels
// with it (docs/internals/decisions/0010). Values; any thread.
#include <string>

#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::engine {

using domain::Json;

struct Frame {
  std::string node;  // "fetch", "fetch#2", "fetch[7]"
  std::string step;
  std::string loop;  // node of the loop that this is an iteration of; else empty
  int index = -1;  // of the iteration
  int total = 0;  // items of the loop
  Json item;  // of the iteration
  Json args = Json::object();  // given by what led to the step; over the step's own
  Json iter;  // null: none; `iter.x` and, in a pipeline, names that its tasks have set
  std::size_t task = 0;  // position in the pipeline
  int attempt = 1;  // of this task
  int attempts = 1;  // how many it may have, as far as was asked for
  int commands = 0;  // issued so far; makes node ids unique
  Json results;  // null: none; of earlier tasks by label: those that templates name
  Json previous;  // result of the task before
  Json overrides;  // null: none; pagination: input of the next request, over everything
  Json collected;  // pagination: items so far; null when nothing collects
  int parts_stored = 0;  // pagination: parts of `collected` that are stored as rows by now
  int requests = 1;  // pagination: requests so far
  Json sinks;  // null: none; rendered sinks still to run: [{kind, tool, input}]
  Json ended;  // while sinks run: how the tool ended {result | error, …}; null before it

  [[nodiscard]] bool is_iteration() const { return !loop.empty(); }
};

// Null for a frame that says no more than its node: a plain step at its first command.
[[nodiscard]] Json to_json(const Frame& frame);
// internal when the stored value is no frame.
[[nodiscard]] base::Result<Frame> frame_from_json(const Json& json);

}  // namespace noetl::engine
