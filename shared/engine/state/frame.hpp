#pragma once
// Frame: one run of a step's tools, of the step itself or of one iteration of its loop, with what it
// remembers from one of its commands to the next. It has one command outstanding at a time and travels
// with it (docs/internals/decisions/0010). Values; any thread.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/engine/state/notes.hpp"
#include "shared/json/lazy_json.hpp"

namespace noetl::engine {

// A sink that is still to run, rendered.
struct Sink {
  Json tool = Json::object();
  Json input = Json::object();
  std::vector<std::string> templates;  // where tool and input hold templates for the worker
};

// How a tool ended and what its rules came to, for as long as its sinks run.
struct HeldEnd {
  json::LazyJson result;
  Json error;  // null: it ended well
  bool is_routed = false;
  bool is_handled = false;
  std::vector<Token> tokens;
  std::optional<std::int64_t> retry_ms;
  std::optional<Json> made;
};

struct Frame {
  std::string node;  // "fetch", "fetch#2", "fetch[7]"
  std::string step;
  bool is_claim = false;  // of a cursor's rows: it runs no task
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
  std::vector<Sink> sinks;  // still to run
  std::optional<HeldEnd> ended;  // while sinks run; none before the tool

  [[nodiscard]] bool is_iteration() const { return !loop.empty(); }
};

// As it is stored: JSON. Empty for a frame that says no more than its node: a plain step at its first command.
[[nodiscard]] std::string frame_text(const Frame& frame);
// Of a command whose name is not the frame's: never empty.
[[nodiscard]] std::string whole_frame_text(const Frame& frame);
// internal when the stored text is no frame.
[[nodiscard]] base::Result<Frame> frame_from_text(std::string_view text);
// The attempt that a stored frame is at; 1 when it says none.
[[nodiscard]] int attempt_of_frame(std::string_view text);
// Whether it is of a cursor's claim.
[[nodiscard]] bool is_claim_frame(std::string_view text);

}  // namespace noetl::engine
