#include "shared/transport/nats_transport.hpp"

#include <charconv>

#include "shared/wire/messages/worker.hpp"
#include "shared/wire/operations/worker_operations.hpp"

namespace noetl::transport {
namespace {

std::string_view method_of(auto verb) {
  using Verb = decltype(verb);
  return verb == Verb::post ? "POST" : verb == Verb::get ? "GET" : "DELETE";
}

}  // namespace

NatsTransport::NatsTransport(NatsSettings settings)
    : settings_(std::move(settings)), instance_(settings_.instance.empty() ? new_instance() : settings_.instance) {}

base::Result<std::shared_ptr<NatsTransport::Line>> NatsTransport::line() {
  const std::lock_guard lock(mutex_);
  if (line_ && !line_->connection->is_closed()) return line_;
  line_.reset();
  auto connection = nats::Connection::open(settings_.connection);
  if (!connection) return base::failure(std::move(connection.error()));
  auto requester = nats::Requester::open(**connection);
  if (!requester) return base::failure(std::move(requester.error()));
  line_ = std::make_shared<Line>(Line{.connection = std::move(*connection), .requester = std::move(*requester)});
  return line_;
}

base::Result<std::string> NatsTransport::send(const Call& call) {
  const auto* operation = wire::worker_operation_of(method_of(call.verb), call.path);
  if (operation == nullptr)
    return base::failure(base::ErrorCode::unsupported,
                         "no subject of NATS stands for " + std::string(method_of(call.verb)) + " " + call.path);
  auto subject = nats::Subject::parse(wire::subject_of(settings_.prefix, *operation, settings_.worker_id));
  if (!subject) return base::failure(std::move(subject.error()));
  nats::Headers headers{{wire::instance_header, instance_}};
  if (!settings_.token.empty()) headers.emplace_back("Authorization", "Bearer " + settings_.token);
  if (operation->path.empty()) headers.emplace_back(wire::path_header, call.path);
  const auto line = this->line();
  if (!line) return base::failure(line.error());
  auto answer = (*line)->requester->request(*subject, headers, call.body, settings_.answer_timeout + call.patience);
  if (!answer) return base::failure(std::move(answer.error()));
  int status = 0;
  const auto told = nats::header_of(answer->headers, wire::status_header);
  std::from_chars(told.data(), told.data() + told.size(), status);
  if (status >= 200 && status < 300) return std::move(answer->bytes);
  return base::failure(problem_of(status, answer->bytes, nats::header_of(answer->headers, "Retry-After")));
}

}  // namespace noetl::transport
