#include "shared/language/vocabulary/vocabulary.hpp"

#include <algorithm>

namespace noetl::language::vocabulary {

namespace {

constexpr auto playbook_key_list = std::to_array<std::string_view>(
    {"apiVersion", "kind", "metadata", "workload", "workbook", "workflow", "executor", "keychain", "name", "path",
     "description", "version", "spec", "labels", "tags", "vars", "env", "credentials"});
constexpr auto step_key_list = std::to_array<std::string_view>(
    {"step", "desc", "description", "tool", "args", "input", "loop", "case", "vars", "next", "set", "set_ctx", "when",
     "spec", "output", "timeout", "timeout_seconds", "labels", "tags"});
constexpr auto step_spec_key_list =
    std::to_array<std::string_view>({"policy", "timeout", "on_error", "next_mode", "mode", "retry", "max_attempts",
                                     "pool", "priority", "lease_seconds", "labels", "timeout_seconds"});
constexpr auto output_key_list =
    std::to_array<std::string_view>({"store", "output_select", "select", "inline_max_bytes", "scope", "ttl"});
constexpr auto loop_key_list = std::to_array<std::string_view>(
    {"in", "iterator", "mode", "spec", "cursor", "frame", "max_in_flight", "collection", "element"});
constexpr auto loop_spec_key_list =
    std::to_array<std::string_view>({"mode", "max_in_flight", "policy", "frame", "cursor", "on_error"});
constexpr auto frame_key_list = std::to_array<std::string_view>(
    {"max_rows", "max_seconds", "max_bytes", "lease_seconds", "heartbeat_seconds", "row_concurrency", "process"});
constexpr auto next_key_list = std::to_array<std::string_view>({"spec", "arcs", "mode"});
constexpr auto next_spec_key_list = std::to_array<std::string_view>({"mode", "on_no_match"});
constexpr auto arc_key_list =
    std::to_array<std::string_view>({"step", "when", "set", "set_ctx", "args", "input", "desc", "description"});
constexpr auto case_key_list = std::to_array<std::string_view>({"when", "then", "else", "desc", "description"});
constexpr auto action_key_list = std::to_array<std::string_view>(
    {"collect", "set", "result", "sink", "log", "call", "retry", "next", "skip", "fail"});
constexpr auto retry_key_list = std::to_array<std::string_view>({"max_attempts",
                                                                 "attempts",
                                                                 "initial_delay",
                                                                 "delay",
                                                                 "backoff",
                                                                 "backoff_multiplier",
                                                                 "max_delay",
                                                                 "params",
                                                                 "url",
                                                                 "endpoint",
                                                                 "method",
                                                                 "headers",
                                                                 "body",
                                                                 "data",
                                                                 "payload",
                                                                 "json",
                                                                 "args",
                                                                 "input",
                                                                 "delay_seconds",
                                                                 "initial_delay_seconds",
                                                                 "max_delay_seconds"});
constexpr auto collect_key_list = std::to_array<std::string_view>({"strategy", "mode", "path", "from", "into", "name"});
constexpr auto workbook_key_list =
    std::to_array<std::string_view>({"name", "tool", "desc", "description", "sink", "assert", "args", "input"});
constexpr auto policy_key_list = std::to_array<std::string_view>({"rules", "admit", "exec", "on_error", "retry"});
constexpr auto policy_rule_key_list =
    std::to_array<std::string_view>({"when", "then", "else", "name", "desc", "description"});
constexpr auto policy_then_key_list =
    std::to_array<std::string_view>({"do", "attempts", "delay", "backoff", "max_delay", "to", "task", "set", "set_ctx",
                                     "set_iter", "message", "reason", "delay_seconds", "max_delay_seconds"});
constexpr auto tool_option_list = std::to_array<std::string_view>(
    {"kind",          "name",        "args",     "input",         "spec",       "set",         "code",
     "libs",          "script",      "auth",     "command",       "commands",   "query",       "queries",
     "statement",     "method",      "endpoint", "params",        "headers",    "payload",     "data",
     "json",          "body",        "timeout",  "verify_ssl",    "path",       "return_step", "result_step",
     "poll_interval", "retry",       "database", "source",        "target",     "mapping",     "chunk_size",
     "credential",    "credentials", "output",   "pool",          "operation",  "action",      "bucket",
     "value",         "provider",    "task",     "assert",        "image",      "environment", "subject",
     "stream",        "workdir",     "shell",    "workload",      "version",    "schema",      "warehouse",
     "table",         "result_ref",  "store",    "output_select", "catalog_id", "memory_limit"});

constexpr auto tool_kind_list = std::to_array<std::string_view>(
    {"python",       "http", "postgres", "duckdb",   "ducklake",  "shell",    "noop",         "playbook",
     "workbook",     "nats", "transfer", "artifact", "container", "secrets",  "snowflake",    "event_log",
     "subscription", "rhai", "wasm",     "gcs",      "gateway",   "iterator", "result_fetch", "mcp",
     "sleep",        "log",  "script",   "agent",    "s3"});
constexpr auto loop_mode_list = std::to_array<std::string_view>({"sequential", "parallel", "async", "cursor"});
constexpr auto next_mode_list = std::to_array<std::string_view>({"exclusive", "inclusive"});
constexpr auto policy_action_list = std::to_array<std::string_view>({"retry", "fail", "continue", "break", "jump"});
constexpr auto backoff_list = std::to_array<std::string_view>({"none", "fixed", "linear", "exponential"});
constexpr auto collect_strategy_list = std::to_array<std::string_view>({"append", "extend", "replace"});
constexpr auto api_version_list = std::to_array<std::string_view>({"noetl.io/v2", "noetl.io/v1", "noetl.io/v10"});
constexpr auto frame_process_list = std::to_array<std::string_view>({"row", "frame"});
constexpr auto tool_only_option_list = std::to_array<std::string_view>(
    {"code",   "code_b64", "command", "command_b64", "commands", "commands_b64", "cmd",
     "cmds",   "query",    "queries", "statement",   "script",   "url",          "endpoint",
     "method", "kind",     "libs",    "payload",     "headers",  "params",       "database"});
constexpr auto program_text_list =
    std::to_array<std::string_view>({"code", "script", "command", "commands", "cmd", "cmds", "query", "queries",
                                     "statement", "statements", "sql", "claim"});

}  // namespace

const Words playbook_keys = playbook_key_list;
const Words step_keys = step_key_list;
const Words step_spec_keys = step_spec_key_list;
const Words output_keys = output_key_list;
const Words loop_keys = loop_key_list;
const Words loop_spec_keys = loop_spec_key_list;
const Words frame_keys = frame_key_list;
const Words next_keys = next_key_list;
const Words next_spec_keys = next_spec_key_list;
const Words arc_keys = arc_key_list;
const Words case_keys = case_key_list;
const Words action_keys = action_key_list;
const Words retry_keys = retry_key_list;
const Words collect_keys = collect_key_list;
const Words workbook_keys = workbook_key_list;
const Words policy_keys = policy_key_list;
const Words policy_rule_keys = policy_rule_key_list;
const Words policy_then_keys = policy_then_key_list;
const Words tool_options = tool_option_list;
const Words tool_kinds = tool_kind_list;
const Words loop_modes = loop_mode_list;
const Words next_modes = next_mode_list;
const Words policy_actions = policy_action_list;
const Words backoffs = backoff_list;
const Words collect_strategies = collect_strategy_list;
const Words api_versions = api_version_list;
const Words frame_processes = frame_process_list;
const Words tool_only_options = tool_only_option_list;

bool contains(Words words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

bool is_program_text(std::string_view option) { return contains(program_text_list, option); }

}  // namespace noetl::language::vocabulary
