#include "shared/config/program_settings.hpp"

#include <type_traits>

#include "shared/base/invariant.hpp"
#include "shared/config/known_passwords.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::config {
namespace {

using base::ErrorCode;
using base::failure;

// Reads checked values: a name that is not in the table or a value that does not parse is our own bug.
class Reader {
 public:
  explicit Reader(const Resolved& resolved) : resolved_(resolved) {}

  [[nodiscard]] const ResolvedValue& at(std::string_view name) const {
    const auto found = resolved_.find(name);
    NOETL_INVARIANT(found != resolved_.end(), "a setting that is read is declared");
    return found->second;
  }
  [[nodiscard]] const std::string& text(std::string_view name) const { return at(name).value; }
  [[nodiscard]] int integer(std::string_view name) const {
    return static_cast<int>(checked(parse_integer(text(name))));
  }
  [[nodiscard]] std::size_t bytes(std::string_view name) const {
    return static_cast<std::size_t>(checked(parse_bytes(text(name))));
  }
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const {
    return checked(durations::parse_duration(text(name)));
  }

 private:
  template <class T>
  static T checked(const base::Result<T>& parsed) {
    NOETL_INVARIANT(parsed.has_value(), "a resolved setting parses");
    return *parsed;
  }
  const Resolved& resolved_;
};

LogChoice log_choice(const Reader& read) {
  return {.level = read.text("log-level"), .json = read.text("log-format") == "json"};
}

// `user`: whose inbox it is when the setting does not say; a nats-server permits each user its own.
NatsAddress nats_address(const Reader& read, const std::string& user) {
  const std::string& prefix = read.text("nats-inbox-prefix");
  return {.url = read.text("nats-url"),
          .user = read.text("nats-user"),
          .password = read.text("nats-password"),
          .token = read.text("nats-token"),
          .credentials_file = read.text("nats-credentials"),
          .inbox_prefix = prefix.empty() ? "_INBOX_" + user : prefix,
          .nkey_seed_file = read.text("nats-nkey"),
          .ca_file = read.text("nats-ca"),
          .certificate_file = read.text("nats-certificate"),
          .key_file = read.text("nats-key"),
          .reconnect_delay = read.duration("nats-reconnect-delay"),
          .reconnect_delay_max = read.duration("nats-reconnect-delay-max"),
          .reconnects_max = read.integer("nats-max-reconnects")};
}

std::string unless_none(const std::string& text) { return text == "none" ? std::string() : text; }

ServiceIdentity service_identity(const Reader& read) {
  return {.name = read.text("service-name"),
          .version = read.text("service-version"),
          .description = read.text("service-description")};
}

NatsSettings nats_settings(const Reader& read) {
  return {.address = nats_address(read, "server"),
          .stream = read.text("nats-stream"),
          .subject = read.text("nats-subject"),
          .consumer = read.text("nats-consumer"),
          .dead_stream = read.text("nats-dead-stream"),
          .ack_wait = read.duration("nats-ack-wait"),
          .max_deliver = read.integer("nats-max-deliver"),
          .max_ack_pending = read.integer("nats-max-ack-pending"),
          .replicas = read.integer("nats-replicas")};
}

// libpq's keyword form: quotes and backslashes of a value are escaped, so that nothing can add a keyword.
std::string keyword(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "='";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string database_url(const Reader& read) {
  if (!read.text("database-url").empty()) return read.text("database-url");
  std::string url = keyword("host", read.text("postgres-host")) + " " + keyword("port", read.text("postgres-port")) +
                    " " + keyword("dbname", read.text("postgres-db")) + " " +
                    keyword("user", read.text("postgres-user"));
  if (!read.text("postgres-password").empty()) url += " " + keyword("password", read.text("postgres-password"));
  return url;
}

base::Result<void> check_lease(const Reader& read) {
  if (read.duration("lease") >= 3 * read.duration("heartbeat-interval")) return {};
  return failure(ErrorCode::invalid_input,
                 "lease (from " + read.at("lease").where + ") must be at least three times heartbeat-interval (from " +
                     read.at("heartbeat-interval").where + "), found " + read.text("lease") + " and " +
                     read.text("heartbeat-interval") + ": a single lost heartbeat would cost the lease",
                 "lease");
}

// A password of an earlier release's compose file guards nothing. Whoever says `insecure` has been told.
base::Result<void> check_passwords(const Reader& read) {
  if (read.text("insecure") == "on") return {};
  const auto refused = [&](std::string_view name) -> base::Result<void> {
    return failure(ErrorCode::invalid_input,
                   std::string(name) + " (from " + read.at(name).where +
                       ") has a password that everybody knows: make one with openssl rand -hex 32",
                   std::string(name));
  };
  for (const std::string_view name : {"token", "worker-token", "postgres-password", "nats-password", "nats-token"}) {
    if (is_known_password(read.text(name))) return refused(name);
  }
  for (const std::string_view name : {"database-url", "nats-url"}) {
    if (has_known_password(read.text(name))) return refused(name);
  }
  return {};
}

std::string advertised_url(const Reader& read) {
  if (read.at("server-url").origin != Origin::default_value) return read.text("server-url");
  return read.integer("port") == 0 ? "" : "http://localhost:" + read.text("port");
}

}  // namespace

base::Result<ServerSettings> server_settings(const Resolved& resolved) {
  const Reader read(resolved);
  if (auto checked = check_secret_files(resolved, server); !checked) return failure(std::move(checked.error()));
  if (auto checked = check_passwords(read); !checked) return failure(std::move(checked.error()));
  if (auto checked = check_lease(read); !checked) return failure(std::move(checked.error()));
  return ServerSettings{.log = log_choice(read),
                        .nats = nats_settings(read),
                        .service = service_identity(read),
                        .host = read.text("host"),
                        .is_insecure = read.text("insecure") == "on",
                        .token = read.text("token"),
                        .allowed_hosts = read.text("allowed-hosts"),
                        .is_metrics_open = read.text("metrics-access") == "open",
                        .port = read.integer("port"),
                        .port_file = read.text("port-file"),
                        .server_url = advertised_url(read),
                        .database_url = database_url(read),
                        .db_pool_size = read.integer("db-pool-size"),
                        .should_migrate = read.text("migrate") == "up",
                        .allows_superuser = read.text("allow-superuser") == "yes",
                        .pools_max = read.integer("pools-max"),
                        .workers_max = read.integer("workers-max"),
                        .pool_idle_time = read.duration("pool-idle-time"),
                        .http_threads = read.integer("http-threads"),
                        .http_queue = read.integer("http-queue"),
                        .nats_threads = read.integer("nats-threads"),
                        .cluster_prefix = read.text("cluster-prefix"),
                        .config_bucket = unless_none(read.text("config-bucket")),
                        .session_subject = read.text("session-subject"),
                        .session_stream = read.text("session-stream"),
                        .session_stream_subject = read.text("session-stream-subject"),
                        .session_playbook = read.text("session-playbook"),
                        .body_bytes_max = read.bytes("body-bytes-max"),
                        .report_bytes_max = read.bytes("report-bytes-max"),
                        .inline_bytes_max = read.bytes("inline-bytes-max"),
                        .node = read.integer("node"),
                        .heartbeat_interval = read.duration("heartbeat-interval"),
                        .lease = read.duration("lease"),
                        .shutdown_delay = read.duration("shutdown-delay"),
                        .upkeep_interval = read.duration("upkeep-interval"),
                        .renotify_after = read.duration("renotify-after"),
                        .retention = {.completed = read.duration("retention-completed"),
                                      .failed = read.duration("retention-failed"),
                                      .cancelled = read.duration("retention-cancelled"),
                                      .dead = read.duration("retention-dead")},
                        .events = {.is_published = read.text("publish-events") == "on",
                                   .stream = read.text("nats-events-stream"),
                                   .subject = read.text("nats-events-subject"),
                                   .age = read.duration("nats-events-age"),
                                   .bytes = read.bytes("nats-events-bytes"),
                                   .readers = unless_none(read.text("nats-events-readers"))},
                        .encryption_key = read.text("encryption-key"),
                        .encryption_key_file = read.text("encryption-key-file"),
                        .worker_token = read.text("worker-token"),
                        .egress_allow = read.text("egress-allow"),
                        .egress_deny = read.text("egress-deny")};
}

base::Result<WorkerSettings> worker_settings(const Resolved& resolved) {
  const Reader read(resolved);
  if (auto checked = check_secret_files(resolved, worker); !checked) return failure(std::move(checked.error()));
  return WorkerSettings{.log = log_choice(read),
                        .nats = nats_address(read, read.text("pool")),
                        .service = service_identity(read),
                        .server_url = read.text("server-url"),
                        .server_ca_file = read.text("server-ca"),
                        .token = read.text("worker-token").empty() ? read.text("token") : read.text("worker-token"),
                        .pool = read.text("pool"),
                        .slots = read.integer("slots"),
                        .prefetch_max = read.integer("prefetch"),
                        .deployments_max = read.integer("deployments"),
                        .deployment_runs = read.integer("deployment-runs"),
                        .deployment_timeout = read.duration("deployment-timeout"),
                        .takes_direct_dispatch = read.text("direct-dispatch") == "on",
                        .runs_ahead = read.text("run-ahead") == "on",
                        .uses_nats_transport = read.text("transport") == "nats",
                        .cluster_prefix = read.text("cluster-prefix"),
                        .config_bucket = unless_none(read.text("config-bucket")),
                        .host = read.text("host"),
                        .health_port = read.integer("health-port"),
                        .worker_id = read.text("worker-id"),
                        .grace = read.duration("grace"),
                        .python = read.text("python"),
                        .python_processes = read.integer("python-processes"),
                        .python_processes_max = read.integer("python-processes-max"),
                        .reuses_python = read.text("python-reuse") == "on",
                        .python_preload = read.text("python-preload"),
                        .tools = read.text("tools"),
                        .tool_environment = read.text("tool-environment"),
                        .python_versions = read.text("python-versions"),
                        .scripts_root = read.text("scripts-root"),
                        .egress_allow = read.text("egress-allow"),
                        .egress_deny = read.text("egress-deny"),
                        .files_root = read.text("files-root"),
                        .container_images = read.text("container-images"),
                        .container_mounts = read.text("container-mounts"),
                        .container_networks = read.text("container-networks"),
                        .container_users = read.text("container-users"),
                        .tool_postgres_url = read.text("tool-postgres-url"),
                        .tool_nats_url = read.text("tool-nats-url"),
                        .duckdb_library = read.text("duckdb-library"),
                        .tool_secrets = read.text("tool-secrets"),
                        .tool_exec = read.text("tool-exec"),
                        .tool_timeout = read.duration("tool-timeout"),
                        .tool_memory_max = read.bytes("tool-memory-max"),
                        .tool_file_max = read.bytes("tool-file-max"),
                        .tool_cpu_max = read.duration("tool-cpu-max"),
                        .tool_processes_max = read.integer("tool-processes-max"),
                        .tool_output_max = read.bytes("tool-output-max"),
                        .tool_result_max = read.bytes("tool-result-max")};
}

ClientSettings client_settings(const Resolved& resolved) {
  const Reader read(resolved);
  return {.log = log_choice(read),
          .server_url = read.text("server-url"),
          .server_ca_file = read.text("server-ca"),
          .token = read.text("token"),
          .json = read.text("output") == "json",
          .timeout = read.duration("request-timeout"),
          .retries = read.integer("retries")};
}

}  // namespace noetl::config
