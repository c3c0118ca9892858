#pragma once
// The tools that answer at once: `noop` and `event_log`. Stateless; any thread.
#include "worker/tools/tool.hpp"

namespace noetl::tools {

// {"status":"ok"}, or the option `data` when it is given.
class NoopTool final : public Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "noop"; }
  [[nodiscard]] bool is_instant() const override { return true; }
  [[nodiscard]] ToolResult run(const ToolCall& call) override;
};

// Its input: the completed event that carries it is the log entry.
class EventLogTool final : public Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "event_log"; }
  [[nodiscard]] bool is_instant() const override { return true; }
  [[nodiscard]] ToolResult run(const ToolCall& call) override;
};

}  // namespace noetl::tools
