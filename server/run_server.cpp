#include "server/run_server.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "server/api/http_door.hpp"
#include "server/app/due_times.hpp"
#include "server/app/hand_over.hpp"
#include "server/app/intake.hpp"
#include "server/app/playbook_cache.hpp"
#include "server/app/pool_rules.hpp"
#include "server/app/read_queue.hpp"
#include "server/app/waiting_claims.hpp"
#include "server/exposure.hpp"
#include "server/notifier_settings.hpp"
#include "server/notify/jetstream_notifier.hpp"
#include "server/notify/no_notifier.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/database_role.hpp"
#include "server/store/enqueue_listener.hpp"
#include "server/store/errors.hpp"
#include "server/store/migrations.hpp"
#include "server/store/node_id.hpp"
#include "server/upkeep/upkeep.hpp"
#include "server/vault/vault.hpp"
#include "shared/base/guarded.hpp"
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
  const auto role = store::role_of(settings.database_url);
  if (!role) return base::failure(role.error());
  if (!role->is_superuser) return {};
  if (!settings.allows_superuser) return base::failure(store::superuser_refused(*role));
  log_warn("server", "the database role is a superuser, as allow-superuser allows", {{"role", role->name}});
  return {};
}

// Applies what is missing, or only checks, as the settings say.
base::Result<void> prepare_schema(const config::ServerSettings& settings) {
  if (auto checked = check_role(settings); !checked) return checked;
  if (settings.should_migrate) {
    const auto applied = store::migrate_up(settings.database_url);
    if (!applied) return base::failure(applied.error());
    for (const int version : *applied)
      log_info("server", "migration applied", {{"version", std::to_string(version)}});
    return {};
  }
  const auto known = store::migration_status(settings.database_url);
  if (!known) return base::failure(known.error());
  for (const auto& migration : *known) {
    if (migration.applied_at.empty()) {
      return base::failure(base::ErrorCode::schema_mismatch,
                           "migration " + migration.name + " is not applied: run `noetlctl migrate up`");
    }
  }
  return {};
}

store::KeptFor kept_for(const config::ServerSettings& settings) {
  const auto time = [](std::chrono::milliseconds kept) -> std::optional<std::chrono::seconds> {
    if (kept.count() == 0) return std::nullopt;  // for ever
    return std::chrono::duration_cast<std::chrono::seconds>(kept);
  };
  return {.completed = time(settings.kept.completed),
          .failed = time(settings.kept.failed),
          .cancelled = time(settings.kept.cancelled),
          .dead = time(settings.kept.dead)};
}

// For scripts and tests that asked for port 0: the port that was taken.
void write_port_file(int port) {
  const char* path = std::getenv("NOETL_PORT_FILE");
  if (path == nullptr || *path == '\0') return;
  const std::string draft = std::string(path) + ".tmp";
  std::ofstream(draft) << port;
  std::rename(draft.c_str(), path);
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
    log_info("server",
             "no encryption key: credentials are refused (set encryption-key or encryption-key-file)");
  return keys;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    std::string name(text.substr(0, end));
    std::erase(name, ' ');
    if (!name.empty()) names.push_back(std::move(name));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

// Pools and statuses that a gauge was made for.
using QueuePlaces = base::Guarded<std::set<std::pair<std::string, std::string>>>;

constexpr std::size_t places_max = 2048;
constexpr const char* others = "(others)";

// Where no command is any more there is no row: the gauge falls to zero instead of staying as it was.
void observe_queue(telemetry::Metrics& metrics, app::Parts& parts, QueuePlaces& known) {
  std::map<std::pair<std::string, std::string>, std::int64_t> counts;
  std::map<std::string, double> ages;
  for (const auto& depth : app::read_queue_depth(parts)) {
    counts[{depth.pool, depth.status}] += depth.count;
    if (depth.status == "queued") ages[depth.pool] = depth.oldest_age_seconds;
  }
  known.with([&counts](auto& places) {
    // A gauge is kept for good, and whoever enqueues names pools: beyond the bound they are counted together.
    for (auto it = counts.begin(); it != counts.end();) {
      if (places.contains(it->first) || places.size() + counts.size() < places_max || it->first.first == others) {
        ++it;
        continue;
      }
      counts[{others, it->first.second}] += it->second;
      it = counts.erase(it);
    }
    for (const auto& place : places) counts.try_emplace(place, 0);
    for (const auto& [place, count] : counts) places.insert(place);
  });
  for (const auto& [place, count] : counts) {
    metrics
        .gauge("noetl_queue_commands", "Commands per pool and status",
               {{"pool", place.first}, {"status", place.second}})
        .set(static_cast<double>(count));
    if (place.second != "queued" || place.first == others) continue;
    metrics
        .gauge("noetl_queue_oldest_seconds", "How long the oldest command that is due has waited, by pool",
               {{"pool", place.first}})
        .set(count > 0 ? ages[place.first] : 0.0);
  }
}

// A server that does without NATS has none of these: an alert on NATS that is away has nothing to look at.
void observe_nats(telemetry::Metrics& metrics, const notify::JetStreamNotifier& notifier) {
  const auto published =
      metrics.gauge("noetl_notifications_published", "Notifications stored by JetStream since start");
  const auto failed = metrics.gauge("noetl_notifications_failed",
                                    "Notifications not sent, refused or unanswered since start");
  const auto connected = metrics.gauge("noetl_nats_connected", "1 while NATS is connected and its streams are there");
  metrics.before_expose([&notifier, published, failed, connected] {
    const auto counts = notifier.counts();
    published.set(static_cast<double>(counts.published));
    failed.set(static_cast<double>(counts.failed));
    connected.set(notifier.is_connected() ? 1 : 0);
  });
}

// Numbers that are looked up when somebody asks for /metrics rather than counted along the way.
void observe(telemetry::Metrics& metrics, app::Parts& parts, upkeep::Upkeep& upkeep) {
  const auto borrowed = metrics.gauge("noetl_db_connections_borrowed", "Postgres connections in use");
  const auto handed_over = metrics.gauge("noetl_commands_handed_over",
                                         "Commands given to workers that waited for them here, since start");
  const auto standing_by = metrics.gauge("noetl_workers_waiting", "Workers that wait here for commands to be handed over");
  const auto rung = metrics.gauge("noetl_upkeep_commands_rung", "Commands rung again by this server's upkeep since start");
  const auto expired = metrics.gauge("noetl_upkeep_leases_expired",
                                     "Leases of lost workers ended by this server's upkeep since start");
  const auto failures = metrics.gauge("noetl_upkeep_failures", "Background duties that failed on this server since start");
  const auto given_up = metrics.gauge("noetl_notifications_given_up",
                                      "Notifications that JetStream gave up after their last delivery, seen "
                                      "by this server's upkeep since start");
  const auto dropped =
      metrics.gauge("noetl_advisories_dropped",
                    "Given up notifications that were not stored: of no command that is there, or more than 60 a "
                    "minute in a pool");
  const auto pruned = [&metrics](const char* what) {
    return metrics.gauge("noetl_retention_rows_pruned",
                         "What left when its time was over, by this server's upkeep since start",
                         {{"what", what}});
  };
  const auto pruned_commands = pruned("command"), pruned_events = pruned("event"),
             pruned_executions = pruned("execution"), pruned_rows = pruned("execution_row");
  const auto leading = metrics.gauge("noetl_upkeep_leading", "1 on the server that does the background duties");
  const auto known_places = std::make_shared<QueuePlaces>();  // shared by the copies of the function
  metrics.before_expose([&metrics, &parts, &upkeep, known_places, borrowed, handed_over, standing_by, rung, expired, failures,
                         leading, given_up, dropped, pruned_commands, pruned_events, pruned_executions, pruned_rows] {
    borrowed.set(static_cast<double>(parts.connections.borrowed()));
    handed_over.set(static_cast<double>(parts.hand_over.given()));
    standing_by.set(static_cast<double>(parts.hand_over.waiting()));
    rung.set(static_cast<double>(upkeep.commands_rung()));
    expired.set(static_cast<double>(upkeep.leases_expired()));
    failures.set(static_cast<double>(upkeep.failures()));
    leading.set(upkeep.is_leading() ? 1 : 0);
    given_up.set(static_cast<double>(upkeep.rings_given_up()));
    dropped.set(static_cast<double>(upkeep.advisories_dropped()));
    const auto gone = upkeep.retention_counts();
    pruned_commands.set(static_cast<double>(gone.commands));
    pruned_events.set(static_cast<double>(gone.events));
    pruned_executions.set(static_cast<double>(gone.executions));
    pruned_rows.set(static_cast<double>(gone.execution_rows));
    try {
      observe_queue(metrics, parts, *known_places);
    } catch (const std::exception&) {
      // Postgres is away: the other numbers still count, and /readyz says so.
    }
  });
}

// Once asked to stop: says that it is not ready, goes on answering while balancers take notice, then stops.
void close(api::HttpDoor& door, const std::stop_token& is_asked, std::chrono::milliseconds leave_delay) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait(lock, is_asked, [] { return false; });
  door.leave();
  if (leave_delay.count() > 0) {
    log_info("server", "not ready any more, stops soon",
             {{"leave_delay_ms", std::to_string(leave_delay.count())}});
    (void)wakes.wait_for(lock, leave_delay, [] { return false; });
  }
  door.stop();
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
  return {
      .allow = settings.egress_allow,
      .deny = settings.egress_deny,
      .own = std::move(own),
      .never = reach::endpoints_of(settings.server_url, settings.server_url.starts_with("https") ? 443 : 80)};
}

app::Rules rules_of(const config::ServerSettings& settings) {
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

api::DoorSettings door_settings(const config::ServerSettings& settings) {
  return {.host = settings.host,
          .port = settings.port,
          .version = NOETL_VERSION,
          .access = {.token = settings.token,
                     .worker_token = settings.worker_token,
                     .is_insecure = settings.is_insecure,
                     .is_metrics_open = settings.is_metrics_open,
                     .hosts = split_names(settings.allowed_hosts),
                     .server_url = settings.server_url},
          .threads_max = static_cast<std::size_t>(settings.http_threads),
          .requests_waiting_max = static_cast<std::size_t>(settings.http_queue),
          // For batches, those of the database's connections that single requests leave, but two: what workers report and
          // ask for finds those.
          .intake_max =
              static_cast<std::size_t>(std::max(1, settings.db_pool_size - 2 * app::Intake::writers_max - 2)),
          .body_bytes_max = settings.body_bytes_max,
          .report_bytes_max = settings.report_bytes_max};
}

int serve(const config::ServerSettings& settings, vault::KeyRing keys, std::stop_token stop) {
  store::ConnectionPool connections({.database_url = settings.database_url,
                                     .connections_max = static_cast<std::size_t>(settings.db_pool_size)});
  base::IdGenerator ids(settings.node >= 0 ? settings.node : store::take_node_id(connections));
  app::PlaybookCache playbooks(connections);
  app::WaitingClaims waiting_claims;
  app::HandOver hand_over;
  app::PoolRules pool_rules(connections);
  // Two ticks of a quiet server, and what the look of each takes.
  app::DueTimes due_times(2 * settings.upkeep_interval + std::chrono::seconds{1});
  telemetry::Metrics metrics;

  notify::NoNotifier no_notifier;
  std::optional<notify::JetStreamNotifier> jetstream;
  if (settings.nats.address.url != "none") jetstream.emplace(notifier_settings(settings));
  notify::Notifier& notifier = jetstream ? static_cast<notify::Notifier&>(*jetstream) : no_notifier;
  app::Parts parts{.connections = connections,
                   .notifier = notifier,
                   .ids = ids,
                   .playbooks = playbooks,
                   .waiting_claims = waiting_claims,
                   .hand_over = hand_over,
                   .pool_rules = pool_rules,
                   .due_times = due_times,
                   .rules = rules_of(settings)};
  vault::Vault vault(
      parts, {.keys = std::move(keys), .reader_token = settings.worker_token, .egress = egress_of(settings)});
  api::HttpDoor door(parts, vault, door_settings(settings), metrics);
  const int port = door.bind();
  vault.listens_on(port);
  // Notifications name the address where to claim, which is known only now when any port would do.
  if (jetstream) {
    jetstream->announce(settings.server_url.empty() ? "http://localhost:" + std::to_string(port)
                                                    : settings.server_url);
    observe_nats(metrics, *jetstream);
  }
  upkeep::Upkeep upkeep(parts, {.database_url = settings.database_url,
                                .interval = settings.upkeep_interval,
                                .ring_after = settings.ring_after,
                                .kept = kept_for(settings)});
  // Polls of workers without NATS wait at any server; the doorbell is rung by the one that leads.
  const store::EnqueueListener listener(settings.database_url, [&](const std::set<std::string>& pools) {
    waiting_claims.wake(pools);
    upkeep.wake();
  });
  observe(metrics, parts, upkeep);
  metrics.gauge("noetl_insecure", "1 when the server was told to serve whoever reaches it without a token")
      .set(settings.is_insecure ? 1 : 0);
  metrics.before_expose(
      [listening = metrics.gauge("noetl_enqueue_listening",
                                 "1 while this server hears at once what noetl.enqueue has enqueued"),
       &listener] { listening.set(listener.is_listening() ? 1 : 0); });
  write_port_file(port);
  log_info("server", "listening", {{"host", settings.host}, {"port", std::to_string(port)}});
  std::jthread closer([&](const std::stop_token& is_asked) { close(door, is_asked, settings.leave_delay); });
  const std::stop_callback stopping(stop, [&] { closer.request_stop(); });
  door.serve();
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
  } catch (const store::Unavailable& error) {
    log_error("server", "cannot start", {{"error", error.what()}});
    return wire::mapping_of(base::ErrorCode::unavailable).cli_exit_code;
  } catch (const std::exception& error) {
    log_error("server", "ended by an error", {{"error", error.what()}});
    return wire::mapping_of(base::ErrorCode::internal).cli_exit_code;
  }
}

}  // namespace noetl::server
