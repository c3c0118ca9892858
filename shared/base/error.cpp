#include "shared/base/error.hpp"

namespace noetl::base {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input: return "invalid_input";
    case ErrorCode::invalid_playbook: return "invalid_playbook";
    case ErrorCode::malformed_body: return "malformed_body";
    case ErrorCode::payload_too_large: return "payload_too_large";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::method_not_allowed: return "method_not_allowed";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::active_claim: return "active_claim";
    case ErrorCode::already_terminal: return "already_terminal";
    case ErrorCode::execution_cancelled: return "execution_cancelled";
    case ErrorCode::lease_lost: return "lease_lost";
    case ErrorCode::unauthenticated: return "unauthenticated";
    case ErrorCode::forbidden: return "forbidden";
    case ErrorCode::saturated: return "saturated";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::schema_mismatch: return "schema_mismatch";
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

}  // namespace noetl::base
