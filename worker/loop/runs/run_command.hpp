#pragma once
// run_command: one attempt of one command with one tool, from the claimed text to the report. A boundary: whatever
// a tool throws becomes a failed attempt. Free function; called from many threads at once.
#include <stop_token>
#include <string>

#include "shared/domain/command.hpp"
#include "shared/wire/messages/report.hpp"
#include "worker/loop/leases/late_lease.hpp"
#include "worker/loop/progress/progress_reporter.hpp"
#include "worker/loop/secrets/credential_client.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::loop {

struct RunSettings {
  std::string worker_id;
  tools::ToolLimits limits;
  CredentialClient* secrets = nullptr;  // outlives every call; null: commands that need secrets fail
  ProgressReporter* progress = nullptr;  // the same; null: nobody is told what runs
  const tools::Registry* tools = nullptr;  // what this worker has, for the error of a kind that it has not
  const LateLease* late = nullptr;  // of a command that is run before it is issued; null: it has its lease
};

// `tool` null: no tool of that kind here.
[[nodiscard]] wire::AttemptReport run_command(const domain::ClaimedCommand& command, tools::Tool* tool,
                                              std::stop_token stop, const RunSettings& settings);

}  // namespace noetl::loop
