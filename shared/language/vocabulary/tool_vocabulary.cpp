#include "shared/language/vocabulary/tool_vocabulary.hpp"

namespace noetl::language::vocabulary {

namespace {

constexpr auto python_option_list =
    std::to_array<std::string_view>({"code", "script", "libs", "auth", "credential", "python", "env"});
constexpr auto shell_option_list =
    std::to_array<std::string_view>({"command", "cmd", "script", "cmds", "commands", "env", "cwd", "working_dir"});
constexpr auto http_option_list = std::to_array<std::string_view>({"method",     "url",
                                                                   "endpoint",   "params",
                                                                   "headers",    "json",
                                                                   "form",       "files",
                                                                   "payload",    "body",
                                                                   "data",       "auth",
                                                                   "credential", "verify_ssl",
                                                                   "ca_cert",    "client_cert",
                                                                   "client_key", "follow_redirects",
                                                                   "proxy",      "expected_status",
                                                                   "timeout",    "stream"});
constexpr auto postgres_option_list = std::to_array<std::string_view>(
    {"command",    "query",        "commands",    "queries",        "statement",    "sql",    "command_b64",
     "query_b64",  "commands_b64", "queries_b64", "command_base64", "query_base64", "script", "params",
     "parameters", "table",        "rows",        "data",           "from",         "mode",   "key",
     "copy",       "transaction",  "numeric",     "auth",           "credential",   "pool",   "connection_string"});
constexpr auto duckdb_option_list = std::to_array<std::string_view>(
    {"database", "db_path", "command", "query", "commands", "queries", "statement", "sql", "command_b64", "query_b64",
     "commands_b64", "script", "params", "numeric", "returns"});
constexpr auto nats_option_list =
    std::to_array<std::string_view>({"operation", "action", "subject", "data", "payload", "message", "message_id",
                                     "bucket", "key", "value", "create_bucket", "revision", "credential", "auth"});
constexpr auto transfer_option_list =
    std::to_array<std::string_view>({"source", "target", "mapping", "chunk_size", "batch_size"});
constexpr auto artifact_option_list =
    std::to_array<std::string_view>({"action", "operation", "result_ref", "uri", "ref", "path"});
constexpr auto object_option_list = std::to_array<std::string_view>(
    {"action", "operation", "uri", "destination", "bucket", "key", "object", "blob", "source", "path", "file",
     "content", "data", "content_type", "endpoint", "region", "auth", "credential", "timeout"});
constexpr auto secrets_option_list =
    std::to_array<std::string_view>({"provider", "name", "secret_name", "key", "field", "reveal", "required"});
constexpr auto container_option_list =
    std::to_array<std::string_view>({"image", "command", "args", "entrypoint", "env", "mounts", "volumes", "workdir",
                                     "cwd", "user", "network", "memory", "cpus", "pull"});
constexpr auto playbook_option_list =
    std::to_array<std::string_view>({"path", "playbook", "catalog_id", "version", "workload", "payload", "return_step",
                                     "result_step", "poll_interval"});
constexpr auto common_option_list = std::to_array<std::string_view>(
    {"kind", "name", "args", "input", "set", "set_ctx", "spec", "timeout", "timeout_seconds", "retry", "output", "desc",
     "description", "task", "assert", "pool", "priority", "labels", "tags"});

struct Entry {
  std::string_view kind;
  Words options;
};
constexpr auto entries = std::to_array<Entry>({{"python", python_option_list},
                                               {"shell", shell_option_list},
                                               {"http", http_option_list},
                                               {"postgres", postgres_option_list},
                                               {"duckdb", duckdb_option_list},
                                               {"nats", nats_option_list},
                                               {"transfer", transfer_option_list},
                                               {"artifact", artifact_option_list},
                                               {"gcs", object_option_list},
                                               {"s3", object_option_list},
                                               {"secrets", secrets_option_list},
                                               {"container", container_option_list},
                                               {"playbook", playbook_option_list}});

}  // namespace

const Words common_tool_options = common_option_list;

Words tool_options_of(std::string_view kind) {
  for (const auto& entry : entries)
    if (entry.kind == kind) return entry.options;
  return {};
}

}  // namespace noetl::language::vocabulary
