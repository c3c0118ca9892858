#include "worker/loop/fetching/command_starter.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace noetl::loop {

namespace {
constexpr std::size_t small_context_bytes_max = 16 * 1024;  // the mean of the last ones

wire::AttemptReport released(const domain::Lease& lease, base::ExecutionId execution) {
  wire::AttemptReport report;
  report.lease = lease;
  report.execution_id = execution;
  report.outcome = domain::Outcome::released;
  report.result = "null";
  return report;
}

}  // namespace

CommandStarter::CommandStarter(Parts parts, const WorkerSettings& settings)
    : parts_(parts),
      run_settings_{.worker_id = settings.worker_id,
                    .limits = settings.limits,
                    .secrets = parts.secrets,
                    .progress = parts.progress,
                    .tools = &parts.registry} {}

std::vector<domain::ClaimedCommand> CommandStarter::add(std::vector<domain::ClaimedCommand> claimed,
                                                        base::ClaimId claim, const DeliveryOf& delivery_of) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<HeldLease> held_leases;
  held_leases.reserve(claimed.size());
  stops_.clear();
  for (const domain::ClaimedCommand& command : claimed) {
    HeldLease& held = held_leases.emplace_back();
    held.lease = command.lease;
    held.claimed_at = now;
    held.delivery = delivery_of(command.lease.queue_id);
    const tools::Tool* tool = parts_.registry.find(command.tool_kind);
    if (tool == nullptr || tool->is_instant()) continue;  // nothing to stop
    held.stop = std::stop_source();
    stops_.emplace(command.lease.queue_id, held.stop);
  }
  parts_.counts.claimed += claimed.size();
  const auto known = parts_.leases.add(std::move(held_leases), claim);
  std::erase_if(claimed, [&](const domain::ClaimedCommand& command) {
    return std::ranges::find(known, command.lease.queue_id) != known.end();
  });
  return claimed;
}

void CommandStarter::give_back(const std::vector<domain::ClaimedCommand>& commands) {
  std::vector<wire::AttemptReport> reports;
  reports.reserve(commands.size());
  for (const auto& command : commands) reports.push_back(released(command.lease, command.execution_id));
  if (!reports.empty()) parts_.reporter.deliver(std::move(reports));
}

CommandStarter::Seen CommandStarter::start(std::vector<domain::ClaimedCommand> commands) {
  if (parts_.heartbeats.is_paused()) {
    give_back(commands);
    return {};
  }
  std::size_t bytes = 0;
  for (const auto& command : commands) bytes += command.context.size();
  std::vector<domain::ClaimedCommand*> instant;
  for (domain::ClaimedCommand& command : commands) {
    tools::Tool* tool = parts_.registry.find(command.tool_kind);
    if (tool == nullptr || tool->is_instant()) {
      instant.push_back(&command);
      continue;
    }
    start_on_thread(std::move(command), *tool);
  }
  const Seen seen{.is_small = bytes <= commands.size() * small_context_bytes_max,
                  .is_quick = instant.size() == commands.size()};
  if (instant.empty()) return seen;
  std::vector<wire::AttemptReport> finished;
  finished.reserve(instant.size());
  for (const domain::ClaimedCommand* command : instant) {
    finished.push_back(run_command(*command, parts_.registry.find(command->tool_kind), {}, run_settings_));
  }
  parts_.reporter.deliver(std::move(finished));
  return seen;
}

void CommandStarter::start_on_thread(domain::ClaimedCommand command, tools::Tool& tool) {
  const auto deliver = [this](wire::AttemptReport report) {
    std::vector<wire::AttemptReport> finished;
    finished.push_back(std::move(report));
    parts_.reporter.deliver(std::move(finished));
  };
  auto hand_back = [deliver, lease = command.lease, execution = command.execution_id] {
    deliver(released(lease, execution));
  };
  const auto stop = stops_[command.lease.queue_id];
  const int priority = command.priority;
  auto run = [this, deliver, stop, &tool, held = std::move(command)] {
    std::optional<RunningCommands::Scope> shown;
    if (parts_.running != nullptr) shown.emplace(*parts_.running, held);
    if (parts_.ahead != nullptr && AheadRunner::is_for(held)) return parts_.ahead->run(held, tool, stop);
    auto report = run_command(held, &tool, stop.get_token(), run_settings_);
    parts_.prefetch.note(report.duration);
    deliver(std::move(report));
  };
  parts_.threads.submit({.run = std::move(run),
                         .hand_back = std::move(hand_back),
                         .since = std::chrono::steady_clock::now(),
                         .priority = priority});
}

}  // namespace noetl::loop
