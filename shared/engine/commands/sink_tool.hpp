#pragma once
// sink_tool: what a rule's `sink` comes to: a tool that writes a result somewhere, or an event. Written as
// {tool: postgres, auth, table, …}, or {tool: {kind: postgres, …}}, or {backend: …}. One thread, as its context.
#include <optional>
#include <string>

#include "shared/engine/context/context.hpp"

namespace noetl::engine {

struct SinkTool {
  struct Refusal {
    std::string kind;
    std::string message;
  };
  std::string kind;  // of the tool; empty: it names none
  std::optional<Sink> sink;  // none: the event log is the one sink that needs no worker
  Json data;  // of the event
  std::optional<Refusal> refusal;  // set: it can be neither
};

// The values are rendered now, while `response` and `this` mean what the rule was about.
[[nodiscard]] SinkTool make_sink_tool(Context& context, const domain::Playbook& playbook, const Json& written);

}  // namespace noetl::engine
