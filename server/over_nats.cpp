#include "server/over_nats.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "server/cluster/execution_routes.hpp"
#include "server/cluster/execution_stream.hpp"
#include "server/cluster/nats_requests.hpp"
#include "server/cluster/worker_routes.hpp"
#include "server/exposure.hpp"
#include "server/notifier_settings.hpp"
#include "shared/reach/own_addresses.hpp"
#include "shared/service/config_bucket.hpp"
#include "shared/service/from_settings.hpp"
#include "shared/service/service.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::server {
namespace {

constexpr int nats_port = 4222;
constexpr int ok = 200;
constexpr std::chrono::seconds config_interval{2};  // of looks into the configuration bucket

bool is_loopback_nats(const std::string& url) {
  const auto endpoints = reach::endpoints_of(url, nats_port);
  return !endpoints.empty() && std::ranges::all_of(endpoints, [](const reach::Endpoint& endpoint) {
    return is_loopback_host(endpoint.host);
  });
}

// Without a token every route is open to whoever reaches the server: over NATS that is everybody whom the nats-server lets in.
bool may_serve(const config::ServerSettings& settings) {
  return !settings.token.empty() || !settings.worker_token.empty() || settings.is_insecure ||
         is_loopback_nats(settings.nats.address.url);
}

// What /readyz says, for whoever asks over NATS.
service::Health health_of(http::Application& application, std::int64_t connections) {
  http::Request request;
  request.head.method = "GET";
  request.head.target = "/readyz";
  request.head.headers.push_back({.name = "host", .value = "localhost"});
  auto admission = application.admit(request.head, "nats");
  if (admission.refusal) return {.is_healthy = false, .status = "unhealthy", .active_connections = connections};
  request.peer = "nats";
  request.ticket = std::move(admission.ticket);
  const auto response = application.answer(std::move(request));
  if (response.status != ok) return {.is_healthy = false, .status = "unhealthy", .active_connections = connections};
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  const auto said = body.is_object() ? body.find("status") : body.end();
  const bool is_degraded = said != body.end() && *said == "degraded";
  return {.is_healthy = true, .status = is_degraded ? "degraded" : "healthy", .active_connections = connections};
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

// What lives on one connection. Health and discovery end before the requests that they tell of.
struct Serving {
  std::unique_ptr<cluster::NatsRequests> requests;  // none where strangers could call
  std::unique_ptr<cluster::ExecutionStream> submitted;  // the same
  std::unique_ptr<service::ConfigBucket> config;  // none where there is no bucket
  std::unique_ptr<service::Service> shown;
};

base::Result<std::unique_ptr<cluster::NatsRequests>> serve_requests(const config::ServerSettings& settings,
                                                                    http::Application& application,
                                                                    nats::Connection& connection) {
  auto requests = std::make_unique<cluster::NatsRequests>(
      application, connection,
      cluster::NatsRequestsSettings{.threads_max = static_cast<std::size_t>(settings.nats_threads),
                                    .parts_prefix = settings.cluster_prefix + ".parts"});
  if (auto served = cluster::serve_workers(*requests, settings.cluster_prefix); !served)
    return base::failure(std::move(served.error()));
  const cluster::ExecutionRoutesSettings sessions{.prefix = settings.session_subject,
                                                  .playbook = settings.session_playbook};
  if (auto served = cluster::serve_executions(*requests, sessions); !served)
    return base::failure(std::move(served.error()));
  return requests;
}

// noetl.workflow.submit has its answers at noetl.workflow.answer.
std::string answers_beside(const std::string& subject) {
  const auto dot = subject.rfind('.');
  return (dot == std::string::npos ? std::string() : subject.substr(0, dot + 1)) + "answer";
}

// Nothing where the operator wants none.
std::unique_ptr<cluster::ExecutionStream> serve_submitted(const config::ServerSettings& settings,
                                                          http::Application& application,
                                                          nats::Connection& connection) {
  if (settings.session_stream.empty()) return nullptr;
  return std::make_unique<cluster::ExecutionStream>(
      application, connection,
      cluster::ExecutionStreamSettings{.stream = settings.session_stream,
                                       .subject = settings.session_stream_subject,
                                       .answer_prefix = answers_beside(settings.session_stream_subject),
                                       .playbook = settings.session_playbook,
                                       .replicas = settings.nats.replicas});
}

service::Endpoint endpoint_of(const cluster::ExecutionStream& submitted) {
  return {.name = "submit",
          .subject = submitted.settings().subject + ".*",
          .queue_group = cluster::ExecutionStream::consumer,
          .counts = [&counts = submitted.counts()] {
            return service::EndpointCounts{
                .requests = counts.requests, .errors = counts.refused, .processing_ns = counts.processing_ns};
          }};
}

std::string own_id(int port) { return service::token_of(host_name() + "-" + std::to_string(port)); }

service::Settings shown_of(const OverNatsParts& parts, const Serving& serving) {
  service::Settings shown{.name = "noetl-server",
                          .id = own_id(parts.port),
                          .version = NOETL_VERSION,
                          .description = "Durable work queue and playbook runner: API server",
                          .capabilities = {"queue", "playbooks"},
                          .endpoints = {},
                          .health = [&application = parts.application, connections = parts.connections] {
                            return health_of(application, connections());
                          }};
  if (serving.requests == nullptr) return shown;
  shown.capabilities.emplace_back("workers-over-nats");
  if (serving.submitted) shown.endpoints.push_back(endpoint_of(*serving.submitted));
  for (const auto& route : serving.requests->routes()) {
    shown.endpoints.push_back({.name = route->name,
                               .subject = route->subject_filter,
                               .queue_group = cluster::queue_group,
                               .counts = [&counts = *route] {
                                 return service::EndpointCounts{.requests = counts.requests,
                                                                .errors = counts.errors,
                                                                .processing_ns = counts.processing_ns};
                               }});
  }
  return shown;
}

void check_subjects(const config::ServerSettings& settings) {
  for (const auto& [name, subject] :
       {std::pair("cluster-prefix", settings.cluster_prefix), std::pair("session-subject", settings.session_subject),
        std::pair("session-stream-subject", settings.session_stream_subject)}) {
    if (const auto parsed = nats::Subject::parse(subject); !parsed)
      throw std::runtime_error(std::string(name) + ": " + parsed.error().message);
  }
  if (!settings.config_bucket.empty()) {
    if (const auto checked = nats::check_bucket(settings.config_bucket); !checked)
      throw std::runtime_error("config-bucket: " + checked.error().message);
  }
  if (settings.session_stream.empty()) return;
  if (const auto checked = nats::check_name("session-stream", settings.session_stream); !checked)
    throw std::runtime_error(checked.error().message);
}

// Nothing where the operator wants none.
std::unique_ptr<service::ConfigBucket> read_config(const config::ServerSettings& settings, const OverNatsParts& parts,
                                                   nats::Connection& connection) {
  if (settings.config_bucket.empty()) return nullptr;
  return std::make_unique<service::ConfigBucket>(
      connection, service::ConfigBucketSettings{.bucket = settings.config_bucket,
                                                .program = "server",
                                                .id = own_id(parts.port),
                                                .log_level = telemetry::parse_log_level(settings.log.level).value(),
                                                .interval = config_interval,
                                                .apply = parts.apply_config,
                                                .replicas = settings.nats.replicas});
}

}  // namespace

OverNats::OverNats(const config::ServerSettings& settings, OverNatsParts parts) {
  if (settings.nats.address.url == "none") return;
  check_subjects(settings);
  const bool serves = settings.nats_threads > 0 && may_serve(settings);
  if (settings.nats_threads > 0 && !serves)
    telemetry::log_warn("server",
                        "no request is served over NATS: nats-url is beyond this machine, and there is no token (set "
                        "token or worker-token)");
  auto wanted = notifier_settings(settings).nats;
  wanted.name = "noetl-server-requests";
  wanted.sends_asap = true;
  lasting_.emplace(wanted, "requests over NATS",
                   [settings, parts = std::move(parts),
                    serves](nats::Connection& connection) -> base::Result<std::shared_ptr<void>> {
                     auto serving = std::make_shared<Serving>();
                     if (serves) {
                       auto requests = serve_requests(settings, parts.application, connection);
                       if (!requests) return base::failure(std::move(requests.error()));
                       serving->requests = std::move(*requests);
                       serving->submitted = serve_submitted(settings, parts.application, connection);
                     }
                     serving->config = read_config(settings, parts, connection);
                     auto shown = service::Service::start(
                         connection, service::identified(shown_of(parts, *serving), settings.service));
                     if (!shown) return base::failure(std::move(shown.error()));
                     serving->shown = std::move(*shown);
                     return std::shared_ptr<void>(std::move(serving));
                   });
}

}  // namespace noetl::server
