#include "worker/control/program_runs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/base/text/utf8.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/nats/handles.hpp"
#include "worker/loop/runs/run_command.hpp"

namespace noetl::control {
namespace {

using Json = nlohmann::json;

constexpr std::size_t error_text_max = 8UL * 1024;
constexpr std::size_t output_max = 16UL * 1024;

std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() > bytes_max) text.resize(bytes_max);
  if (const auto at = base::find_invalid_utf8(text); at != std::string::npos) text.resize(at);
  return text;
}

std::string error_json(const domain::ToolError& error) {
  Json json{{"kind", cut(error.kind, error_text_max)}, {"message", cut(error.message, error_text_max)}};
  if (error.status) json["status"] = *error.status;
  if (!error.traceback.empty()) json["traceback"] = cut(error.traceback, error_text_max);
  return domain::json_text(json);
}

std::string status_of(domain::Outcome outcome) {
  switch (outcome) {
    case domain::Outcome::completed: return "completed";
    case domain::Outcome::failed: return "failed";
    case domain::Outcome::cancelled:
    case domain::Outcome::released: break;
  }
  return "cancelled";
}

EventOutcome outcome_without_run(const char* status, const char* message) {
  return {.status = status,
          .result = "null",
          .error = domain::json_text(Json{{"kind", status}, {"message", message}}),
          .output = {}};
}

std::string context_of(const Program& program, const wire::InjectedEvent& event) {
  Json input = program.input;
  input.update(Json::parse(event.fields));
  input["event_type"] = event.event_type;
  return domain::json_text(Json{{"tool", program.options}, {"input", std::move(input)}});
}

}  // namespace

ProgramRuns::ProgramRuns(ProgramRunsSettings settings) : settings_(std::move(settings)), threads_(settings_.at_once) {}

ProgramRuns::~ProgramRuns() {
  stop_.request_stop();
  threads_.hand_back_all();
}

bool ProgramRuns::submit(ProgramPointer program, std::vector<wire::InjectedEvent> events, Done done) {
  if (++open_ > settings_.at_once + waiting_max) {
    --open_;
    return false;
  }
  struct Run {
    ProgramPointer program;
    std::vector<wire::InjectedEvent> events;
    Done done;
  };
  // Shared by the two ways in which it may end.
  const auto shared = std::make_shared<Run>(std::move(program), std::move(events), std::move(done));
  threads_.submit({.run =
                       [this, shared] {
                         const nats::ThreadScope scope;  // an answer may go out over NATS
                         auto outcomes = run_all(*shared->program, shared->events);
                         --open_;
                         shared->done(std::move(outcomes));
                       },
                   .hand_back =
                       [this, shared] {
                         --open_;
                         shared->done(std::vector<EventOutcome>(shared->events.size(),
                                                                outcome_without_run("cancelled", "the worker ends")));
                       },
                   .since = std::chrono::steady_clock::now()});
  return true;
}

std::vector<EventOutcome> ProgramRuns::run_all(Program& program, const std::vector<wire::InjectedEvent>& events) {
  const auto until = std::chrono::steady_clock::now() + batch_time_max;
  std::vector<EventOutcome> outcomes;
  outcomes.reserve(events.size());
  std::size_t bytes = 0;
  for (const auto& event : events) {
    const bool is_late = !outcomes.empty() && std::chrono::steady_clock::now() >= until;
    if (is_late || stop_.stop_requested()) {
      outcomes.push_back(is_late ? outcome_without_run("not_run", "the events before it took 60 s: send it again")
                                 : outcome_without_run("cancelled", "the worker ends"));
      continue;
    }
    auto outcome = run(program, event);
    bytes += outcome.result.size() + outcome.error.size() + outcome.output.size();
    if (bytes > results_bytes_max && events.size() > 1) outcome.result = outcome.output = {};  // left out
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

EventOutcome ProgramRuns::run(Program& program, const wire::InjectedEvent& event) {
  domain::ClaimedCommand command;
  command.step = program.name;
  command.tool_kind = program.kind;
  command.attempt = command.max_attempts = 1;
  command.timeout = program.timeout.count() > 0 ? std::min(program.timeout, settings_.timeout) : settings_.timeout;
  command.context = context_of(program, event);
  loop::RunSettings settings{.worker_id = settings_.worker_id, .limits = settings_.limits};
  settings.limits.result_bytes_max = std::min(settings.limits.result_bytes_max, result_bytes_max);
  auto report = loop::run_command(command, program.tool, stop_.get_token(), settings);
  program.counts.with([&](Program::Counts& counts) {
    ++counts.events;
    if (report.outcome != domain::Outcome::completed) ++counts.failures;
    counts.last_event_type = event.event_type;
  });
  return {.status = status_of(report.outcome),
          .result = std::move(report.result),
          .error = report.error ? error_json(*report.error) : std::string(),
          .output = cut(std::move(report.output), output_max)};
}

}  // namespace noetl::control
