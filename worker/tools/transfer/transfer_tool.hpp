#pragma once
// TransferTool: moves rows between databases, files and HTTP, a chunk at a time. It works through the tools of
// these kinds, which must outlive it. Any thread. docs/reference/tools.md has the options.
#include "worker/tools/transfer/rows.hpp"

namespace noetl::tools {

class TransferTool final : public Tool {
 public:
  explicit TransferTool(transfer::Peers peers) : peers_(peers) {}
  [[nodiscard]] std::string_view kind() const override { return "transfer"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  // {"status","row_count","chunks","columns","source","target"}.
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] ToolResult move_rows(const ToolCall& call);

  const transfer::Peers peers_;
};

}  // namespace noetl::tools
