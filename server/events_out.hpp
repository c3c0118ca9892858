#pragma once
// events_out: starts what publishes the events of executions, where the settings want it, and shows its counts. Called once by run_server.
#include <functional>
#include <memory>

#include "server/feed/event_feed.hpp"
#include "shared/config/program_settings.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::server {

// Nothing when they are not published. Throws std::runtime_error on settings that can never work.
[[nodiscard]] std::unique_ptr<feed::EventFeed> start_event_feed(const config::ServerSettings& settings,
                                                                std::function<bool()> is_leading,
                                                                telemetry::Metrics& metrics);

}  // namespace noetl::server
