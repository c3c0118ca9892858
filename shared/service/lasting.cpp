#include "shared/service/lasting.hpp"

#include <chrono>

#include "shared/base/backoff.hpp"
#include "shared/base/stop_wait.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::service {
namespace {

using std::chrono::milliseconds;

constexpr base::Backoff backoff{.kind = base::BackoffKind::exponential,
                                .initial = milliseconds(500),
                                .delay_max = milliseconds(10'000),
                                .multiplier = 2.0};
constexpr milliseconds look_interval{500};  // for a connection that was closed

}  // namespace

Lasting::Lasting(nats::ConnectionSettings settings, std::string what, Start start)
    : settings_(std::move(settings)),
      what_(std::move(what)),
      start_(std::move(start)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Lasting::~Lasting() = default;

base::Result<void> Lasting::live(const std::stop_token& stop) {
  auto connection = nats::Connection::open(settings_);
  if (!connection) return base::failure(std::move(connection.error()));
  auto started = start_(**connection);
  if (!started) return base::failure(std::move(started.error()));
  while (!stop.stop_requested() && !(*connection)->is_closed()) base::wait_for_stop(stop, look_interval);
  started->reset();  // before the connection
  return {};
}

void Lasting::run(const std::stop_token& stop) {
  base::name_thread("lasting");
  const nats::ThreadScope scope;
  std::string told;
  for (int failures = 0; !stop.stop_requested();) {
    std::string failure;
    try {
      if (const auto lived = live(stop); !lived) failure = lived.error().message;
    } catch (const std::exception& error) {
      failure = error.what();
    }
    if (failure.empty()) failures = 0;
    if (!failure.empty() && failure != told)
      telemetry::log_warn("nats", what_ + ": not there, will be tried again: " + failure);
    told = failure;
    ++failures;
    if (!stop.stop_requested()) base::wait_for_stop(stop, backoff.delay_after(failures));
  }
}

}  // namespace noetl::service
