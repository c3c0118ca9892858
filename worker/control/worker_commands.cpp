#include "worker/control/worker_commands.hpp"

#include <nlohmann/json.hpp>

#include "shared/base/text/same_secret.hpp"

namespace noetl::control {
namespace {

using Json = nlohmann::json;

}  // namespace

base::Result<std::unique_ptr<WorkerCommands>> WorkerCommands::start(nats::Connection& connection,
                                                                    WorkerCommandsSettings settings,
                                                                    loop::WorkerOrders& orders,
                                                                    const loop::WorkerCounts& counts) {
  // The constructor is private.
  std::unique_ptr<WorkerCommands> made(new WorkerCommands(connection, std::move(settings), orders, counts));
  auto filter = nats::SubjectFilter::parse(made->subject_filter_);
  if (!filter) return base::failure(std::move(filter.error()));
  if (auto listening = made->responder_.listen(*filter, {}); !listening)
    return base::failure(std::move(listening.error()));
  return made;
}

WorkerCommands::WorkerCommands(nats::Connection& connection, WorkerCommandsSettings settings,
                               loop::WorkerOrders& orders, const loop::WorkerCounts& counts)
    : settings_(std::move(settings)),
      subject_filter_(settings_.prefix + ".cmd." + settings_.worker_id + ".*"),
      orders_(orders),
      counts_(counts),
      responder_(connection, [this](nats::Responder& responder, nats::Responder::Incoming request) {
        answer(responder, request);
      }) {}

WorkerCommands::~WorkerCommands() { responder_.stop(); }

void WorkerCommands::answer(nats::Responder& responder, const nats::Responder::Incoming& request) {
  ++requests_;
  const auto refuse = [&](const char* status, const char* code, const std::string& detail) {
    ++errors_;
    responder.answer(request,
                     {{"Noetl-Status", status}, {"Nats-Service-Error-Code", status}, {"Nats-Service-Error", code}},
                     Json{{"code", code}, {"detail", detail}}.dump());
  };
  const std::string bearer = "Bearer " + settings_.token;
  if (!settings_.token.empty() && !base::is_same_secret(nats::header_of(request.headers, "authorization"), bearer))
    return refuse("401", "unauthenticated",
                  "the worker asks for the header 'Authorization: Bearer <token>', with its own token");
  const std::string command = request.subject.substr(request.subject.rfind('.') + 1);
  const std::string said = obey(command);
  if (said.empty())
    return refuse("404", "not_found", "no command '" + command + "': ping, status, drain, pause and resume are");
  responder.answer(request, {{"Noetl-Status", "200"}}, said);
}

std::string WorkerCommands::obey(const std::string& command) {
  Json said{{"id", settings_.worker_id}, {"name", command}};
  if (command == "drain")
    orders_.should_drain = true;
  else if (command == "pause" || command == "resume")
    orders_.is_paused = command == "pause";
  else if (command != "ping" && command != "status")
    return {};
  said["status"] = orders_.should_drain || counts_.is_draining ? "draining"
                   : orders_.is_paused                         ? "paused"
                   : counts_.is_registered                     ? "ready"
                                                               : "starting";
  if (command == "status") {
    said["pool"] = settings_.pool;
    said["slots"] = settings_.slots;
    said["running"] = counts_.running.load();
    said["claimed"] = counts_.claimed.load();
    said["completed"] = counts_.completed.load();
    said["failed"] = counts_.failed.load();
  }
  return said.dump();
}

}  // namespace noetl::control
