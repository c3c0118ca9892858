#pragma once
// ConfigBucket: reads a key-value bucket of NATS with settings that change at run time, every interval. It sets the program's log
// level; a server makes the bucket and is given every key. NATS, or the bucket, may be away: then everything stays as it is. Its
// thread is its own; the connection must outlive it.
#include <chrono>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/service/config_keys.hpp"

namespace noetl::service {

struct ConfigBucketSettings {
  std::string bucket;
  std::string program;  // server or worker, as keys name it
  std::string id;  // of this process
  telemetry::LogLevel log_level = telemetry::LogLevel::info;  // while no key sets another
  std::chrono::milliseconds interval{5000};
  // Not empty: the program reads every key, and makes the bucket where there is none. Called after each look; may throw.
  std::function<void(const ConfigKeys& keys)> apply;
  int replicas = 1;
};

class ConfigBucket {
 public:
  static constexpr std::size_t keys_max = 1000;

  ConfigBucket(nats::Connection& connection, ConfigBucketSettings settings);
  ~ConfigBucket() = default;
  ConfigBucket(const ConfigBucket&) = delete;
  ConfigBucket& operator=(const ConfigBucket&) = delete;

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] base::Result<void> look();
  [[nodiscard]] base::Result<std::set<std::string>> names();
  [[nodiscard]] base::Result<void> make();
  [[nodiscard]] base::Result<std::string> ask(const std::string& subject, const std::string& body);
  void apply_log_level(const ConfigKeys& keys);

  nats::Connection& connection_;
  const ConfigBucketSettings settings_;
  FaultLog faults_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace noetl::service
