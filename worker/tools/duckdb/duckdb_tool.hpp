#pragma once
// DuckdbTool: runs SQL in DuckDB, within the worker's process. The library is loaded at the first call; without it
// every call fails with kind `unsupported`, which says how to get it. Any thread. docs/reference/tools.md has the options.
#include <string>

#include "worker/tools/duckdb/session.hpp"
#include "worker/tools/script_source.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct DuckdbSettings {
  ToolLimits limits;
  std::string library_file;  // empty: see duckdb::Library
  int threads = 2;
};

class DuckdbTool final : public Tool {
 public:
  DuckdbTool(DuckdbSettings settings, ScriptSource scripts);
  [[nodiscard]] std::string_view kind() const override { return "duckdb"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

  // For the tools that stream into or out of DuckDB.
  [[nodiscard]] duckdb::Databases& databases() { return databases_; }
  // The path of a database as DuckDB is to open it; errors as of FilesRoot.
  [[nodiscard]] base::Result<std::string> database_file(const std::string& path) const;
  [[nodiscard]] const ToolLimits& limits() const { return settings_.limits; }

 private:
  [[nodiscard]] ToolResult run_sql(const ToolCall& call);
  [[nodiscard]] base::Result<std::string> sql_of(const ToolCall& call) const;

  const DuckdbSettings settings_;
  const ScriptSource scripts_;
  duckdb::Databases databases_;
};

}  // namespace noetl::tools
