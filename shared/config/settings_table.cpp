#include <deque>
#include <utility>

#include "shared/config/setting.hpp"

namespace noetl::config {
namespace {

using enum SettingKind;
constexpr std::int64_t second = 1000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::int64_t gib = 1024 * mib;

// A table is read by its lines: the formatter would make a paragraph of each.
// clang-format off
std::vector<Setting> shared_settings() {
  return {
      {"log-level", {"NOETL_LOG_LEVEL"}, "info", choice, all_programs,
       "Lowest level of log lines that the program writes.", false, 0, 0,
       {"trace", "debug", "info", "warn", "error", "off"}},
      {"log-format", {"NOETL_LOG_FORMAT"}, "text", choice, all_programs,
       "Log lines as key=value text or as one JSON object a line.", false, 0, 0, {"text", "json"}},
      {"server-url", {"SERVER_API_URL", "NOETL_SERVER_URL"}, "http://localhost:8082", http_url, all_programs,
       "Address of the server, without user and password. The server puts it into notifications."},
      {"server-ca", {"NOETL_SERVER_CA"}, "", text, worker | client,
       "File with the certificates that the server's own must be signed by, for an https address. Empty: those of the system."},
      {"token", {"NOETL_TOKEN"}, "", text, all_programs,
       "Bearer token for every route but /livez and /readyz. noetlctl and workers send it. Empty: none.", true},
      {"cluster-prefix", {"NOETL_CLUSTER_PREFIX"}, "noetl.cluster", text, server | worker,
       "Prefix of the subjects by which workers reach the server over NATS. The same for both."},
      {"config-bucket", {"NOETL_CONFIG_BUCKET"}, "noetl_config", text, server | worker,
       "Key-value bucket of NATS with settings that change at run time (operations/monitor.md). The server makes it. none: none is read."},
      {"transport", {"NOETL_WORKER_TRANSPORT"}, "http", choice, worker,
       "How the worker reaches the server. http: at server-url. nats: by requests over NATS; the worker needs no address of a server then.", false, 0, 0, {"http", "nats"}},
      {"worker-token", {"NOETL_WORKER_TOKEN"}, "", text, server | worker,
       "Bearer token of workers. It opens their routes and no others, and it alone reads secrets. Without `token` it opens every route.", true},
      {"egress-allow", {"NOETL_EGRESS_ALLOW"}, "", text, server | worker,
       "Addresses that steps, and token calls of the server, may connect to beyond the default: address, range like 10.0.0.0/8, host, *.domain, "
       "all, private, loopback, own; each may end with :port; several with commas. The default refuses this machine, link-local, metadata, our own server and NATS."},
      {"egress-deny", {"NOETL_EGRESS_DENY"}, "", text, server | worker,
       "Addresses that steps and token calls may not connect to unless egress-allow has them. all: only those of egress-allow."},
      {"grace", {"NOETL_GRACE"}, "30s", duration, worker,
       "How long running work may go on after SIGTERM.", false, 0, hour},
      {"heartbeat-interval", {"NOETL_HEARTBEAT_INTERVAL"}, "1s", duration, server,
       "How often a worker renews its leases. Workers learn it from the server.", false, 50, minute},
      {"lease", {"NOETL_LEASE"}, "5s", duration, server,
       "Length of a lease: without a heartbeat for so long, a worker's commands run elsewhere. At least three heartbeats.", false, 200, hour},
  };
}

std::vector<Setting> nats_settings_table() {
  return {
      {"nats-url", {"NATS_URL", "NOETL_NATS_URL"}, "nats://localhost:4222", text, server | worker,
       "The NATS server, or several with commas. tls:// requires TLS of all of them. none: work without NATS, by long poll.", true, 0, 0, {}, true},
      {"nats-user", {"NATS_USER", "NOETL_NATS_USER"}, "", text, server | worker, "User at the NATS server. Empty: that of nats-url, or none."},
      {"nats-password", {"NATS_PASSWORD", "NOETL_NATS_PASSWORD"}, "", text, server | worker, "Password of nats-user.", true},
      {"nats-token", {"NATS_TOKEN", "NOETL_NATS_TOKEN"}, "", text, server | worker, "Token that the NATS server asks for instead of a user. Empty: none.", true},
      {"nats-inbox-prefix", {"NOETL_NATS_INBOX_PREFIX"}, "", text, server | worker,
       "Prefix of the subjects that NATS answers on; a nats-server can permit each user its own. Empty: _INBOX_server, of a worker _INBOX_ and its pool."},
      {"nats-credentials", {"NOETL_NATS_CREDENTIALS"}, "", text, server | worker,
       "File with NATS credentials (JWT and seed). Empty: none."},
      {"nats-nkey", {"NATS_NKEY", "NOETL_NATS_NKEY"}, "", text, server | worker,
       "File with an NKey seed (SU…) to log in with; the nats-server knows the public key. Empty: none."},
      {"nats-ca", {"NOETL_NATS_CA"}, "", text, server | worker,
       "File with authorities to trust for the NATS server's certificate, besides the system's; TLS is required then. Empty: those of the system."},
      {"nats-certificate", {"NOETL_NATS_CERTIFICATE"}, "", text, server | worker,
       "File with the client certificate shown to NATS; needs nats-key. Empty: none."},
      {"nats-key", {"NOETL_NATS_KEY"}, "", text, server | worker,
       "File with the private key of nats-certificate."},
      {"nats-reconnect-delay", {"NOETL_NATS_RECONNECT_DELAY"}, "200ms", duration, server | worker,
       "Wait before the second attempt to reconnect to NATS. It doubles with each attempt, and a random half is added.", false, 10, minute},
      {"nats-reconnect-delay-max", {"NOETL_NATS_RECONNECT_DELAY_MAX"}, "1s", duration, server | worker,
       "Longest wait between two attempts to reconnect to NATS, without the random half.", false, 10, hour},
      {"nats-max-reconnects", {"NOETL_NATS_MAX_RECONNECTS"}, "0", integer, server | worker,
       "Failed attempts at each NATS server after which the connection is closed. The program opens another 5 s later, with names and files read anew. 0: for ever.", false, 0, 1'000'000},
      {"service-name", {"NOETL_SERVICE_NAME"}, "", text, server | worker,
       "Name that the program has on NATS: health.<name>, discovery.<name>, nats micro. Empty: noetl-server, noetl-worker."},
      {"service-version", {"NOETL_SERVICE_VERSION"}, "", text, server | worker,
       "Version that it tells there, x.y.z. Empty: that of the program."},
      {"service-description", {"NOETL_SERVICE_DESCRIPTION"}, "", text, server | worker,
       "What it says there of itself. Empty: that of the program."},
      {"nats-stream", {"NATS_STREAM", "NOETL_NATS_STREAM"}, "NOETL_COMMANDS", text, server,
       "JetStream stream of the notifications. Workers learn it from the server."},
      {"nats-subject", {"NATS_SUBJECT", "NOETL_NATS_SUBJECT"}, "noetl.commands", text, server,
       "Subject of the default pool; other pools add .<pool>. Workers learn it from the server."},
      {"nats-consumer", {"NATS_CONSUMER", "NOETL_NATS_CONSUMER"}, "noetl-worker-pool", text, server,
       "Durable consumer of the default pool; other pools add -<pool>. Workers learn it from the server."},
      {"nats-dead-stream", {"NOETL_NATS_DEAD_STREAM"}, "NOETL_DEAD", text, server,
       "JetStream stream of the dead letters."},
      {"publish-events", {"NOETL_PUBLISH_EVENTS"}, "off", choice, server,
       "on: the events of executions are published to a stream after their commit, for other programs to follow (guides/follow-events.md).", false, 0, 0, {"off", "on"}},
      {"nats-events-stream", {"NOETL_NATS_EVENTS_STREAM"}, "NOETL_EVENTS", text, server,
       "JetStream stream of the events of executions. The server makes it when publish-events is on."},
      {"nats-events-subject", {"NOETL_NATS_EVENTS_SUBJECT"}, "noetl.events", text, server,
       "Prefix of its subjects, of two tokens at least; the playbook's path and the event's type follow."},
      {"nats-events-age", {"NOETL_NATS_EVENTS_AGE"}, "24h", duration, server,
       "How long the server makes that stream keep an event. Readers that were away longer catch up from the server.", false, minute, 365 * day},
      {"nats-events-bytes", {"NOETL_NATS_EVENTS_BYTES"}, "1GiB", bytes, server,
       "How much the server makes that stream keep; the oldest events go first.", false, mib, 1024 * gib},
      {"nats-events-readers", {"NOETL_NATS_EVENTS_READERS"}, "observer", text, server,
       "Durable pull consumers of that stream which the server makes, several with commas: for programs that may make none. none: none."},
      {"nats-ack-wait", {"NOETL_NATS_ACK_WAIT"}, "30s", duration, server,
       "JetStream delivers a notification again when it was not acknowledged for so long. Workers learn it from the server.", false, second, hour},
      {"nats-max-deliver", {"NOETL_NATS_MAX_DELIVER"}, "3", integer, server,
       "Most deliveries of a notification in the first lane; in the later lanes, where one names up to 32 commands, 512 more. Postgres counts attempts.", false, 1, 1000},
      {"nats-max-ack-pending", {"NOETL_NATS_MAX_ACK_PENDING"}, "20000", integer, server,
       "Unacknowledged notifications of one consumer. Must exceed workers times slots.", false, 1, 1'000'000},
      {"nats-replicas", {"NOETL_NATS_REPLICAS"}, "1", integer, server,
       "Copies of the streams that the server makes; 3 in a cluster of three nats-servers.", false, 1, 5},
      {"session-subject", {"NOETL_SESSION_SUBJECT"}, "noetl.workflow.execute", text, server,
       "Requests for executions come over NATS to this subject and a session after it."},
      {"session-playbook", {"NOETL_SESSION_PLAYBOOK"}, "", text, server,
       "Path of the playbook that messages of sessions go to, unless their context names another. Empty: none."},
      {"session-stream", {"NOETL_SESSION_STREAM"}, "NOETL_EXECUTIONS", text, server,
       "JetStream work-queue stream of requests for executions that must not be lost. The server makes it. Empty: none."},
      {"session-stream-subject", {"NOETL_SESSION_STREAM_SUBJECT"}, "noetl.workflow.submit", text, server,
       "Subject of that stream's messages; a session follows. Answers go to noetl.workflow.answer.<session>."},
  };
}

std::vector<Setting> server_only_settings() {
  return {
      {"host", {"NOETL_HOST"}, "127.0.0.1", text, server | worker,
       "Address that the server listens on; of a worker, its health-port. Beyond loopback (0.0.0.0: everywhere) the server needs a token."},
      {"insecure", {"NOETL_INSECURE"}, "off", choice, server,
       "on: every route is open to everybody who reaches the port, also beyond loopback; secrets still need worker-token. Only for a laptop.", false, 0, 0,
       {"off", "on"}, false, false},
      {"allowed-hosts", {"NOETL_ALLOWED_HOSTS"}, "", text, server,
       "Names that the server answers to while no token is set, beside localhost, 127.0.0.1, [::1] and that of server-url; several with commas. A web "
       "page can reach any other name."},
      {"metrics-access", {"NOETL_METRICS_ACCESS"}, "token", choice, server,
       "Access to /metrics while a token is set: with the token, or open to everybody.", false, 0, 0, {"token", "open"}},
      {"port", {"NOETL_PORT"}, "8082", integer, server, "Port that the server listens on; 0 picks a free one.", false, 0,
       65535},
      {"port-file", {"NOETL_PORT_FILE"}, "", text, server,
       "File that the server writes its port into once it listens. Empty: none."},
      {"shutdown-delay", {"NOETL_SHUTDOWN_DELAY"}, "0s", duration, server,
       "After SIGTERM the server goes on answering for so long while /readyz says no, so that load balancers leave it first.", false, 0, hour},
      {"database-url", {"NOETL_DATABASE_URL", "DATABASE_URL"}, "", text, server,
       "Postgres as a URL or libpq keywords. Empty: made from the postgres-* settings.", true, 0, 0, {}, true},
      {"postgres-host", {"POSTGRES_HOST"}, "localhost", text, server, "Host of Postgres, or the folder of its socket."},
      {"postgres-port", {"POSTGRES_PORT"}, "5432", integer, server, "Port of Postgres.", false, 1, 65535},
      {"postgres-db", {"POSTGRES_DB"}, "noetl", text, server, "Database name."},
      {"postgres-user", {"POSTGRES_USER"}, "noetl", text, server, "Database role."},
      {"postgres-password", {"POSTGRES_PASSWORD"}, "", text, server, "Its password. Empty: none is sent.", true},
      {"db-pool-size", {"NOETL_DB_POOL_SIZE"}, "12", integer, server, "Connections to Postgres.", false, 2, 1000},
      {"allow-superuser", {"NOETL_ALLOW_SUPERUSER"}, "no", choice, server,
       "Start although the database role is a superuser. For machines of your own only.", false, 0, 0, {"no", "yes"}},
      {"pools-max", {"NOETL_POOLS_MAX"}, "64", integer, server,
       "Pools that workers may make by registering. Each has consumers in NATS until nobody has used it for pool-idle-time.", false, 1, 4096},
      {"pool-idle-time", {"NOETL_POOL_IDLE_TIME"}, "10m", duration, server,
       "A pool without settings, commands and workers for so long loses its consumers in NATS; they are made again when somebody names it.", false, 10'000, 30 * day},
      {"workers-max", {"NOETL_WORKERS_MAX"}, "10000", integer, server,
       "Workers that may be registered; those with a heartbeat within pool-idle-time count.", false, 1, 1'000'000},
      {"migrate", {"NOETL_MIGRATE"}, "up", choice, server,
       "At start: bring the schema up to date, or only check that it is.", false, 0, 0, {"up", "check"}},
      {"http-threads", {"NOETL_HTTP_THREADS"}, "256", integer, server,
       "Threads that answer requests. A long poll holds one; a connection or an incomplete request holds none. An eighth is for workers alone.", false, 2, 4096},
      {"http-queue", {"NOETL_HTTP_QUEUE"}, "256", integer, server,
       "Requests that may wait for a thread; more are refused with 503.", false, 1, 65536},
      {"nats-threads", {"NOETL_NATS_THREADS"}, "64", integer, server,
       "Threads that answer workers over NATS. A long poll holds one. 0: workers reach the server over HTTP alone.", false, 0, 4096},
      {"body-bytes-max", {"NOETL_BODY_BYTES_MAX"}, "8MiB", bytes, server, "Largest request body, except of reports.", false, kib, gib},
      {"report-bytes-max", {"NOETL_REPORT_BYTES_MAX"}, "64MiB", bytes, server, "Largest body of POST /api/v2/events, which carries results: more than tool-result-max of the workers.", false, kib, gib},
      {"inline-bytes-max", {"NOETL_INLINE_MAX_BYTES"}, "4KiB", bytes, server,
       "Larger results are stored beside the execution's state and referenced.", false, 256, 16 * mib},
      {"node", {"NOETL_NODE"}, "-1", integer, server,
       "This replica's number in the ids that it makes; -1 takes the next free one.", false, -1, 1007},
      {"upkeep-interval", {"NOETL_UPKEEP_INTERVAL"}, "500ms", duration, server,
       "How often upkeep looks for commands to notify of while work waits or runs; half as often when all is quiet.", false, 10, minute},
      {"renotify-after", {"NOETL_RENOTIFY_AFTER"}, "1s", duration, server,
       "Upkeep notifies again of a command that still waits after so long.", false, 100, hour},
      {"encryption-key", {"NOETL_ENCRYPTION_KEY"}, "", text, server,
       "Key that seals secrets, 32 bytes as base64. Of several, newest first, the first seals and all open.", true},
      {"retention-completed", {"NOETL_RETENTION_COMPLETED", "NOETL_RETENTION"}, "7d", duration, server,
       "Executions and plain commands that completed are kept so long, with all that belongs to them. 0: for ever.", false, 0,
       3650 * day},
      {"retention-failed", {"NOETL_RETENTION_FAILED"}, "30d", duration, server,
       "The same for executions that failed. 0: for ever.", false, 0, 3650 * day},
      {"retention-cancelled", {"NOETL_RETENTION_CANCELLED"}, "7d", duration, server,
       "The same for cancelled executions and plain commands. 0: for ever.", false, 0, 3650 * day},
      {"retention-dead", {"NOETL_RETENTION_DEAD"}, "90d", duration, server,
       "The same for dead plain commands and their letters. 0: for ever.", false, 0, 3650 * day},
  };
}

std::vector<Setting> worker_only_settings() {
  return {
      {"pool", {"NOETL_WORKER_POOL_NAME"}, "default", text, worker, "Pool that the worker serves."},
      {"slots", {"NOETL_WORKER_SLOTS", "WORKER_MAX_CONCURRENT"}, "16", integer, worker,
       "Commands that the worker runs at the same time.", false, 1, 1024},
      {"prefetch", {"NOETL_WORKER_PREFETCH"}, "512", integer, worker,
       "Prefetch: most commands that the worker claims beyond its slots while commands take milliseconds. 0: none.", false, 0, 1024},
      {"direct-dispatch", {"NOETL_WORKER_DIRECT_DISPATCH"}, "on", choice, worker,
       "Direct dispatch. on: while the worker is idle, a long poll waits at the server, which gives it new commands without a notification. "
       "off: notifications alone.", false, 0, 0, {"on", "off"}},
      {"run-ahead", {"NOETL_WORKER_RUN_AHEAD"}, "on", choice, worker,
       "on: in a loop of one item or claim at a time the worker runs ahead and reports ends together. off: not.", false, 0, 0, {"on", "off"}},
      {"health-port", {"NOETL_HEALTH_PORT"}, "0", integer, worker,
       "Port where the worker answers /livez, /readyz and /metrics. 0: none.", false, 0, 65535},
      {"worker-id", {"NOETL_WORKER_ID"}, "", text, worker, "Unique name of this process. Empty: host, pid and a random part."},
      {"python", {"NOETL_PYTHON"}, "python3", text, worker, "Interpreter of the python tool."},
      {"python-processes", {"NOETL_PYTHON_PROCESSES"}, "2", integer, worker,
       "Interpreters that the worker keeps warm. It starts more when they are busy, up to the number of slots.", false, 1, 256},
      {"python-reuse", {"NOETL_PYTHON_REUSE"}, "off", choice, worker,
       "off: each call has a process of its own. on: an interpreter runs one call after another, some twenty times as many a second. A call can then change "
       "later ones and read their input.", false, 0, 0, {"on", "off"}},
      {"python-preload", {"NOETL_PYTHON_PRELOAD"}, "", text, worker,
       "Modules that an interpreter imports once, before it forks for calls, with commas: those that most steps import and that take long. "
       "They must start no threads."},
      {"tools", {"NOETL_TOOLS"}, "artifact,duckdb,event_log,gcs,http,nats,noop,postgres,python,s3,secrets,transfer", text, worker,
       "Kinds of steps that the worker runs, with commas; exec stands for those of tool-exec, all for every kind. shell, container and exec run any program "
       "with the worker's rights, so they must be named."},
      {"tool-environment", {"NOETL_TOOL_ENVIRONMENT"}, "", text, worker,
       "Environment variables of the worker that programs and Python code get besides PATH, HOME, USER, LOGNAME, SHELL, LANG, LANGUAGE, LC_*, TZ and TMPDIR, "
       "with commas; a * at the end stands for any."},
      {"tool-timeout", {"NOETL_TOOL_TIMEOUT"}, "5m", duration, worker, "Limit of one attempt when the command names none.", false, 10, 30 * day},
      {"tool-memory-max", {"NOETL_TOOL_MEMORY_MAX"}, "1GiB", bytes, worker, "Memory of a tool's child process.", false, 16 * mib, 1024 * gib},
      {"tool-file-max", {"NOETL_TOOL_FILE_MAX"}, "0", bytes, worker, "Largest file that a tool's child process writes. 0: no bound.", false, 0,
       1024 * gib},
      {"tool-cpu-max", {"NOETL_TOOL_CPU_MAX"}, "0s", duration, worker,
       "Processor time of one child process of a tool, in whole seconds; it is killed after it. 0: no bound but the timeout.", false, 0, 30 * day},
      {"tool-processes-max", {"NOETL_TOOL_PROCESSES_MAX"}, "0", integer, worker,
       "Processes and threads that the worker's user may have while a tool's child starts another; the kernel counts all of that user, and none of root. "
       "0: no bound.", false, 0, 1'000'000},
      {"tool-output-max", {"NOETL_TOOL_OUTPUT_MAX"}, "256KiB", bytes, worker, "Longest output of a tool that is kept; the rest is cut.", false, kib,
       gib},
      {"python-processes-max", {"NOETL_PYTHON_PROCESSES_MAX"}, "0", integer, worker,
       "Most interpreters of one version at the same time; more calls wait. 0: as many as slots.", false, 0, 1024},
      {"python-versions", {"NOETL_PYTHON_VERSIONS"}, "", text, worker,
       "More interpreters for the option `python` of steps: name=path, several with commas. A path may be a virtual environment."},
      {"scripts-root", {"NOETL_SCRIPTS_ROOT"}, "", text, worker,
       "Folder that the option `script` of steps reads files from, and never leaves. Empty: the working directory."},
      {"files-root", {"NOETL_FILES_ROOT"}, "", text, worker,
       "Folder that tools of the worker's process read and write files in, and never leave. Empty: the folder files in the working directory."},
      {"container-images", {"NOETL_CONTAINER_IMAGES"}, "", text, worker,
       "Images that the container tool may run, with commas; a * stands for any characters. Empty: every image."},
      {"container-mounts", {"NOETL_CONTAINER_MOUNTS"}, "", text, worker,
       "Folders of the machine that steps may mount, with everything below, with commas; :ro at the end: only for reading. Empty: none."},
      {"container-networks", {"NOETL_CONTAINER_NETWORKS"}, "none,bridge", text, worker,
       "Networks that steps may give a container, with commas; the first is the default."},
      {"container-users", {"NOETL_CONTAINER_USERS"}, "", text, worker,
       "Users with root's rights that a container may run as, with commas; 0 for root. It may run as every other user. Empty: none."},
      {"tool-postgres-url", {"NOETL_TOOL_POSTGRES_URL"}, "", text, worker,
       "Database of postgres steps that name none, as a URL or libpq keywords. Empty: such steps fail.", true, 0, 0, {}, true},
      {"tool-nats-url", {"NOETL_TOOL_NATS_URL"}, "", text, worker,
       "NATS of nats steps that name none, with its login inside. Not the worker's own, which takes notifications. Empty: such steps fail.", true, 0, 0, {}, true},
      {"duckdb-library", {"NOETL_DUCKDB_LIBRARY"}, "", text, worker,
       "File libduckdb.so. Empty: looked for beside the program, in .noetl, and where the system has libraries."},
      {"tool-secrets", {"NOETL_TOOL_SECRETS"}, "", text, worker,
       "Environment variables that the tool secrets may read, with commas; a * at the end stands for any. Empty: none."},
      {"tool-exec", {"NOETL_TOOL_EXEC"}, "", text, worker,
       "Tools of your own: name=path of a program that speaks JSON on stdin and stdout, several with commas."},
      {"tool-result-max", {"NOETL_TOOL_RESULT_MAX"}, "24MiB", bytes, worker, "Largest result of a tool.", false, kib, gib},
  };
}

std::vector<Setting> deployment_settings() {
  return {
      {"deployments", {"NOETL_DEPLOYMENTS"}, "0", integer, worker,
       "Most tool programs that may be deployed on the worker by the command deploy. 0: none is taken.", false, 0, 1024},
      {"deployment-runs", {"NOETL_DEPLOYMENT_RUNS"}, "2", integer, worker,
       "Runs of deployed programs at the same time. 32 more wait; the worker refuses what comes then.", false, 1, 256},
      {"deployment-timeout", {"NOETL_DEPLOYMENT_TIMEOUT"}, "30s", duration, worker,
       "Limit of a deployed program's run for one event; its own `timeout` may be shorter.", false, 10, day},
  };
}

std::vector<Setting> client_settings_table() {
  return {
      {"run-mode", {"NOETL_RUN_MODE"}, "cli", choice, client,
       "Role of noetlctl without a command: one image can be server or worker.", false, 0, 0,
       {"cli", "server", "worker"}},
      {"output", {"NOETL_OUTPUT"}, "table", choice, client, "How noetlctl prints answers.", false, 0, 0, {"table", "json"}},
      {"request-timeout", {"NOETL_REQUEST_TIMEOUT"}, "30s", duration, client, "Longest wait of noetlctl for one answer.", false, 100, day},
      {"retries", {"NOETL_RETRIES"}, "5", integer, client, "How often noetlctl repeats a call that was refused with 503.",
       false, 0, 100},
  };
}

// clang-format on

}  // namespace

namespace {

// Of `setting`, the one that names a file with its value: what is in a file is neither in `ps` nor inherited by children.
Setting file_of(const Setting& setting) {
  static std::deque<std::string> texts;  // what the views of the table point to
  const auto kept = [](std::string text) -> std::string_view { return texts.emplace_back(std::move(text)); };
  Setting file{.name = kept(std::string(setting.name) + "-file"),
               .environment = {},
               .default_value = "",
               .programs = setting.programs,
               .help = kept("File with the value of " + std::string(setting.name) +
                            ", without the blanks around it. Used when " + std::string(setting.name) + " is not set."),
               .content_of = setting.name};
  for (const auto variable : setting.environment) file.environment.push_back(kept(std::string(variable) + "_FILE"));
  return file;
}

}  // namespace

const std::vector<Setting>& all_settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> table;
    for (auto* part : {&shared_settings, &nats_settings_table, &server_only_settings, &worker_only_settings,
                       &deployment_settings, &client_settings_table}) {
      for (auto& setting : part()) {
        table.push_back(std::move(setting));
        if (table.back().is_secret) table.push_back(file_of(table.back()));
      }
    }
    return table;
  }();
  return all;
}

}  // namespace noetl::config
