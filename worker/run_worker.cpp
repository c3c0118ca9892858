#include "worker/run_worker.hpp"

#include <exception>
#include <optional>

#include "shared/telemetry/log.hpp"
#include "shared/transport/http_transport.hpp"
#include "worker/health/health_server.hpp"
#include "worker/loop/secrets/credential_client.hpp"
#include "worker/loop/worker.hpp"
#include "worker/run_worker_tools.hpp"

namespace noetl::worker {
namespace {

loop::WorkerSettings loop_settings(const config::WorkerSettings& settings) {
  loop::WorkerSettings loop;
  loop.worker_id = settings.worker_id;
  loop.pool = settings.pool;
  loop.slots = settings.slots;
  loop.prefetch_max = settings.prefetch_max;
  loop.takes_direct_dispatch = settings.takes_direct_dispatch;
  loop.runs_ahead = settings.runs_ahead;
  loop.grace = settings.grace;
  loop.uses_nats = settings.nats.url != "none";
  loop.nats.url = settings.nats.url;
  loop.nats.user = settings.nats.user;
  loop.nats.password = settings.nats.password;
  loop.nats.token = settings.nats.token;
  loop.nats.credentials_file = settings.nats.credentials_file;
  loop.nats.inbox_prefix = settings.nats.inbox_prefix;
  loop.nats.tls_ca_file = settings.nats.ca_file;
  loop.nats.tls_certificate_file = settings.nats.certificate_file;
  loop.nats.tls_key_file = settings.nats.key_file;
  loop.nats.name = "noetl-worker";
  loop.limits = limits_of(settings);
  return loop;
}

}  // namespace

int run_worker(const config::WorkerSettings& settings, std::stop_token stop) {
  try {
    tools::Registry registry;
    add_tools(registry, settings);
    transport::HttpSettings http;
    http.server_url = settings.server_url;
    http.token = settings.token;
    http.tls_ca_file = settings.server_ca_file;
    transport::HttpTransport transport(http);
    const base::SystemClock clock;
    loop::CredentialClient secrets([&transport](const std::string& path) { return transport.get(path); },
                                   clock,
                                   [&transport](const std::string& path, const std::string& body) {
                                     return transport.post(path, body);
                                   });
    loop::Worker worker(loop_settings(settings), transport, registry, &secrets);
    telemetry::log_info("worker", "Worker starts",
                        {{"worker_id", worker.worker_id()},
                         {"pool", settings.pool},
                         {"slots", std::to_string(settings.slots)},
                         {"server", settings.server_url},
                         {"nats", settings.nats.url}});
    std::optional<health::HealthServer> server;
    if (settings.health_port != 0)
      server.emplace(
          health::HealthSettings{.host = settings.host, .port = settings.health_port, .slots = settings.slots},
          worker.counts());
    const bool is_all_reported = worker.run(stop);
    telemetry::log_info("worker",
                        is_all_reported ? "Worker has stopped"
                                        : "Worker has stopped with work unreported: it runs again elsewhere",
                        {{"completed", std::to_string(worker.counts().completed.load())},
                         {"failed", std::to_string(worker.counts().failed.load())}});
    return is_all_reported ? 0 : 1;
  } catch (const std::exception& error) {
    telemetry::log_error("worker", "Worker cannot go on", {{"error", error.what()}});
    return 1;
  }
}

}  // namespace noetl::worker
