#pragma once
// Traffic: what a process sends and receives on NATS, by family of subjects. One for the process, as nats.c itself is one. Counts grow;
// any thread, without a lock.
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace noetl::nats {

// What subjects begin with; the last two are answers to requests, and everything else.
inline constexpr std::array<std::string_view, 15> families{
    "noetl.commands", "noetl.dead",    "noetl.cluster", "noetl.workflow", "noetl.events",
    "noetl.pod",      "noetl.session", "health",        "discovery",      "$SRV",
    "$JS.ACK",        "$JS.API",       "$JS.EVENT",     "_INBOX",         "other"};
[[nodiscard]] std::size_t family_of(std::string_view subject);

inline constexpr std::array<double, 8> size_bounds{64, 256, 1024, 4096, 16'384, 65'536, 262'144, 1'048'576};  // bytes
inline constexpr std::array<double, 9> lag_bounds{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600};  // seconds

template <std::size_t Bounds>
struct Buckets {
  std::array<std::atomic<std::uint64_t>, Bounds + 1> counts{};
  std::atomic<std::uint64_t> sum{0};  // of sizes in bytes, of lags in microseconds
};

class Traffic {
 public:
  struct Family {
    std::atomic<std::uint64_t> published{0};
    std::atomic<std::uint64_t> publish_failed{0};
    std::atomic<std::uint64_t> received{0};
    Buckets<size_bounds.size()> sizes;  // of what was sent and received
  };

  void sent(std::string_view subject, std::size_t bytes, bool is_ok);
  void received(std::string_view subject, std::size_t bytes);
  // From the time that JetStream stored a message to the time that it came here.
  void delivered_after(std::chrono::microseconds lag);
  void subscription_opened() { ++subscriptions_; }
  void subscription_closed() { --subscriptions_; }
  void subscription_failed() {
    ++subscription_errors_;
  }  // a message was lost to a slow subscriber, a permission is missing

  [[nodiscard]] const std::array<Family, families.size()>& by_family() const { return by_family_; }
  [[nodiscard]] const Buckets<lag_bounds.size()>& lags() const { return lags_; }
  [[nodiscard]] std::int64_t subscriptions() const { return subscriptions_; }
  [[nodiscard]] std::uint64_t subscription_errors() const { return subscription_errors_; }

 private:
  std::array<Family, families.size()> by_family_;
  Buckets<lag_bounds.size()> lags_;
  std::atomic<std::int64_t> subscriptions_{0};
  std::atomic<std::uint64_t> subscription_errors_{0};
};

[[nodiscard]] Traffic& traffic();

}  // namespace noetl::nats
