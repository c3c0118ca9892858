#include "shared/nats/failure.hpp"

#include "shared/nats/handles.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {
namespace {

base::ErrorCode code_of(natsStatus status, int jetstream_code) {
  if (jetstream_code == stream_not_found || jetstream_code == consumer_not_found) return base::ErrorCode::not_found;
  switch (status) {
    case NATS_NOT_FOUND: return base::ErrorCode::not_found;
    case NATS_TIMEOUT: return base::ErrorCode::timeout;
    case NATS_CONNECTION_AUTH_FAILED: return base::ErrorCode::unauthenticated;
    case NATS_NOT_PERMITTED: return base::ErrorCode::forbidden;
    case NATS_MAX_PAYLOAD: return base::ErrorCode::payload_too_large;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_ADDRESS_MISSING: return base::ErrorCode::invalid_input;
    default: return base::ErrorCode::unavailable;
  }
}

}  // namespace

tl::unexpected<base::Error> nats_failure(natsStatus status, const std::string& tried, int jetstream_code) {
  std::string message = tried + ": " + natsStatus_GetText(status);
  if (const char* last = nats_GetLastError(nullptr); last != nullptr && *last != '\0')
    message += std::string(" (") + last + ")";
  if (jetstream_code != 0) message += " [JetStream error " + std::to_string(jetstream_code) + "]";
  return base::failure(code_of(status, jetstream_code), std::move(message));
}

void HandleRelease::operator()(__natsSubscription* subscription) const noexcept {
  traffic().subscription_closed();
  natsSubscription_Destroy(subscription);
}
SubscriptionHandle own_subscription(natsSubscription* made) {
  if (made != nullptr) traffic().subscription_opened();
  return SubscriptionHandle(made);
}
void HandleRelease::operator()(__natsMsg* message) const noexcept { natsMsg_Destroy(message); }
void HandleRelease::operator()(__jsCtx* context) const noexcept { jsCtx_Destroy(context); }

ThreadScope::~ThreadScope() { nats_ReleaseThreadMemory(); }

}  // namespace noetl::nats
