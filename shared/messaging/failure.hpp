#pragma once
// Failure: what went wrong in this library, by kind, so that a program can act on it without reading the text. Values; any thread.
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "shared/base/error.hpp"

namespace noetl::messaging {

enum class FailureKind {
  settings,  // can never work: a bad subject, an empty name
  connect,  // no nats-server was reached, or it went away
  auth,  // it refused the login, or the right to do this
  subscribe,
  publish,  // refused, or no stream takes the subject
  timeout,  // whether it was done is not known
  saturated,  // as much is in flight as may be
  too_large,  // more bytes than the nats-server takes
  serialization,  // headers or payload are not what they say to be
  checksum,
  unknown_type,
  unknown_version,  // of the envelope, or of a known type
  handler,  // said that it failed, or threw
  checkpoint,  // the store of checkpoints failed
  conflict,  // somebody else moved the checkpoint or the stream
  gap,  // messages after the checkpoint have left the stream
  closed,
};

[[nodiscard]] std::string_view to_string(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::settings;
  std::string message;  // what was tried, on which subject, and what was found
  std::string subject = {};  // empty: of none
  int jetstream_code = 0;  // JetStream's own number for it; 0: it was not JetStream that refused
  [[nodiscard]] bool is_worth_another_try() const;
};

template <class T>
using Result = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> failure(FailureKind kind, std::string message, std::string subject = {}) {
  return tl::unexpected<Failure>(Failure{.kind = kind, .message = std::move(message), .subject = std::move(subject)});
}
[[nodiscard]] inline tl::unexpected<Failure> failure(Failure failed) {
  return tl::unexpected<Failure>(std::move(failed));
}

// An error of the layer below. `otherwise`: the kind of one that could be of any.
[[nodiscard]] Failure failure_of(const base::Error& error, FailureKind otherwise);

}  // namespace noetl::messaging
