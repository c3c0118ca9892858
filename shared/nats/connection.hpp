#pragma once
// Connection: one connection to NATS that comes back by itself for ever. It opens while the server is
// away, too, and connects when it can. Any thread may call it. Its callbacks only set atomics and wake waiters.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/nats/handles.hpp"
#include "shared/nats/subject.hpp"

namespace noetl::nats {

struct ConnectionSettings {
  // user:password@ inside; several servers with commas. One tls:// among them, or any file of TLS below: nothing is sent
  // to a server that does not speak TLS, and its certificate must name the host.
  std::string url = "nats://127.0.0.1:4222";
  std::string user;  // instead of those in the url: any characters may be in them
  std::string password;
  std::string token;
  std::string credentials_file;
  std::string nkey_seed_file;  // of a user; instead of the three before
  std::string tls_ca_file;  // authorities to trust besides the system's
  std::string tls_certificate_file;  // both or none: what the server knows the client by
  std::string tls_key_file;
  std::string tls_host;  // the name that the server's certificate must have; empty: that of the url
  bool ignores_other_servers = false;  // those that the server tells of itself
  std::string name = "noetl";
  // Before the subjects that answers come to: a nats-server can permit each user its own, and nobody that of others.
  std::string inbox_prefix = "_INBOX";
  std::chrono::milliseconds connect_timeout{2000};
  // Before the second attempt to reconnect; it doubles with each up to the longest, and a random half is added.
  std::chrono::milliseconds reconnect_delay{200};
  std::chrono::milliseconds reconnect_delay_max{1000};
  int reconnects_max = 0;  // failed attempts at each server after which the connection is closed for good; 0: never
  // True: every write goes out at once (a fetch round trip takes 0.1 ms instead of 1.0 ms).
  // False: writes are gathered for up to 1 ms, cheaper for acks and floods.
  bool sends_asap = false;
};

// What arrived on a plain subject.
struct PlainMessage {
  std::string subject;
  std::string reply;
  std::string bytes;
};

// A plain subscription; messages wait in it (bounded by nats.c) until next() takes them. One thread.
class Subscription {
 public:
  Subscription(SubscriptionHandle handle, std::string subject);
  // Nothing when `patience` passed.
  [[nodiscard]] base::Result<std::optional<PlainMessage>> next(std::chrono::milliseconds patience);

 private:
  SubscriptionHandle handle_;
  std::string subject_;
};

class Connection {
 public:
  // Fails only on settings that can never work (URL, files) or a refused login; a server that is away is no failure.
  [[nodiscard]] static base::Result<std::unique_ptr<Connection>> open(const ConnectionSettings& settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool is_connected() const;
  // True for ever once nats.c has stopped trying (login refused twice, reconnects_max): open a new one.
  [[nodiscard]] bool is_closed() const;
  // Counts (re)connections: who keeps something on the server compares it to notice a restart.
  [[nodiscard]] std::uint64_t connection_count() const;
  [[nodiscard]] bool wait_connected(std::chrono::milliseconds patience) const;
  [[nodiscard]] const std::string& shown_url() const { return shown_url_; }  // without password
  // A subject below the connection's inbox prefix that nobody else has.
  [[nodiscard]] Subject new_inbox() const;

  [[nodiscard]] base::Result<void> publish(const Subject& subject, std::string_view bytes);
  [[nodiscard]] base::Result<std::string> request(const Subject& subject, std::string_view bytes,
                                                  std::chrono::milliseconds patience);
  // For whoever waits for the answers in a subscription of his own. nobody there: not_found from its next().
  [[nodiscard]] base::Result<void> publish_request(const Subject& subject, const Subject& reply,
                                                   std::string_view bytes);
  // `group` shares the messages among the subscribers of that name; empty: everyone gets all.
  [[nodiscard]] base::Result<std::unique_ptr<Subscription>> subscribe(const SubjectFilter& subject,
                                                                      const std::string& group = {});
  [[nodiscard]] base::Result<void> flush(std::chrono::milliseconds patience);

  [[nodiscard]] __natsConnection* handle() const { return handle_; }  // for this folder

  struct State;  // what callbacks touch

 private:
  explicit Connection(const ConnectionSettings& settings);

  std::string shown_url_;
  std::string inbox_prefix_;
  std::unique_ptr<State> state_;
  __natsConnection* handle_ = nullptr;
};

}  // namespace noetl::nats
