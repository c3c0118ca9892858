#pragma once
// The settings of each program as typed structs, made from resolved settings. Built once by main and
// passed on as const; values, any thread. Secrets are in database_url, nats.url, encryption_key and tokens: never log them.
#include <chrono>
#include <cstddef>
#include <string>

#include "shared/base/result.hpp"
#include "shared/config/resolve.hpp"

namespace noetl::config {

struct LogChoice {
  std::string level;  // a word that telemetry::parse_log_level knows
  bool json = false;
};

// How NATS is reached. What lives there, a worker learns from the server.
struct NatsAddress {
  std::string url;  // "none": do without
  std::string user, password, token;  // the last two are secret; empty: those of the url, or none
  std::string credentials_file;  // empty: none
  std::string inbox_prefix;  // never empty
  std::string nkey_seed_file;  // empty: none
  std::string ca_file, certificate_file, key_file;  // of TLS; empty: none
  std::chrono::milliseconds reconnect_delay{0}, reconnect_delay_max{0};
  int reconnects_max = 0;  // 0: for ever
};

// How a program shows itself on NATS; empty: its own.
struct ServiceIdentity {
  std::string name, version, description;
};

struct NatsSettings {
  NatsAddress address;
  std::string stream;
  std::string subject;  // of the default pool
  std::string consumer;  // of the default pool
  std::string dead_stream;
  std::chrono::milliseconds ack_wait{0};
  int max_deliver = 0;
  int max_ack_pending = 0;
  int replicas = 0;
};

// The stream of the events of executions.
struct EventsSettings {
  bool is_published = false;
  std::string stream;
  std::string subject;  // before path and type
  std::chrono::milliseconds age{0};
  std::size_t bytes = 0;
  std::string readers;  // "name,name": consumers that the server makes; empty: none
};

// How long what has ended is kept, by its outcome; 0: for ever.
struct RetentionSettings {
  std::chrono::milliseconds completed{0}, failed{0}, cancelled{0}, dead{0};
};

struct ServerSettings {
  LogChoice log;
  NatsSettings nats;
  ServiceIdentity service;
  std::string host;
  bool is_insecure = false;  // open beyond loopback without a token
  std::string token;  // secret; empty: none is asked for, unless worker_token is
  std::string allowed_hosts;  // "name,name": while no token is set
  bool is_metrics_open = false;  // /metrics asks for no token
  int port = 0;  // 0: any free one
  std::string port_file;  // written once the server listens; empty: none
  std::string server_url;  // what notifications say; http://localhost:<port> when not set. Empty for port 0
  std::string database_url;  // libpq URL or keywords; secret
  int db_pool_size = 0;
  bool should_migrate = true;  // false: only check that the schema is current
  bool allows_superuser = false;  // as the database role
  int pools_max = 0;  // that workers make by registering
  int workers_max = 0;
  std::chrono::milliseconds pool_idle_time{0};  // without a worker and commands: then a pool's consumers go
  int http_threads = 0;
  int http_queue = 0;
  int nats_threads = 0;  // that answer workers over NATS; 0: none do
  std::string cluster_prefix;  // of the subjects of those
  std::string config_bucket;  // of settings at run time; empty: none
  std::string session_subject;  // of requests for executions; the session follows
  std::string session_stream;  // of requests that must not be lost; empty: none
  std::string session_stream_subject;  // the session follows
  std::string session_playbook;  // that those of sessions start unless they name another; empty: none
  std::size_t body_bytes_max = 0;
  std::size_t report_bytes_max = 0;
  std::size_t inline_bytes_max = 0;
  int node = -1;  // -1: choose one at random
  std::chrono::milliseconds heartbeat_interval{0};
  std::chrono::milliseconds lease{0};
  std::chrono::milliseconds shutdown_delay{0};  // between the stop signal and the stop, while /readyz says no
  std::chrono::milliseconds upkeep_interval{0};
  std::chrono::milliseconds renotify_after{0};
  RetentionSettings retention;
  EventsSettings events;
  std::string encryption_key;  // secret; empty: none
  std::string encryption_key_file;  // where it was read from; empty: no file
  std::string worker_token;  // secret; empty: none
  std::string egress_allow, egress_deny;  // rules of reach::Egress
};

struct WorkerSettings {
  LogChoice log;
  NatsAddress nats;
  ServiceIdentity service;
  std::string server_url;
  std::string server_ca_file;  // empty: the system's authorities
  std::string token;  // secret; empty: none. worker-token, or token where that is not set
  std::string pool;
  int slots = 0;
  int prefetch_max = 0;
  int deployments_max = 0;
  int deployment_runs = 0;
  std::chrono::milliseconds deployment_timeout{0};
  bool takes_direct_dispatch = true;
  bool runs_ahead = true;
  bool uses_nats_transport = false;  // the server is reached over NATS
  std::string cluster_prefix;  // of the subjects then
  std::string config_bucket;  // of settings at run time; empty: none
  std::string host;  // that health_port listens on
  int health_port = 0;  // 0: none
  std::string worker_id;  // empty: make one
  std::chrono::milliseconds grace{0};
  std::string python;
  int python_processes = 0;
  int python_processes_max = 0;  // 0: as many as slots
  bool reuses_python = false;  // an interpreter runs one call after another
  std::string python_preload;  // "module,…"
  std::string tools = "all";  // kinds, "http,python,…"; all: every one
  std::string tool_environment;  // "NAME,PREFIX_*"
  std::string python_versions;  // "name=path,…"
  std::string scripts_root;
  std::string egress_allow, egress_deny;  // rules of reach::Egress
  std::string files_root;  // empty: ./files
  std::string container_images, container_mounts, container_networks, container_users;  // lists with commas
  std::string tool_postgres_url;  // secret; empty: none
  std::string tool_nats_url;  // secret; empty: none
  std::string duckdb_library;  // empty: search
  std::string tool_secrets;  // "NAME,PREFIX_*"
  std::string tool_exec;  // "name=path,…"
  std::chrono::milliseconds tool_timeout{0};
  std::size_t tool_memory_max = 0;
  std::size_t tool_file_max = 0;  // 0: no bound, as of the next two
  std::chrono::milliseconds tool_cpu_max{0};
  int tool_processes_max = 0;
  std::size_t tool_output_max = 0;
  std::size_t tool_result_max = 0;
};

struct ClientSettings {
  LogChoice log;
  std::string server_url;
  std::string server_ca_file;  // empty: the system's authorities
  std::string token;  // secret; empty: none
  bool json = false;
  std::chrono::milliseconds timeout{0};
  int retries = 0;
};

// Errors: relations between settings that do not hold, e.g. a lease shorter than three heartbeats.
[[nodiscard]] base::Result<ServerSettings> server_settings(const Resolved& resolved);
[[nodiscard]] base::Result<WorkerSettings> worker_settings(const Resolved& resolved);
[[nodiscard]] ClientSettings client_settings(const Resolved& resolved);

}  // namespace noetl::config
