#include "worker/control/nats_commands.hpp"

#include <utility>

#include "shared/base/text/same_secret.hpp"
#include "shared/nats/connection.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/operations/worker_operations.hpp"

namespace noetl::control {

base::Result<std::unique_ptr<NatsCommands>> NatsCommands::start(nats::Connection& connection,
                                                                NatsCommandsSettings settings,
                                                                WorkerCommands& commands) {
  // The constructor is private.
  std::unique_ptr<NatsCommands> made(new NatsCommands(connection, std::move(settings), commands));
  auto filter = nats::SubjectFilter::parse(made->subject_filter_);
  if (!filter) return base::failure(std::move(filter.error()));
  if (auto listening = made->responder_.listen(*filter, {}); !listening)
    return base::failure(std::move(listening.error()));
  return made;
}

NatsCommands::NatsCommands(nats::Connection& connection, NatsCommandsSettings settings, WorkerCommands& commands)
    : settings_(std::move(settings)),
      subject_filter_(settings_.prefix + ".cmd." + commands.settings().worker_id + ".*"),
      commands_(commands),
      responder_(connection,
                 [this](nats::Responder&, nats::Responder::Incoming request) { take(std::move(request)); }) {
  counts_->responder.with([&](nats::Responder*& responder) { responder = &responder_; });
}

NatsCommands::~NatsCommands() {
  responder_.stop();
  counts_->responder.with([](nats::Responder*& responder) { responder = nullptr; });
}

void NatsCommands::take(nats::Responder::Incoming request) {
  ++counts_->requests;
  const std::string bearer = "Bearer " + settings_.token;
  if (!settings_.token.empty() && !base::is_same_secret(nats::header_of(request.headers, "authorization"), bearer)) {
    const base::Error error{
        .code = base::ErrorCode::unauthenticated,
        .message = "the worker asks for the header 'Authorization: Bearer <token>', with its own token",
        .field = {},
        .details = {}};
    return answer(*counts_, request,
                  {.status = wire::mapping_of(error.code).http_status,
                   .body = wire::encode_problem(error),
                   .code = std::string(base::to_string(error.code))});
  }
  const std::string name = request.subject.substr(request.subject.rfind('.') + 1);
  auto body = std::exchange(request.bytes, {});
  commands_.obey(name, std::move(body),
                 [counts = counts_, request = std::move(request)](const WorkerCommands::Answer& said) {
                   answer(*counts, request, said);
                 });
}

void NatsCommands::answer(Counts& counts, const nats::Responder::Incoming& request,
                          const WorkerCommands::Answer& said) {
  nats::Headers headers{{wire::status_header, std::to_string(said.status)}};
  if (!said.code.empty()) {
    ++counts.errors;
    headers.emplace_back(wire::service_error_code_header, std::to_string(said.status));
    headers.emplace_back(wire::service_error_header, said.code);
  }
  if (said.retry_after.count() > 0)
    headers.emplace_back("Retry-After",
                         std::to_string(std::chrono::ceil<std::chrono::seconds>(said.retry_after).count()));
  // Whoever answers holds the responder: it cannot end meanwhile.
  counts.responder.with([&](nats::Responder* responder) {
    if (responder != nullptr) responder->answer(request, headers, said.body);
  });
}

}  // namespace noetl::control
