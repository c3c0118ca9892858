#include "worker/control/worker_commands.hpp"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/domain/json_text.hpp"
#include "shared/nats/handles.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::control {
namespace {

using Json = nlohmann::json;
using base::ErrorCode;
using Name = wire::WorkerCommandName;
using Answer = WorkerCommands::Answer;

constexpr std::size_t calls_at_once = 2;
constexpr std::chrono::seconds busy_for{1};

Answer refusal(const base::Error& error) {
  return {.status = wire::mapping_of(error.code).http_status,
          .body = wire::encode_problem(error),
          .code = std::string(base::to_string(error.code)),
          .retry_after = error.retry_after};
}

Answer saturated(const std::string& what) {
  return refusal({.code = ErrorCode::saturated,
                  .message = what + ": send it again after the time in Retry-After",
                  .field = {},
                  .retry_after = busy_for,
                  .details = {}});
}

Answer done(const Json& said) { return {.status = 200, .body = domain::json_text(said), .code = {}}; }

Json json_of_text(const std::string& text) { return text.empty() ? Json() : Json::parse(text, nullptr, false); }

void add_outcome(Json& to, const EventOutcome& outcome) {
  to["status"] = outcome.status;
  to["result"] = json_of_text(outcome.result);
  if (!outcome.error.empty()) to["error"] = json_of_text(outcome.error);
  if (!outcome.output.empty()) to["output"] = outcome.output;
  if (outcome.status == "completed" && outcome.result.empty()) to["is_result_left_out"] = true;
}

Json batch_outcomes(Json said, const std::vector<EventOutcome>& outcomes) {
  std::map<std::string, int> counts{{"completed", 0}, {"failed", 0}, {"cancelled", 0}, {"not_run", 0}};
  Json list = Json::array();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ++counts[outcomes[i].status];
    Json one{{"index", i}};
    add_outcome(one, outcomes[i]);
    list.push_back(std::move(one));
  }
  const bool is_complete = counts["completed"] == static_cast<int>(outcomes.size());
  said["status"] = is_complete ? "completed" : counts["completed"] > 0 ? "partial" : "failed";
  said["events"] = outcomes.size();
  for (const auto& [status, count] : counts) said[status] = count;
  said["outcomes"] = std::move(list);
  return said;
}

Json checkpoint_of(Program& program) {
  Json json{{"name", program.name}, {"source", program.source}, {"kind", program.kind}};
  program.counts.with([&](const Program::Counts& counts) {
    json["events"] = counts.events;
    json["failures"] = counts.failures;
    json["last_event_type"] = counts.last_event_type;
  });
  return json;
}

}  // namespace

WorkerCommands::WorkerCommands(Parts parts, WorkerCommandsSettings settings)
    : parts_(std::move(parts)),
      settings_(std::move(settings)),
      deployments_(parts_.registry, settings_.deployments_max),
      runs_(settings_.runs),
      calls_(calls_at_once) {}

WorkerCommands::~WorkerCommands() { calls_.hand_back_all(); }

void WorkerCommands::obey(const std::string& name, std::string body, Reply reply) {
  const auto* kind = wire::worker_command_of(name);
  // Their bodies are empty: there is nothing to wait for.
  if (kind == nullptr || kind->fields.empty()) {
    const auto request = wire::decode_worker_command(name, body);
    return reply(request ? obeyed_at_once(*request) : refusal(request.error()));
  }
  if (++open_calls_ > calls_max) {
    --open_calls_;
    return reply(saturated("this worker obeys " + std::to_string(calls_max) + " commands just now"));
  }
  // Shared by the two ways in which it may end.
  const auto shared = std::make_shared<std::pair<std::string, Reply>>(std::move(body), std::move(reply));
  calls_.submit({.run =
                     [this, name, shared] {
                       const nats::ThreadScope scope;
                       const auto request = wire::decode_worker_command(name, std::exchange(shared->first, {}));
                       if (request)
                         obey_later(*request, shared->second);
                       else
                         shared->second(refusal(request.error()));
                       --open_calls_;
                     },
                 .hand_back = [shared] { shared->second(saturated("this worker ends")); },
                 .since = std::chrono::steady_clock::now()});
}

Json WorkerCommands::answer_of(const wire::WorkerCommandRequest& request, const char* status) const {
  return {{"id", settings_.worker_id}, {"name", request.kind->name}, {"status", status}};
}

Answer WorkerCommands::obeyed_at_once(const wire::WorkerCommandRequest& request) {
  auto& orders = parts_.orders;
  const auto& counts = parts_.counts;
  const auto id = request.kind->id;
  if (id == Name::drain) {
    orders.should_drain = true;
    orders.hurry();
  }
  if (id == Name::pause || id == Name::resume) orders.is_paused = id == Name::pause;
  Json said = answer_of(request, orders.should_drain || counts.is_draining ? "draining"
                                 : orders.is_paused                        ? "paused"
                                 : counts.is_registered                    ? "ready"
                                                                           : "starting");
  if (id != Name::status) return done(said);
  said["pool"] = settings_.pool;
  said["slots"] = settings_.slots;
  said["running"] = counts.running.load();
  said["claimed"] = counts.claimed.load();
  said["completed"] = counts.completed.load();
  said["failed"] = counts.failed.load();
  said["deployments"] = deployments_.names();
  return done(said);
}

void WorkerCommands::obey_later(const wire::WorkerCommandRequest& request, const Reply& reply) {
  switch (request.kind->id) {
    case Name::cancel: return reply(cancel(request));
    case Name::deploy: return reply(deploy(request));
    case Name::undeploy: return reply(undeploy(request));
    case Name::checkpoint: return reply(checkpoint(request));
    case Name::restore: return reply(restore(request));
    case Name::inject:
      if (request.execution_id.is_set()) return reply(record(request));
      return inject(request, reply);
    case Name::inject_batch: return inject(request, reply);
    case Name::ping:
    case Name::status:
    case Name::pause:
    case Name::resume:
    case Name::drain: return reply(obeyed_at_once(request));
  }
}

// The server decides; the heartbeat that follows at once has the commands whose tools are to be stopped.
Answer WorkerCommands::cancel(const wire::WorkerCommandRequest& request) {
  Json body = Json::object();
  if (request.queue_id.is_set()) body["queue_id"] = request.queue_id.str();
  if (request.execution_id.is_set()) body["execution_id"] = request.execution_id.str();
  if (!request.reason.empty()) body["reason"] = request.reason;
  const auto said = parts_.ask_server("/api/v2/workers/" + settings_.worker_id + "/cancel", domain::json_text(body));
  if (!said) return refusal(said.error());
  parts_.orders.hurry();
  Json answer = answer_of(request, "cancelled");
  const auto told = Json::parse(*said, nullptr, false);
  if (told.is_object()) answer.update(told);
  return done(answer);
}

Answer WorkerCommands::record(const wire::WorkerCommandRequest& request) {
  const auto& event = request.events.front();
  const Json body{{"execution_id", request.execution_id.str()},
                  {"event_type", event.event_type},
                  {"fields", Json::parse(event.fields)}};
  const auto said = parts_.ask_server("/api/v2/workers/" + settings_.worker_id + "/inject", domain::json_text(body));
  if (!said) return refusal(said.error());
  Json answer = answer_of(request, "recorded");
  answer["execution_id"] = request.execution_id.str();
  const auto told = Json::parse(*said, nullptr, false);
  if (told.is_object()) answer["event_id"] = told.value("event_id", "");
  return done(answer);
}

Answer WorkerCommands::deploy(const wire::WorkerCommandRequest& request) {
  const auto made = deployments_.deploy({.name = request.pipeline_id, .source = request.source});
  if (!made) return refusal(made.error());
  Json answer = answer_of(request, "deployed");
  answer["pipeline_id"] = request.pipeline_id;
  return done(answer);
}

Answer WorkerCommands::undeploy(const wire::WorkerCommandRequest& request) {
  const auto gone = deployments_.undeploy(request.pipeline_id);
  if (!gone) return refusal(gone.error());
  Json answer = answer_of(request, "undeployed");
  answer["pipeline_id"] = request.pipeline_id;
  return done(answer);
}

Answer WorkerCommands::checkpoint(const wire::WorkerCommandRequest& request) const {
  Json answer = answer_of(request, "checkpointed");
  if (!request.pipeline_id.empty()) {
    const auto program = deployments_.find(request.pipeline_id);
    if (!program) return refusal(program.error());
    answer["pipeline_id"] = request.pipeline_id;
    answer["checkpoint"] = checkpoint_of(**program);
    return done(answer);
  }
  Json deployments = Json::array();
  for (const auto& program : deployments_.all()) deployments.push_back(checkpoint_of(*program));
  Json running = Json::array();
  for (const auto& one : parts_.running.now())
    running.push_back({{"queue_id", one.lease.queue_id.str()}, {"step", one.step}, {"attempt", one.attempt}});
  answer["checkpoint"] = {{"deployments", std::move(deployments)},
                          {"is_paused", parts_.orders.is_paused.load()},
                          {"running", std::move(running)}};
  return done(answer);
}

Answer WorkerCommands::restore(const wire::WorkerCommandRequest& request) {
  const auto& wanted = request.checkpoint;
  if (!wanted.deployments.empty()) {
    const auto made = deployments_.deploy_all(wanted.deployments);
    if (!made) return refusal(made.error());
  }
  if (wanted.is_paused) parts_.orders.is_paused = *wanted.is_paused;
  Json answer = answer_of(request, "restored");
  Json names = Json::array();
  for (const auto& one : wanted.deployments) names.push_back(one.name);
  if (!request.pipeline_id.empty()) answer["pipeline_id"] = request.pipeline_id;
  answer["deployments"] = std::move(names);
  answer["detail"] =
      "commands that ran are not restored: by their leases in Postgres they run again where they are claimed";
  return done(answer);
}

void WorkerCommands::inject(const wire::WorkerCommandRequest& request, const Reply& reply) {
  auto program = deployments_.find(request.pipeline_id);
  if (!program) return reply(refusal(program.error()));
  Json said = answer_of(request, "completed");
  said["pipeline_id"] = request.pipeline_id;
  const bool is_batch = request.kind->id == Name::inject_batch;
  const bool is_taken = runs_.submit(std::move(*program), request.events,
                                     [said, is_batch, reply](const std::vector<EventOutcome>& outcomes) {
                                       if (is_batch) return reply(done(batch_outcomes(said, outcomes)));
                                       Json answer = said;
                                       add_outcome(answer, outcomes.front());
                                       reply(done(answer));
                                     });
  if (!is_taken)
    reply(saturated(std::to_string(settings_.runs.at_once) + " programs run and " +
                    std::to_string(ProgramRuns::waiting_max) + " wait (setting deployment-runs)"));
}

}  // namespace noetl::control
