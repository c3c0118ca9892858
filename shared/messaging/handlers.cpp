#include "shared/messaging/handlers.hpp"

#include <exception>

namespace noetl::messaging {

Handlers& Handlers::on(const std::string& type, int version_max, Handler handler) {
  routes_[type] = {.version_max = version_max, .handler = std::move(handler)};
  return *this;
}

Handlers& Handlers::on_others(Handler handler) {
  others_ = {.version_max = 0, .handler = std::move(handler)};
  return *this;
}

Handlers& Handlers::keep_only(Filter filter) {
  filter_ = std::move(filter);
  return *this;
}

Handlers& Handlers::on_failure(OnFailure told) {
  told_ = std::move(told);
  return *this;
}

Result<const Handlers::Route*> Handlers::route_of(const Envelope& envelope) const {
  const auto found = routes_.find(envelope.type);
  if (found == routes_.end() && others_.handler) return &others_;
  if (found == routes_.end())
    return failure(FailureKind::unknown_type, "no handler is there for type '" + envelope.type + "'");
  if (envelope.schema_version > found->second.version_max)
    return failure(FailureKind::unknown_version,
                   "type '" + envelope.type + "' has version " + std::to_string(envelope.schema_version) +
                       ", known here are those up to " + std::to_string(found->second.version_max));
  return &found->second;
}

Result<void> Handlers::run(Raw message) {
  auto envelope = open_envelope(message.headers, std::move(message.bytes));
  if (!envelope) return failure(envelope.error());
  auto event = event_headers_of(message.headers);
  const Received received{.subject = std::move(message.subject),
                          .reply = std::move(message.reply),
                          .headers = std::move(message.headers),
                          .event = std::move(event),
                          .envelope = std::move(*envelope),
                          .stream_sequence = message.stream_sequence,
                          .delivery = message.delivery,
                          .position = std::move(message.position)};
  try {
    if (filter_ && !filter_(received)) {
      ++filtered_;
      return {};
    }
    const auto route = route_of(received.envelope);
    if (!route) return failure(route.error());
    auto handled = (*route)->handler(received);
    if (handled) ++handled_;
    return handled;
  } catch (const std::exception& error) {  // a boundary: the handler is the caller's
    return failure(FailureKind::handler, "handler of '" + received.envelope.type + "': " + error.what());
  }
}

Result<void> Handlers::handle(Raw message) {
  std::string subject = message.subject;
  auto handled = run(std::move(message));
  if (handled) return handled;
  auto failed = std::move(handled.error());
  if (failed.subject.empty()) failed.subject = std::move(subject);
  count(failed);
  tell(failed);
  return failure(std::move(failed));
}

void Handlers::count(const Failure& failed) {
  switch (failed.kind) {
    case FailureKind::checksum:
    case FailureKind::serialization: ++corrupt_; return;
    case FailureKind::unknown_type:
    case FailureKind::unknown_version: ++unknown_; return;
    default: ++failed_;
  }
}

void Handlers::tell(const Failure& failed) const {
  if (!told_) return;
  try {
    told_(failed);
  } catch (...) {  // whom it tells is the caller's; the reader goes on
  }
}

ReceiveCounts Handlers::counts() const {
  return {.handled = handled_,
          .filtered = filtered_,
          .failed = failed_,
          .corrupt = corrupt_,
          .unknown = unknown_,
          .dropped = 0};
}

}  // namespace noetl::messaging
