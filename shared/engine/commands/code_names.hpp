#pragma once
// code_names: what python code sees beside the arguments that its step gives it. Pure; one thread, as its context.
#include <string>

#include "shared/engine/context/context.hpp"

namespace noetl::engine {

// What `result` and `response` are to code: of the task before in a pipeline, else of the step that completed last. In a
// loop's round too, where what has just happened may be another round's end.
struct PreviousResult {
  const std::string& step;  // that completed last
  bool is_of_task;  // the context is about it
};

// An argument that is the name of a SQL step is the list of its rows, unless the code reads it as the map of all that the
// step gave: rows["command_0"], rows.get("columns").
void keep_maps_for_code(Context& context, const Json& options, const Json& written, Json& rendered);

// What python code can name beside its arguments: results, variables and the workload, as far as their
// names stand in the code. `context` is the map of them. Code that the worker reads from elsewhere gets what is small.
// main(result) and main(response) get what the step before brought. `options` and `input` are rendered.
[[nodiscard]] Json names_for_code(Context& context, const ResolvedTool& tool, const Json& options, const Json& input,
                                  const PreviousResult& previous);

}  // namespace noetl::engine
