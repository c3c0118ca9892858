#include "shared/messaging/failure.hpp"

namespace noetl::messaging {

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::settings: return "settings";
    case FailureKind::connect: return "connect";
    case FailureKind::auth: return "auth";
    case FailureKind::subscribe: return "subscribe";
    case FailureKind::publish: return "publish";
    case FailureKind::timeout: return "timeout";
    case FailureKind::saturated: return "saturated";
    case FailureKind::too_large: return "too_large";
    case FailureKind::serialization: return "serialization";
    case FailureKind::checksum: return "checksum";
    case FailureKind::unknown_type: return "unknown_type";
    case FailureKind::unknown_version: return "unknown_version";
    case FailureKind::handler: return "handler";
    case FailureKind::checkpoint: return "checkpoint";
    case FailureKind::conflict: return "conflict";
    case FailureKind::gap: return "gap";
    case FailureKind::closed: return "closed";
  }
  return "?";
}

bool Failure::is_worth_another_try() const {
  switch (kind) {
    case FailureKind::connect:
    case FailureKind::publish:
    case FailureKind::timeout:
    case FailureKind::saturated:
    case FailureKind::handler:
    case FailureKind::checkpoint:
    case FailureKind::subscribe: return true;
    default: return false;
  }
}

Failure failure_of(const base::Error& error, FailureKind otherwise) {
  const auto kind = [&] {
    switch (error.code) {
      case base::ErrorCode::unauthenticated:
      case base::ErrorCode::forbidden: return FailureKind::auth;
      case base::ErrorCode::timeout: return FailureKind::timeout;
      case base::ErrorCode::payload_too_large: return FailureKind::too_large;
      case base::ErrorCode::conflict: return FailureKind::conflict;
      case base::ErrorCode::invalid_input: return FailureKind::settings;
      default: return otherwise;
    }
  }();
  return {.kind = kind, .message = error.message, .subject = {}};
}

}  // namespace noetl::messaging
