#pragma once
// EventFeed: publishes the events of executions to a stream after their commit, in an order without gaps, each once. It looks at what has
// become visible in Postgres; the transactions themselves know nothing of it. It goes on after what the stream has, or after what it
// kept in Postgres, whichever is later. It works in the server that leads in the background duties. One thread of its own.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/feed/commit_window.hpp"
#include "server/feed/event_message.hpp"
#include "server/postgres/connection_pool.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"

namespace noetl::feed {

inline constexpr const char* checkpoint_name = "noetl.events";

struct EventFeedSettings {
  std::string database_url;
  nats::ConnectionSettings nats;
  nats::StreamSettings stream;
  std::string subject;  // before path and type
  std::vector<std::string> readers = {};  // durable consumers to be made, for programs that may make none
  std::function<bool()> is_leading;
};

struct EventFeedCounts {
  std::uint64_t published = 0;
  std::uint64_t repeated = 0;  // that the stream had already
  std::uint64_t failures = 0;  // looks that did not come to their end
  std::uint64_t omitted = 0;  // events whose payload is too large for NATS
  std::uint64_t looks = 0;
  double behind_seconds = 0;  // since the last look that came to its end; 0: another server leads
};

class EventFeed {
 public:
  explicit EventFeed(EventFeedSettings settings);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  [[nodiscard]] EventFeedCounts counts() const;

  static constexpr std::chrono::milliseconds look_interval{50};
  static constexpr int rest_factor = 4;  // of the time that a look took
  static constexpr int page = 500;

 private:
  struct Link;  // a connection and where the stream and the look are
  void run(const std::stop_token& stop);
  void work(const std::stop_token& stop);
  void wait(const std::stop_token& stop, std::chrono::milliseconds time);
  [[nodiscard]] base::Result<std::unique_ptr<Link>> open();
  [[nodiscard]] base::Result<void> begin(Link& link);
  void make_readers(nats::JetStream& jetstream) const;
  [[nodiscard]] base::Result<std::optional<FeedPosition>> last_position(nats::Connection& connection,
                                                                        std::uint64_t last_sequence) const;
  [[nodiscard]] base::Result<void> look(Link& link);
  // The events of a look beyond position.event_id.
  [[nodiscard]] base::Result<std::size_t> publish(Link& link, FeedPosition position);
  [[nodiscard]] base::Result<void> keep(Link& link, FeedPosition done);

  const EventFeedSettings settings_;
  postgres::ConnectionPool connections_;  // of one: a look takes none away from requests, nor waits for them
  std::atomic<std::uint64_t> published_{0}, repeated_{0}, failures_{0}, omitted_{0}, looks_{0};
  std::atomic<std::int64_t> ended_at_ms_{0};  // of the steady clock; 0: another leads
  std::mutex mutex_;
  std::condition_variable_any wakes_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace noetl::feed
