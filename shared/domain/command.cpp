#include "shared/domain/command.hpp"

namespace noetl::domain {

std::string_view to_string(CommandStatus status) {
  switch (status) {
    case CommandStatus::queued: return "queued";
    case CommandStatus::running: return "running";
    case CommandStatus::done: return "done";
    case CommandStatus::failed: return "failed";
    case CommandStatus::dead: return "dead";
    case CommandStatus::cancelled: return "cancelled";
  }
  return "queued";
}

std::optional<CommandStatus> command_status_from(std::string_view text) {
  for (const auto status : {CommandStatus::queued, CommandStatus::running, CommandStatus::done, CommandStatus::failed,
                            CommandStatus::dead, CommandStatus::cancelled}) {
    if (text == to_string(status)) return status;
  }
  return std::nullopt;
}

bool is_terminal(CommandStatus status) { return status != CommandStatus::queued && status != CommandStatus::running; }

std::string_view event_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed: return "command.completed";
    case Outcome::failed: return "command.failed";
    case Outcome::cancelled: return "command.cancelled";
    case Outcome::released: return "command.released";
  }
  return "command.failed";
}

std::optional<Outcome> outcome_from_event_name(std::string_view name) {
  for (const auto outcome : {Outcome::completed, Outcome::failed, Outcome::cancelled, Outcome::released}) {
    if (name == event_name(outcome)) return outcome;
  }
  return std::nullopt;
}

}  // namespace noetl::domain
