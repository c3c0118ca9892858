#pragma once
// JetStream: streams and durable pull consumers of one connection. ensure_* create what is missing and adopt what is
// there: a difference is reported as drift, never silently altered, because an operator may have meant it; but for consumers
// that no operator makes (is_kept_up).
// Any thread; calls wait for the server up to `patience`.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/pull_subscription.hpp"

namespace noetl::nats {

// File storage; limits retention and discard old, unless it is a work queue.
struct StreamSettings {
  std::string name;
  std::vector<std::string> subjects;
  std::chrono::seconds max_age{3600};
  std::chrono::seconds duplicate_window{120};
  std::int64_t bytes_max = -1;
  int replicas = 1;
  // What is acknowledged leaves the stream, and a full one refuses messages instead of dropping the oldest.
  bool is_work_queue = false;
};

// Pull, explicit ack, deliver all.
struct ConsumerSettings {
  std::string durable;
  std::string filter_subject;
  std::chrono::milliseconds ack_wait{30'000};
  int deliveries_max = 3;
  int acks_pending_max = 20'000;
  // One that is there gets these waits and bounds when it has others, and is not reported: nobody but us makes it.
  bool is_kept_up = false;
};

struct StreamState {
  bool is_new = false;
  std::vector<std::string> drift;  // "max_age is 7200 s, expected 3600 s"
  std::vector<std::string> subjects;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last_sequence = 0;
};

struct ConsumerState {
  bool is_new = false;
  std::vector<std::string> drift;
  std::uint64_t waiting = 0;  // not yet delivered
  std::uint64_t acks_pending = 0;  // delivered, not yet answered
  std::uint64_t redelivered = 0;
  std::uint64_t delivered_until = 0;  // stream sequence of the newest that was delivered; 0: none yet
};

class JetStream {
 public:
  explicit JetStream(Connection& connection, std::chrono::milliseconds patience = std::chrono::milliseconds(2000));
  JetStream(const JetStream&) = delete;
  JetStream& operator=(const JetStream&) = delete;

  [[nodiscard]] base::Result<StreamState> ensure_stream(const StreamSettings& settings);
  [[nodiscard]] base::Result<StreamState> find_stream(const std::string& stream);  // not_found when it is missing
  // The same with what differs from the settings; makes nothing.
  [[nodiscard]] base::Result<StreamState> compare_stream(const StreamSettings& settings);
  [[nodiscard]] base::Result<void> remove_stream(const std::string& stream);

  [[nodiscard]] base::Result<ConsumerState> ensure_consumer(const std::string& stream,
                                                            const ConsumerSettings& settings);
  [[nodiscard]] base::Result<ConsumerState> find_consumer(const std::string& stream, const std::string& durable);
  [[nodiscard]] base::Result<ConsumerState> compare_consumer(const std::string& stream,
                                                             const ConsumerSettings& settings);
  [[nodiscard]] base::Result<std::vector<std::string>> consumer_names(const std::string& stream);
  [[nodiscard]] base::Result<void> remove_consumer(const std::string& stream, const std::string& durable);

  // The bytes of a message that a stream keeps. not_found: it has left the stream.
  [[nodiscard]] base::Result<std::string> message_at(const std::string& stream, std::uint64_t sequence);

  // When a stream stored that message, in milliseconds since 1970. not_found: it has left the stream.
  [[nodiscard]] base::Result<std::int64_t> stored_at(const std::string& stream, std::uint64_t sequence);

  // Waits for the server's word. `message_id`: within the duplicate window a second one is dropped; may be empty.
  // not_found: no stream has that subject.
  [[nodiscard]] base::Result<void> publish(const Subject& subject, std::string_view bytes,
                                           const std::string& message_id = {});

  // A pull subscription on a consumer that exists.
  [[nodiscard]] base::Result<std::unique_ptr<PullSubscription>> pull(const PullSource& source);

 private:
  [[nodiscard]] base::Result<MessageHandle> message(const std::string& stream, std::uint64_t sequence);

  Connection& connection_;
  const std::chrono::milliseconds patience_;
  ContextHandle context_;
};

}  // namespace noetl::nats
