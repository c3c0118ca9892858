#pragma once
// Programs: the parts of other folders that subcommands run, handed in by main, so that the command line
// itself links neither server nor worker and can be tested without them. Values; main thread.
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/config/program_settings.hpp"

namespace noetl::cli {

struct MigrationLine {
  int version = 0;
  std::string name;
  std::string applied_at;  // empty: pending
  int runs_with = 0;  // the oldest migration that a program must know to work with the schema
};

// Tables and the like of users that are in the schema noetl, and what moves them out of it.
struct MoveRequest {
  std::string schema = "public";
  bool is_dry_run = false;
};

struct LintFinding {
  bool is_error = false;
  base::ErrorDetail detail;
};

struct LintOutcome {
  std::string path;  // as the catalog would register it
  std::string generation;  // of the language: v2era, v10, mixed; empty when nothing could be read
  std::size_t steps = 0;
  std::vector<LintFinding> findings;
};

struct DoctorRequest {
  bool is_deep = false;  // read whole tables and replay executions
  std::int64_t executions_max = 0;  // to replay, the newest; 0: all
};

struct Programs {
  std::function<int(const config::ServerSettings&, std::stop_token)> run_server;
  std::function<int(const config::WorkerSettings&, std::stop_token)> run_worker;
  std::function<LintOutcome(std::string_view playbook)> lint_playbook;
  std::function<std::string()> playbook_schema;  // JSON Schema of the language
  std::function<base::Result<std::vector<int>>(const std::string& database_url)> migrate_up;
  std::function<base::Result<std::vector<MigrationLine>>(const std::string& database_url)> migration_status;
  // {"moved": [{kind, name, statement}, …], "search_path": …, "playbooks": [{path, version, name}, …]}
  std::function<base::Result<nlohmann::json>(const std::string& database_url, const MoveRequest&)> move_tables;
  std::function<std::string()> migration_sql;
  // {"status": …, "checks": [{check, rule, status, summary, found, findings, cure}, …]}
  std::function<base::Result<nlohmann::json>(const config::ServerSettings&, const DoctorRequest&)> run_doctor;
  std::string version;
};

}  // namespace noetl::cli
