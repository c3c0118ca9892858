#include "server/run_server.hpp"

#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/api/api_server.hpp"
#include "server/bucket_pauses.hpp"
#include "server/catalog/playbook_cache.hpp"
#include "server/counts/work_counts.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/due_times.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/events_out.hpp"
#include "server/exposure.hpp"
#include "server/migrations/database_role.hpp"
#include "server/migrations/migrations.hpp"
#include "server/notifier_settings.hpp"
#include "server/notify/jetstream_notifier.hpp"
#include "server/notify/no_notifier.hpp"
#include "server/over_nats.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/postgres/enqueue_listener.hpp"
#include "server/postgres/errors.hpp"
#include "server/postgres/node_id.hpp"
#include "server/queue/submit_batcher.hpp"
#include "server/server_metrics.hpp"
#include "server/upkeep/upkeep.hpp"
#include "server/vault/vault.hpp"
#include "shared/base/text/names.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/telemetry/metrics.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::server {

namespace {
using telemetry::log_error;
using telemetry::log_info;
using telemetry::log_warn;

// A result beyond this leaves the execution's state even when the setting allows more: the state is
// written again with every step.
constexpr std::size_t state_bytes_max = 4096;

base::Result<void> check_role(const config::ServerSettings& settings) {
  const auto role = migrations::role_of(settings.database_url);
  if (!role) return base::failure(role.error());
  if (!role->is_superuser) return {};
  if (!settings.allows_superuser) return base::failure(migrations::superuser_refused(*role));
  log_warn("server", "the database role is a superuser, as allow-superuser allows", {{"role", role->name}});
  return {};
}

// Applies what is missing, or only checks, as the settings say.
base::Result<void> prepare_schema(const config::ServerSettings& settings) {
  if (auto checked = check_role(settings); !checked) return checked;
  if (settings.should_migrate) {
    const auto applied = migrations::migrate_up(settings.database_url);
    if (!applied) return base::failure(applied.error());
    for (const int version : *applied) log_info("server", "migration applied", {{"version", std::to_string(version)}});
    return {};
  }
  const auto known = migrations::migration_status(settings.database_url);
  if (!known) return base::failure(known.error());
  for (const auto& migration : *known) {
    if (migration.applied_at.empty()) {
      return base::failure(base::ErrorCode::schema_mismatch,
                           "migration " + migration.name + " is not applied: run `noetlctl migrate up`");
    }
  }
  return {};
}

store::RetentionPolicy kept_for(const config::ServerSettings& settings) {
  const auto time = [](std::chrono::milliseconds kept) -> std::optional<std::chrono::seconds> {
    if (kept.count() == 0) return std::nullopt;  // for ever
    return std::chrono::duration_cast<std::chrono::seconds>(kept);
  };
  return {.completed = time(settings.retention.completed),
          .failed = time(settings.retention.failed),
          .cancelled = time(settings.retention.cancelled),
          .dead = time(settings.retention.dead)};
}

// For scripts and tests that asked for port 0: the port that was taken.
void write_port_file(const std::string& path, int port) {
  if (path.empty()) return;
  const std::string draft = path + ".tmp";
  if (!(std::ofstream(draft) << port << std::flush) || std::rename(draft.c_str(), path.c_str()) != 0)
    throw std::runtime_error("port-file: cannot write the port to " + path + ": is its folder there, and writable?");
}

// None is allowed, but told: secrets are refused then.
base::Result<vault::KeyRing> encryption_keys(const config::ServerSettings& settings) {
  if (!settings.encryption_key_file.empty()) {
    std::error_code ignored;
    const auto others = std::filesystem::status(settings.encryption_key_file, ignored).permissions() &
                        (std::filesystem::perms::group_all | std::filesystem::perms::others_all);
    if (others != std::filesystem::perms::none)
      log_warn("server", "the encryption key file can be read by others than its owner",
               {{"file", settings.encryption_key_file}});
  }
  auto keys = vault::KeyRing::parse(settings.encryption_key);
  if (keys && keys->is_empty())
    log_info("server", "no encryption key: credentials are refused (set encryption-key or encryption-key-file)");
  return keys;
}

// Once asked to stop: says that it is not ready, goes on answering while balancers take notice, then stops.
void close(api::ApiServer& server, const std::stop_token& is_asked, std::chrono::milliseconds shutdown_delay) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait(lock, is_asked, [] { return false; });
  server.fail_readiness();
  if (shutdown_delay.count() > 0) {
    log_info("server", "not ready any more, stops soon",
             {{"shutdown_delay_ms", std::to_string(shutdown_delay.count())}});
    (void)wakes.wait_for(lock, shutdown_delay, [] { return false; });
  }
  server.stop();
}

// Of a URL, or of keywords as the settings make them.
std::vector<reach::Endpoint> database_endpoints(const std::string& url) {
  constexpr int default_port = 5432;
  if (url.find("://") != std::string::npos) return reach::endpoints_of(url, default_port);
  const auto value = [&](const std::string& keyword) {
    const std::size_t at = url.find(keyword + "=");
    if (at == std::string::npos) return std::string();
    std::size_t begin = at + keyword.size() + 1;
    const char end = begin < url.size() && url[begin] == '\'' ? url[begin++] : ' ';
    return url.substr(begin, url.find(end, begin) - begin);
  };
  const std::string port = value("port");
  return reach::endpoints_of(value("host") + (port.empty() ? "" : ":" + port), default_port);
}

// A playbook's token calls leave from here, with the server's place in the network.
reach::EgressSettings egress_of(const config::ServerSettings& settings) {
  auto own = reach::endpoints_of(settings.nats.address.url, 4222);
  for (auto& database : database_endpoints(settings.database_url)) own.push_back(std::move(database));
  return {.allow = settings.egress_allow,
          .deny = settings.egress_deny,
          .own = std::move(own),
          .never = reach::endpoints_of(settings.server_url, settings.server_url.starts_with("https") ? 443 : 80)};
}

dispatch::ContextSettings context_settings(const config::ServerSettings& settings) {
  return {.heartbeat_interval = settings.heartbeat_interval,
          .lease = settings.lease,
          .ack_wait = settings.nats.ack_wait,
          .pools_max = settings.pools_max,
          .workers_max = settings.workers_max,
          .pool_idle_time = settings.pool_idle_time,
          .result_inline_bytes_max = std::min(settings.inline_bytes_max, state_bytes_max),
          .nats_stream = settings.nats.stream,
          .nats_subject = settings.nats.subject,
          .nats_consumer = settings.nats.consumer};
}

api::ApiSettings api_settings(const config::ServerSettings& settings) {
  return {
      .host = settings.host,
      .port = settings.port,
      .version = NOETL_VERSION,
      .access = {.token = settings.token,
                 .worker_token = settings.worker_token,
                 .is_insecure = settings.is_insecure,
                 .is_metrics_open = settings.is_metrics_open,
                 .hosts = base::names_of(settings.allowed_hosts),
                 .server_url = settings.server_url},
      .threads_max = static_cast<std::size_t>(settings.http_threads),
      .requests_waiting_max = static_cast<std::size_t>(settings.http_queue),
      // For batches, those of the database's connections that single requests leave, but two: what workers report and
      // ask for finds those.
      .batch_submits_max =
          static_cast<std::size_t>(std::max(1, settings.db_pool_size - 2 * queue::SubmitBatcher::writers_max - 2)),
      .body_bytes_max = settings.body_bytes_max,
      .report_bytes_max = settings.report_bytes_max};
}

int serve(const config::ServerSettings& settings, vault::KeyRing keys, std::stop_token stop) {
  postgres::ConnectionPool connections(
      {.database_url = settings.database_url, .connections_max = static_cast<std::size_t>(settings.db_pool_size)});
  base::IdGenerator ids(settings.node >= 0 ? settings.node : postgres::take_node_id(connections));
  catalog::PlaybookCache playbooks(connections);
  dispatch::LongPolls long_polls;
  dispatch::Dispatcher dispatcher;
  dispatch::PoolRules pool_rules(connections);
  counts::WorkCounts work_counts;
  // Two ticks of a quiet server, and what the look of each takes.
  dispatch::DueTimes due_times(2 * settings.upkeep_interval + std::chrono::seconds{1});
  telemetry::Metrics metrics;

  notify::NoNotifier no_notifier;
  std::optional<notify::JetStreamNotifier> jetstream;
  if (settings.nats.address.url != "none") jetstream.emplace(notifier_settings(settings));
  notify::Notifier& notifier = jetstream ? static_cast<notify::Notifier&>(*jetstream) : no_notifier;
  dispatch::ServerContext context{.connections = connections,
                                  .notifier = notifier,
                                  .ids = ids,
                                  .playbooks = playbooks,
                                  .long_polls = long_polls,
                                  .dispatcher = dispatcher,
                                  .pool_rules = pool_rules,
                                  .work_counts = work_counts,
                                  .due_times = due_times,
                                  .settings = context_settings(settings)};
  vault::Vault vault(context,
                     {.keys = std::move(keys), .reader_token = settings.worker_token, .egress = egress_of(settings)});
  api::ApiServer server(context, vault, api_settings(settings), metrics);
  const int port = server.bind();
  vault.listens_on(port);
  // Notifications name the address where to claim, which is known only now when any port would do.
  if (jetstream) {
    jetstream->announce(settings.server_url.empty() ? "http://localhost:" + std::to_string(port) : settings.server_url);
  }
  upkeep::Upkeep upkeep(context, {.database_url = settings.database_url,
                                  .interval = settings.upkeep_interval,
                                  .renotify_after = settings.renotify_after,
                                  .retention = kept_for(settings)});
  const auto feed = start_event_feed(
      settings, [&upkeep] { return upkeep.is_leading(); }, metrics);
  // Polls of workers without NATS wait at any server; the one that leads notifies workers.
  const postgres::EnqueueListener listener(settings.database_url, [&](const std::set<std::string>& pools) {
    long_polls.wake(pools);
    upkeep.wake();
  });
  BucketPauses pauses(
      context, [&upkeep] { return upkeep.is_leading(); }, settings.config_bucket);
  const OverNats over_nats(settings, {.application = server.application(),
                                      .port = port,
                                      .connections = [&server] { return server.connections(); },
                                      .apply_config = [&pauses](const auto& found) { pauses.apply(found); }});
  expose_server(metrics, {context, jetstream ? &*jetstream : nullptr, upkeep, listener, settings.is_insecure});
  write_port_file(settings.port_file, port);
  log_info("server", "listening", {{"host", settings.host}, {"port", std::to_string(port)}});
  std::jthread closer([&](const std::stop_token& is_asked) { close(server, is_asked, settings.shutdown_delay); });
  const std::stop_callback stopping(stop, [&] { closer.request_stop(); });
  server.serve();
  log_info("server", "stopped");
  return 0;
}
}  // namespace

int run_server(const config::ServerSettings& settings, std::stop_token stop) {
  if (const auto exposed = check_exposure(settings); !exposed) {
    // Lines to copy are no log line.
    std::fprintf(stderr, "noetl-server: %s\n", exposed.error().message.c_str());
    return exit_configuration;
  }
  if (settings.is_insecure)
    log_warn("server", "insecure: whoever reaches this server may run programs on its workers",
             {{"host", settings.host}});
  if (const auto prepared = prepare_schema(settings); !prepared) {
    log_error("server", "cannot start", {{"error", prepared.error().message}});
    return wire::mapping_of(prepared.error().code).cli_exit_code;
  }
  auto keys = encryption_keys(settings);
  if (!keys) {
    log_error("server", "cannot start", {{"error", keys.error().message}});
    return wire::mapping_of(keys.error().code).cli_exit_code;
  }
  try {
    return serve(settings, std::move(*keys), std::move(stop));
  } catch (const postgres::Unavailable& error) {
    log_error("server", "cannot start", {{"error", error.what()}});
    return wire::mapping_of(base::ErrorCode::unavailable).cli_exit_code;
  } catch (const std::exception& error) {
    log_error("server", "ended by an error", {{"error", error.what()}});
    return wire::mapping_of(base::ErrorCode::internal).cli_exit_code;
  }
}

}  // namespace noetl::server
