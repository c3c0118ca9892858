#include "worker/run_worker.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "shared/nats/connection.hpp"
#include "shared/service/config_bucket.hpp"
#include "shared/service/from_settings.hpp"
#include "shared/service/lasting.hpp"
#include "shared/service/service.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/transport/http_transport.hpp"
#include "shared/transport/nats_transport.hpp"
#include "worker/control/nats_commands.hpp"
#include "worker/control/worker_commands.hpp"
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
  loop.nats = service::nats_settings(settings.nats, "noetl-worker");
  loop.limits = limits_of(settings);
  return loop;
}

std::unique_ptr<transport::ApiTransport> open_transport(const config::WorkerSettings& settings,
                                                        const loop::WorkerSettings& loop) {
  if (!settings.uses_nats_transport) {
    transport::HttpSettings http;
    http.server_url = settings.server_url;
    http.token = settings.token;
    http.tls_ca_file = settings.server_ca_file;
    return std::make_unique<transport::HttpTransport>(http);
  }
  if (!loop.uses_nats)
    throw std::invalid_argument("transport is nats, and nats-url is none: name the NATS server in nats-url");
  if (const auto prefix = nats::Subject::parse(settings.cluster_prefix); !prefix)
    throw std::invalid_argument("cluster-prefix: " + prefix.error().message);
  auto wanted = loop.nats;
  wanted.name = "noetl-worker-requests";
  wanted.sends_asap = true;
  return std::make_unique<transport::NatsTransport>(transport::NatsSettings{.connection = std::move(wanted),
                                                                            .prefix = settings.cluster_prefix,
                                                                            .worker_id = loop.worker_id,
                                                                            .token = settings.token,
                                                                            .instance = {}});
}

// What lives on one connection: settings at run time, commands to this worker, health and discovery, which tell of those.
struct OverNats {
  std::unique_ptr<service::ConfigBucket> config;  // none where there is no bucket
  std::unique_ptr<control::NatsCommands> commands;
  std::unique_ptr<service::Service> shown;
};

// How the worker shows itself on NATS.
service::Settings shown_of(const loop::Worker& worker, const tools::Registry& registry,
                           const control::NatsCommands& commands) {
  return {.name = "noetl-worker",
          .id = service::token_of(worker.worker_id()),
          .version = NOETL_VERSION,
          .description = "Durable work queue and playbook runner: worker",
          .capabilities = registry.kinds(),
          .endpoints = {{.name = "cmd",
                         .subject = commands.subject_filter(),
                         .queue_group = {},
                         .counts =
                             [&commands] {
                               return service::EndpointCounts{
                                   .requests = commands.requests(), .errors = commands.errors(), .processing_ns = 0};
                             }}},
          .health = [&counts = worker.counts()] {
            const bool is_ready = counts.is_registered && !counts.is_draining;
            return service::Health{.is_healthy = is_ready,
                                   .status = counts.is_draining ? "draining"
                                             : is_ready         ? "healthy"
                                                                : "starting",
                                   .active_connections = 0};
          }};
}

control::WorkerCommandsSettings commanded(const config::WorkerSettings& settings, const loop::WorkerSettings& loop,
                                          const std::string& worker_id) {
  return {.worker_id = worker_id,
          .pool = loop.pool,
          .slots = loop.slots,
          .deployments_max = static_cast<std::size_t>(settings.deployments_max),
          .runs = {.worker_id = worker_id,
                   .limits = loop.limits,
                   .timeout = settings.deployment_timeout,
                   .at_once = static_cast<std::size_t>(settings.deployment_runs)}};
}

std::unique_ptr<service::ConfigBucket> read_config(const service::ConfigBucketSettings& wanted,
                                                   nats::Connection& connection) {
  if (wanted.bucket.empty()) return nullptr;
  return std::make_unique<service::ConfigBucket>(connection, wanted);
}

void serve_over_nats(std::optional<service::Lasting>& lasting, const config::WorkerSettings& settings,
                     const loop::WorkerSettings& loop, const loop::Worker& worker, const tools::Registry& registry,
                     control::WorkerCommands& commands) {
  if (!loop.uses_nats) return;
  auto wanted = loop.nats;
  wanted.name = "noetl-worker-service";
  if (!settings.config_bucket.empty()) {
    if (const auto checked = nats::check_bucket(settings.config_bucket); !checked)
      throw std::invalid_argument("config-bucket: " + checked.error().message);
  }
  const service::ConfigBucketSettings config{.bucket = settings.config_bucket,
                                             .program = "worker",
                                             .id = service::token_of(worker.worker_id()),
                                             .log_level = telemetry::parse_log_level(settings.log.level).value(),
                                             .apply = {}};
  const control::NatsCommandsSettings over_nats{.prefix = settings.cluster_prefix, .token = settings.token};
  lasting.emplace(
      wanted, "commands, health and discovery over NATS",
      [&worker, &registry, &commands, over_nats, config,
       identity = settings.service](nats::Connection& connection) -> base::Result<std::shared_ptr<void>> {
        auto listening = control::NatsCommands::start(connection, over_nats, commands);
        if (!listening) return base::failure(std::move(listening.error()));
        auto shown =
            service::Service::start(connection, service::identified(shown_of(worker, registry, **listening), identity));
        if (!shown) return base::failure(std::move(shown.error()));
        return std::make_shared<OverNats>(OverNats{
            .config = read_config(config, connection), .commands = std::move(*listening), .shown = std::move(*shown)});
      });
}

// Commands that the server passes on with heartbeats.
void obey_heartbeats(loop::WorkerOrders& orders, control::WorkerCommands& commands) {
  orders.set_obey([&orders, &commands](wire::WorkerCommand command) {
    commands.obey(command.name, std::move(command.body),
                  [&orders, id = command.command_id](control::WorkerCommands::Answer said) {
                    orders.answer({.command_id = id, .status = said.status, .body = std::move(said.body)});
                  });
  });
}

}  // namespace

int run_worker(const config::WorkerSettings& settings, std::stop_token stop) {
  try {
    tools::Registry registry;
    add_tools(registry, settings);
    auto loop = loop_settings(settings);
    if (loop.worker_id.empty()) loop.worker_id = loop::new_worker_id();
    const auto transport = open_transport(settings, loop);
    const base::SystemClock clock;
    loop::CredentialClient secrets(
        [&](const std::string& path) { return transport->get(path); }, clock,
        [&](const std::string& path, const std::string& body) { return transport->post(path, body); });
    loop::Worker worker(loop, *transport, registry, &secrets);
    telemetry::log_info("worker", "Worker starts",
                        {{"worker_id", worker.worker_id()},
                         {"pool", settings.pool},
                         {"slots", std::to_string(settings.slots)},
                         {"transport", settings.uses_nats_transport ? "nats" : "http"},
                         {"server", settings.uses_nats_transport ? settings.cluster_prefix : settings.server_url},
                         {"nats", settings.nats.url}});
    control::WorkerCommands commands(
        {.orders = worker.orders(),
         .counts = worker.counts(),
         .running = worker.running(),
         .registry = registry,
         .ask_server = [&](const std::string& path, const std::string& body) { return transport->post(path, body); }},
        commanded(settings, loop, worker.worker_id()));
    obey_heartbeats(worker.orders(), commands);
    std::optional<service::Lasting> over_nats;
    serve_over_nats(over_nats, settings, loop, worker, registry, commands);
    std::optional<health::HealthServer> server;
    if (settings.health_port != 0)
      server.emplace(
          health::HealthSettings{.host = settings.host, .port = settings.health_port, .slots = settings.slots},
          worker.counts());
    const bool is_all_reported = worker.run(stop);
    telemetry::log_info(
        "worker",
        is_all_reported ? "Worker has stopped" : "Worker has stopped with work unreported: it runs again elsewhere",
        {{"completed", std::to_string(worker.counts().completed.load())},
         {"failed", std::to_string(worker.counts().failed.load())}});
    return is_all_reported ? 0 : 1;
  } catch (const std::exception& error) {
    telemetry::log_error("worker", "Worker cannot go on", {{"error", error.what()}});
    return 1;
  }
}

}  // namespace noetl::worker
