#pragma once
// ExecutionStream: requests for executions that wait in a work-queue stream of JetStream until a server has started them. One durable
// consumer for all servers. A message is acknowledged after the commit of its execution and of its key, which are one transaction, so
// it starts one execution however often it is delivered. Its threads are its own; application and connection must outlive it.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "server/cluster/exchange_log.hpp"
#include "server/cluster/execution_routes.hpp"
#include "shared/base/result.hpp"
#include "shared/http/application.hpp"
#include "shared/http/handler_pool.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/message.hpp"

namespace noetl::cluster {

struct ExecutionStreamSettings {
  std::string stream;
  std::string subject;  // the session follows
  std::string answer_prefix;  // of the subjects that answers are published to; the session follows
  std::string playbook;  // as ExecutionRoutesSettings has it
  std::chrono::seconds age_max{7L * 24 * 3600};
  std::int64_t bytes_max = 1024L * 1024 * 1024;  // of the stream: a full one refuses
  int replicas = 1;
};

class ExecutionStream {
 public:
  static constexpr const char* consumer = "noetl-server";
  static constexpr int in_flight_max = 64;  // messages that this server holds at once
  static constexpr std::size_t threads_max = 8;

  ExecutionStream(http::Application& application, nats::Connection& connection, ExecutionStreamSettings settings);
  ~ExecutionStream();
  ExecutionStream(const ExecutionStream&) = delete;
  ExecutionStream& operator=(const ExecutionStream&) = delete;

  [[nodiscard]] const ExecutionStreamSettings& settings() const { return settings_; }
  // Since start; any thread.
  struct Counts {
    std::atomic<std::uint64_t> requests{0};  // answered, whatever the answer
    std::atomic<std::uint64_t> refused{0};  // of those: never to be delivered again
    std::atomic<std::uint64_t> delayed{0};  // deliveries that the server could not answer yet
    std::atomic<std::uint64_t> processing_ns{0};
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] base::Result<void> serve(const std::stop_token& stop);
  [[nodiscard]] base::Result<void> ensure(nats::JetStream& jetstream);
  void handle(const nats::Message& message);
  [[nodiscard]] http::Response respond(const nats::Message& message, Exchange& exchange);
  void tell(const nats::Message& message, const http::Response& response);
  void release_slot();

  http::Application& application_;
  nats::Connection& connection_;
  const ExecutionStreamSettings settings_;
  Counts counts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int in_flight_ = 0;  // guarded by mutex_
  std::unique_ptr<http::HandlerPool> pool_;
  std::jthread fetching_;  // last: it uses the others
};

}  // namespace noetl::cluster
