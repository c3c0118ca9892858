#pragma once
// Programs: the parts of other folders that subcommands run, handed in by main, so that the command line
// itself links neither server nor worker and can be tested without them. Values; main thread.
#include <functional>
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
};

struct Programs {
  std::function<int(const config::ServerSettings&, std::stop_token)> run_server;
  std::function<int(const config::WorkerSettings&, std::stop_token)> run_worker;
  // Every finding in the error's details.
  std::function<base::Result<void>(std::string_view playbook)> lint_playbook;
  std::function<base::Result<std::vector<int>>(const std::string& database_url)> migrate_up;
  std::function<base::Result<std::vector<MigrationLine>>(const std::string& database_url)> migration_status;
  std::function<std::string()> migration_sql;
  std::string version;
};

}  // namespace noetl::cli
