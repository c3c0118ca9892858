// noetlctl: hands the other folders' entry points to the command line.
#include <unistd.h>

#include <iostream>

#include "cli/command_line.hpp"
#include "server/migrations/migrations.hpp"
#include "server/migrations/users_objects.hpp"
#include "server/run_doctor.hpp"
#include "server/run_server.hpp"
#include "shared/base/stop_signals.hpp"
#include "shared/language/lint.hpp"
#include "shared/language/schema.hpp"
#include "shared/process/privacy.hpp"
#include "worker/run_worker.hpp"

namespace {

noetl::cli::Programs programs() {
  noetl::cli::Programs all;
  all.version = NOETL_VERSION;
  all.run_server = noetl::server::run_server;
  all.run_worker = noetl::worker::run_worker;
  all.migrate_up = [](const std::string& database_url) { return noetl::migrations::migrate_up(database_url); };
  all.move_tables = [](const std::string& database_url, const noetl::cli::MoveRequest& request) {
    return noetl::migrations::move_users_objects(database_url, request.schema, request.is_dry_run);
  };
  all.migration_sql = noetl::migrations::migration_sql;
  all.migration_status = [](const std::string& database_url) {
    return noetl::migrations::migration_status(database_url).map([](const auto& applied) {
      std::vector<noetl::cli::MigrationLine> lines;
      for (const auto& one : applied) lines.push_back({one.version, one.name, one.applied_at, one.runs_with});
      return lines;
    });
  };
  all.run_doctor = [](const noetl::config::ServerSettings& settings, const noetl::cli::DoctorRequest& request) {
    return noetl::server::run_doctor(settings, {.is_deep = request.is_deep, .executions_max = request.executions_max});
  };
  all.lint_playbook = [](std::string_view text) {
    auto report = noetl::language::lint_playbook(text);
    noetl::cli::LintOutcome outcome{.path = std::move(report.path),
                                    .generation = std::move(report.generation),
                                    .steps = report.steps,
                                    .findings = {}};
    for (auto& one : report.findings) outcome.findings.push_back({one.is_error, std::move(one.detail)});
    return outcome;
  };
  all.playbook_schema = [] { return noetl::language::playbook_schema().dump(2) + "\n"; };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  noetl::process::keep_private();
  noetl::base::StopSignals signals;
  const noetl::cli::Streams streams{.out = std::cout,
                                    .err = std::cerr,
                                    .is_out_terminal = isatty(STDOUT_FILENO) == 1,
                                    .is_err_terminal = isatty(STDERR_FILENO) == 1};
  return noetl::cli::run({argv + 1, argv + argc}, programs(), streams, signals.token());
}
