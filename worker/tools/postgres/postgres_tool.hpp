#pragma once
// PostgresTool: runs SQL in a database that the step names. Any thread; each call borrows a connection of the
// tool's pool, which is kept by credential. docs/reference/tools.md has the options and the shape of results.
#include <string>

#include "worker/tools/postgres/connection_pool.hpp"
#include "worker/tools/postgres/request.hpp"
#include "worker/tools/reach_of.hpp"
#include "worker/tools/script_source.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct PostgresSettings {
  ToolLimits limits;
  std::string default_url;  // where steps without `auth` go; empty: they are refused
  postgres::PoolSettings pool;
};

class PostgresTool final : public Tool {
 public:
  PostgresTool(PostgresSettings settings, ScriptSource scripts)
      : settings_(std::move(settings)),
        scripts_(std::move(scripts)),
        pool_(settings_.pool, reach_of(settings_.limits)) {}
  [[nodiscard]] std::string_view kind() const override { return "postgres"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

  // For the tools that stream into or out of Postgres.
  [[nodiscard]] postgres::ConnectionPool& pool() { return pool_; }
  [[nodiscard]] const std::string& default_url() const { return settings_.default_url; }

 private:
  [[nodiscard]] ToolResult run_request(const ToolCall& call);

  const PostgresSettings settings_;
  const ScriptSource scripts_;
  postgres::ConnectionPool pool_;
};

}  // namespace noetl::tools
