#include "server/events_out.hpp"

#include <stdexcept>

#include "server/notifier_settings.hpp"
#include "shared/base/text/names.hpp"

namespace noetl::server {
namespace {

void check(const config::ServerSettings& settings) {
  if (settings.nats.address.url == "none")
    throw std::runtime_error("publish-events: nats-url is none, and events are published over NATS");
  if (const auto checked = nats::check_name("nats-events-stream", settings.events.stream); !checked)
    throw std::runtime_error(checked.error().message);
  if (const auto subject = feed::subject_of_event(settings.events.subject, "path", "type"); !subject)
    throw std::runtime_error("nats-events-subject: " + subject.error().message);
  for (const auto& reader : base::names_of(settings.events.readers)) {
    if (const auto checked = nats::check_name("nats-events-readers", reader); !checked)
      throw std::runtime_error(checked.error().message);
  }
}

void expose(telemetry::Metrics& metrics, const feed::EventFeed& feed) {
  const auto count = [&](const char* name, const char* help, std::uint64_t feed::EventFeedCounts::*field) {
    metrics.counter_from(name, help, [&feed, field] { return static_cast<double>(feed.counts().*field); });
  };
  count("noetl_events_published_total", "Events of executions that this server has put into the stream of events",
        &feed::EventFeedCounts::published);
  count("noetl_events_omitted_total", "Of those, events whose payload was too large for NATS and was left out",
        &feed::EventFeedCounts::omitted);
  count("noetl_events_failures_total", "Times at which events could not be published: Postgres or NATS was away",
        &feed::EventFeedCounts::failures);
  const auto behind = metrics.gauge("noetl_events_behind_seconds",
                                    "Since this server last published all events there were; 0 where another does");
  metrics.before_expose([&feed, behind] { behind.set(feed.counts().behind_seconds); });
}

}  // namespace

std::unique_ptr<feed::EventFeed> start_event_feed(const config::ServerSettings& settings,
                                                  std::function<bool()> is_leading, telemetry::Metrics& metrics) {
  if (!settings.events.is_published) return nullptr;
  check(settings);
  auto nats = notifier_settings(settings).nats;
  nats.name = "noetl-server-events";
  auto feed = std::make_unique<feed::EventFeed>(feed::EventFeedSettings{
      .database_url = settings.database_url,
      .nats = std::move(nats),
      .stream = {.name = settings.events.stream,
                 .subjects = {settings.events.subject + ".>"},
                 .max_age = std::chrono::duration_cast<std::chrono::seconds>(settings.events.age),
                 .bytes_max = static_cast<std::int64_t>(settings.events.bytes),
                 .replicas = settings.nats.replicas},
      .subject = settings.events.subject,
      .readers = base::names_of(settings.events.readers),
      .is_leading = std::move(is_leading)});
  expose(metrics, *feed);
  return feed;
}

}  // namespace noetl::server
