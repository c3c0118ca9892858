#pragma once
// Owners of nats.c's objects without its header: nothing outside this folder includes <nats/nats.h>.
#include <memory>

struct __natsConnection;
struct __natsSubscription;
struct __natsMsg;
struct __jsCtx;

namespace noetl::nats {

struct HandleRelease {
  void operator()(__natsSubscription* subscription) const noexcept;
  void operator()(__natsMsg* message) const noexcept;
  void operator()(__jsCtx* context) const noexcept;
};

using SubscriptionHandle = std::unique_ptr<__natsSubscription, HandleRelease>;
// What nats.c has made, counted as open until it goes.
[[nodiscard]] SubscriptionHandle own_subscription(__natsSubscription* made);
using MessageHandle = std::unique_ptr<__natsMsg, HandleRelease>;
using ContextHandle = std::unique_ptr<__jsCtx, HandleRelease>;

// On the stack of every thread of ours that calls NATS: gives back what nats.c keeps per thread.
class ThreadScope {
 public:
  ThreadScope() = default;
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;
  ~ThreadScope();
};

}  // namespace noetl::nats
