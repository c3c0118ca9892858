#include "server/api/routes/endpoints.hpp"

#include <algorithm>
#include <array>

#include "server/api/executions/execution_handlers.hpp"
#include "server/api/secrets/secret_handlers.hpp"
#include "server/api/work/work_handlers.hpp"
#include "shared/wire/codecs/catalog_json.hpp"
#include "shared/wire/codecs/credential_json.hpp"
#include "shared/wire/operations/worker_commands.hpp"
#include "shared/wire/stored_result.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;
using enum Access;
using enum http::Place;

constexpr std::size_t register_max = wire::playbook_bytes_max * 3 / 2;  // base64 and JSON around it
constexpr std::size_t small_max = 64 * 1024;
constexpr std::size_t secret_max = 2 * wire::secret_bytes_max;  // JSON escapes around it
constexpr std::size_t redrive_bytes_max = 2 * 1024 * 1024;  // 10,000 ids, or a large edit
constexpr std::size_t variables_bytes_max = 1024 * 1024;  // they live in the execution's state

constexpr std::array execution_filters{
    QueryField{"status", "ExecutionStatusInput", "SCHEDULED, RUNNING, COMPLETED, FAILED or CANCELLED"},
    QueryField{"path", "PlaybookPath", "Path of the playbook"},
    QueryField{"parent_execution_id", "Id", "Children of this execution"},
    QueryField{"before", "Id", "Cursor: executions older than this one"},
    QueryField{"limit", "limit", "Rows at most"},
};
constexpr std::array event_filters{
    QueryField{"event_type", "Word", "Only events of this type"},
    QueryField{"step", "StepName", "Only events of this step"},
    QueryField{"after", "Id", "Cursor: events after this one"},
    QueryField{"limit", "limit", "Rows at most"},
};
constexpr std::array feed_filters{
    QueryField{"after", "FeedPosition", "Events after this place: Noetl-Position of a message, or next_after"},
    QueryField{"before", "FeedPosition", "And before this one; without it all that were published"},
    QueryField{"limit", "limit", "Rows at most"},
};
constexpr std::array command_filters{
    QueryField{"status", "CommandStatus", "queued, running, done, failed, dead or cancelled"},
    QueryField{"pool", "PoolName", "Commands of this pool"},
    QueryField{"tool_kind", "ToolKind", "Commands of this kind of tool"},
    QueryField{"execution_id", "Id", "Commands of this execution"},
    QueryField{"idempotency_key", "IdempotencyKey", "The command that was enqueued with this key"},
    QueryField{"created_after", "Time", "Commands made at this time (RFC 3339) or later"},
    QueryField{"created_before", "Time", "Commands made before this time (RFC 3339)"},
    QueryField{"after", "Id", "Commands newer than this one"},
    QueryField{"before", "Id", "Cursor: commands older than this one"},
    QueryField{"limit", "limit", "Rows at most"},
};
constexpr std::array dead_filters{
    QueryField{"group", "flag", "true: groups of one cause instead of letters, the most frequent first"},
    QueryField{"fingerprint", "Word", "Letters of one cause"},
    QueryField{"pool", "PoolName", "Letters of this pool"},
    QueryField{"tool_kind", "ToolKind", "Letters of this kind of tool"},
    QueryField{"error_kind", "Word", "Letters with this kind of error"},
    QueryField{"state", "DeadState", "open (what nobody has dealt with; the default), closed or all"},
    QueryField{"after", "Id", "Letters of commands newer than this one"},
    QueryField{"before", "Id", "Cursor: letters of commands older than this one"},
    QueryField{"limit", "limit", "Rows at most"},
};
constexpr std::array purge_filters{
    QueryField{"fingerprint", "Word", "Letters of one cause"},
    QueryField{"pool", "PoolName", "Letters of this pool"},
    QueryField{"tool_kind", "ToolKind", "Letters of this kind of tool"},
    QueryField{"error_kind", "Word", "Letters with this kind of error"},
    QueryField{"state", "DeadState", "open (the default), closed or all"},
    QueryField{"after", "Id", "Letters of commands newer than this one"},
    QueryField{"before", "Id", "Letters of commands older than this one"},
    QueryField{"all", "flag", "true: needed when no filter is given"},
    QueryField{"dry_run", "flag", "true: count only"},
};
constexpr std::array worker_filters{
    QueryField{"pool", "PoolName", "Workers of this pool"},
    QueryField{"status", "WorkerStatus", "ready, draining, stopped or lost"},
};

constexpr std::array deregister_fields{
    QueryField{"force", "flag", "true: also a worker that runs, and whoever asks"},
};

constexpr std::array credential_filters{
    QueryField{"type", "Word", "Credentials of this type"},
    QueryField{"after", "SecretName", "Cursor: names after this one"},
    QueryField{"limit", "limit", "Rows at most"},
};
constexpr std::array credential_fields{
    QueryField{"include_data", "flag", "true: with the secret; needs the right to read secrets"},
    QueryField{"worker_id", "WorkerId", "Who asks, for the audit"},
    QueryField{"execution_id", "Id", "For which execution, for the audit"},
};
constexpr std::array keychain_fields{
    QueryField{"execution_id", "Id", "Of which execution; needed for entries of scope local and shared"},
    QueryField{"worker_id", "WorkerId", "Who asks, for the audit"},
};
constexpr std::array keychain_reader{
    QueryField{"worker_id", "WorkerId", "Who asks, for the audit"},
};
constexpr std::array keychain_scope{
    QueryField{"execution_id", "Id", "Only what is stored for this execution; left out: all of them"},
};
constexpr std::array reference_field{
    QueryField{"ref", "ResultReference", "noetl://result/<id>, or the id", true},
};

constexpr std::array command_patience{
    QueryField{"timeout", "CommandPatience", "Seconds to wait for the answer; 10 when left out"},
};
constexpr std::array worker_command_errors{
    ErrorCode::not_found, ErrorCode::unsupported,      ErrorCode::conflict, ErrorCode::already_terminal,
    ErrorCode::saturated, ErrorCode::invalid_playbook, ErrorCode::timeout};
constexpr std::array worker_errors{ErrorCode::not_found, ErrorCode::conflict};
constexpr std::array register_errors{ErrorCode::invalid_playbook};
constexpr std::array start_errors{ErrorCode::not_found, ErrorCode::conflict};
constexpr std::array key_errors{ErrorCode::conflict};
constexpr std::array missing{ErrorCode::not_found};
constexpr std::array secret_errors{ErrorCode::not_found, ErrorCode::unauthenticated, ErrorCode::forbidden};
constexpr std::array token_errors{ErrorCode::not_found,   ErrorCode::unauthenticated, ErrorCode::forbidden,
                                  ErrorCode::unsupported, ErrorCode::saturated,       ErrorCode::unavailable};
constexpr std::array scope_errors{ErrorCode::unauthenticated, ErrorCode::forbidden};
constexpr std::array variable_errors{ErrorCode::not_found, ErrorCode::already_terminal};
constexpr std::array claim_errors{ErrorCode::not_found,        ErrorCode::forbidden,           ErrorCode::active_claim,
                                  ErrorCode::already_terminal, ErrorCode::execution_cancelled, ErrorCode::lease_lost};
constexpr std::array report_errors{ErrorCode::not_found, ErrorCode::lease_lost, ErrorCode::already_terminal,
                                   ErrorCode::execution_cancelled};
constexpr std::array keep_errors{ErrorCode::not_found, ErrorCode::lease_lost, ErrorCode::conflict};
constexpr std::array ready_errors{ErrorCode::unavailable, ErrorCode::schema_mismatch};

// One or two lines a row, so that it reads as a table.
// clang-format off
constexpr Endpoint table[] = {
    // catalog
    {.method = "POST", .path = "/api/catalog/register", .operation_id = "registerPlaybook", .tag = "catalog", .summary = "Register a playbook: YAML text or its base64", .open_to = callers,
     .body = BodyKind::json_or_yaml, .request_schema = "RegisterRequest", .response_schema = "RegisterAnswer", .body_bytes_max = register_max, .limit = LimitKind::batch_submits, .errors = register_errors, .handler = handle_catalog_register},
    {.method = "POST", .path = "/api/catalog/list", .operation_id = "listCatalog", .tag = "catalog", .summary = "The latest version of every playbook", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "CatalogListRequest", .response_schema = "CatalogList", .body_bytes_max = small_max, .handler = handle_catalog_list},
    {.method = "POST", .path = "/api/catalog/resource", .operation_id = "getResource", .tag = "catalog", .summary = "One playbook with its text", .open_to = callers,
     .body = BodyKind::json, .request_schema = "ResourceRequest", .response_schema = "CatalogEntry", .body_bytes_max = small_max, .errors = missing, .handler = handle_catalog_resource},

    // executions
    {.method = "POST", .path = "/api/v2/execute", .operation_id = "execute", .tag = "executions", .summary = "Start an execution of a playbook", .open_to = callers,
     .body = BodyKind::json, .request_schema = "ExecuteRequest", .check = BodyCheck::decoder, .response_schema = "ExecuteAnswer", .body_bytes_max = body_bytes_max_of_settings, .limit = LimitKind::chosen_by_handler, .errors = start_errors, .has_idempotency_key = true, .handler = handle_execute},
    {.method = "POST", .path = "/api/execute", .operation_id = "executeAlias", .tag = "executions", .summary = "Start an execution of a playbook", .open_to = callers,
     .body = BodyKind::json, .request_schema = "ExecuteRequest", .check = BodyCheck::decoder, .response_schema = "ExecuteAnswer", .body_bytes_max = body_bytes_max_of_settings, .limit = LimitKind::chosen_by_handler, .errors = start_errors, .has_idempotency_key = true, .alias_of = "execute", .handler = handle_execute},
    {.method = "POST", .path = "/api/v2/execute/batch", .operation_id = "executeBatch", .tag = "executions", .summary = "Start up to 1000 executions, each with its own result", .open_to = callers,
     .body = BodyKind::json, .request_schema = "ExecuteBatchRequest", .check = BodyCheck::decoder, .response_schema = "ExecuteBatchAnswer", .body_bytes_max = body_bytes_max_of_settings, .limit = LimitKind::batch_submits, .handler = handle_execute_batch},
    {.method = "POST", .path = "/api/execute/batch", .operation_id = "executeBatchAlias", .tag = "executions", .summary = "Start up to 1000 executions, each with its own result", .open_to = callers,
     .body = BodyKind::json, .request_schema = "ExecuteBatchRequest", .check = BodyCheck::decoder, .response_schema = "ExecuteBatchAnswer", .body_bytes_max = body_bytes_max_of_settings, .limit = LimitKind::batch_submits, .alias_of = "executeBatch", .handler = handle_execute_batch},
    {.method = "GET", .path = "/api/v2/executions", .operation_id = "listExecutions", .tag = "executions", .summary = "Executions, newest first", .open_to = callers,
     .response_schema = "ExecutionList", .query = execution_filters, .handler = handle_list_executions},
    {.method = "GET", .path = "/api/executions", .operation_id = "listExecutionsPlain", .tag = "executions", .summary = "Executions, newest first, as a plain array", .open_to = callers,
     .response_schema = "ExecutionArray", .query = execution_filters, .alias_of = "listExecutions", .handler = handle_list_executions_plain},
    {.method = "GET", .path = "/api/v2/executions/{id}", .operation_id = "getExecution", .tag = "executions", .summary = "State, timings, result and error of an execution", .open_to = callers,
     .response_schema = "Execution", .errors = missing, .handler = handle_get_execution},
    {.method = "GET", .path = "/api/executions/{id}", .operation_id = "getExecutionWithEvents", .tag = "executions", .summary = "The same with its first 1000 events", .open_to = callers,
     .response_schema = "ExecutionWithEvents", .errors = missing, .alias_of = "getExecution", .handler = handle_get_execution_with_events},
    {.method = "GET", .path = "/api/executions/{id}/status", .operation_id = "getExecutionStatus", .tag = "executions", .summary = "State of an execution", .open_to = callers,
     .response_schema = "Execution", .errors = missing, .alias_of = "getExecution", .handler = handle_get_execution},
    {.method = "GET", .path = "/api/v2/executions/{id}/events", .operation_id = "listEvents", .tag = "executions", .summary = "Events of an execution, oldest first", .open_to = callers,
     .response_schema = "EventList", .query = event_filters, .errors = missing, .handler = handle_list_events},
    {.method = "GET", .path = "/api/executions/{id}/events", .operation_id = "listEventsAlias", .tag = "executions", .summary = "Events of an execution, oldest first", .open_to = callers,
     .response_schema = "EventList", .query = event_filters, .errors = missing, .alias_of = "listEvents", .handler = handle_list_events},
    {.method = "POST", .path = "/api/v2/executions/{id}/cancel", .operation_id = "cancelExecution", .tag = "executions", .summary = "Cancel an execution, and its children when cascade", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "CancelRequest", .response_schema = "CancelAnswer", .body_bytes_max = small_max, .errors = missing, .audit = AuditKind::all, .handler = handle_cancel},
    {.method = "POST", .path = "/api/executions/{id}/cancel", .operation_id = "cancelExecutionAlias", .tag = "executions", .summary = "Cancel an execution, and its children when cascade", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "CancelRequest", .response_schema = "CancelAnswer", .body_bytes_max = small_max, .errors = missing, .audit = AuditKind::all, .alias_of = "cancelExecution", .handler = handle_cancel},
    {.method = "POST", .path = "/api/v2/executions/{id}/pause", .operation_id = "pauseExecution", .tag = "executions", .summary = "Pause an execution, and those it has called when cascade: what runs ends, nothing else begins", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "PauseRequest", .response_schema = "PauseAnswer", .body_bytes_max = small_max, .errors = variable_errors, .audit = AuditKind::all, .handler = handle_pause_execution},
    {.method = "POST", .path = "/api/v2/executions/{id}/resume", .operation_id = "resumeExecution", .tag = "executions", .summary = "Resume an execution, and those it has called when cascade", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "PauseRequest", .response_schema = "PauseAnswer", .body_bytes_max = small_max, .errors = variable_errors, .audit = AuditKind::all, .handler = handle_resume_execution},
    {.method = "POST", .path = "/api/v2/executions/{id}/rerun", .operation_id = "rerunExecution", .tag = "executions", .summary = "Run an ended execution again, from one of its steps with what came before it, or from the beginning", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "RerunRequest", .response_schema = "ExecuteAnswer", .body_bytes_max = body_bytes_max_of_settings, .limit = LimitKind::batch_submits, .errors = start_errors, .has_idempotency_key = true, .handler = handle_rerun},

    // commands
    {.method = "POST", .path = "/api/v2/commands", .operation_id = "enqueueCommands", .tag = "commands", .summary = "Enqueue one command, or up to 10000: all of them or none", .open_to = callers,
     .body = BodyKind::json, .request_schema = "EnqueueRequest", .check = BodyCheck::decoder, .response_schema = "EnqueueAnswer", .success_status = 201, .body_bytes_max = body_bytes_max_of_settings, .limit = LimitKind::chosen_by_handler, .errors = key_errors, .has_idempotency_key = true, .handler = handle_enqueue},
    {.method = "GET", .path = "/api/v2/commands", .operation_id = "listCommands", .tag = "commands", .summary = "Commands, newest first", .open_to = callers,
     .response_schema = "CommandList", .query = command_filters, .handler = handle_list_commands},
    {.method = "GET", .path = "/api/v2/commands/{queue_id}", .operation_id = "getCommand", .tag = "commands", .summary = "One command with its context, result and error", .open_to = callers,
     .response_schema = "Command", .errors = missing, .handler = handle_get_command},
    {.method = "POST", .path = "/api/v2/commands/{queue_id}/cancel", .operation_id = "cancelCommand", .tag = "commands", .summary = "Cancel a plain command that waits or runs", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "CancelCommandRequest", .response_schema = "CancelledCommand", .body_bytes_max = small_max, .errors = start_errors, .audit = AuditKind::all, .handler = handle_cancel_command},
    {.method = "POST", .path = "/api/v2/commands/cancel", .operation_id = "cancelCommands", .tag = "commands", .summary = "Cancel plain commands that wait or run: by their ids, or by a filter", .open_to = callers,
     .body = BodyKind::json, .request_schema = "CancelCommandsRequest", .response_schema = "CancelledCommands", .body_bytes_max = redrive_bytes_max, .audit = AuditKind::all, .handler = handle_cancel_commands},
    {.method = "POST", .path = "/api/v2/commands/claim", .operation_id = "claimCommands", .tag = "commands", .summary = "Claim commands by id, or whatever waits in a pool (long poll)", .open_to = workers,
     .body = BodyKind::json, .request_schema = "ClaimRequest", .check = BodyCheck::decoder, .response_schema = "ClaimAnswer", .body_bytes_max = small_max, .limit = LimitKind::chosen_by_handler, .place = claims, .errors = missing, .handler = handle_claim},
    {.method = "POST", .path = "/api/v2/commands/{queue_id}/claim", .operation_id = "claimCommand", .tag = "commands", .summary = "Claim one command", .open_to = workers,
     .body = BodyKind::json, .request_schema = "ClaimOneRequest", .check = BodyCheck::decoder, .response_schema = "ClaimedCommand", .body_bytes_max = small_max, .place = claims, .errors = claim_errors, .handler = handle_claim_one},
    {.method = "POST", .path = "/api/v2/commands/ahead", .operation_id = "runAhead", .tag = "commands", .summary = "Report commands of an execution that the worker has run before they were issued, and get what follows", .open_to = workers,
     .body = BodyKind::json, .request_schema = "AheadRequest", .check = BodyCheck::decoder, .response_schema = "AheadAnswer", .body_bytes_max = report_bytes_max_of_settings, .place = reports, .errors = report_errors, .handler = handle_ahead},
    {.method = "POST", .path = "/api/postgres/execute", .operation_id = "claimBySeed", .tag = "commands", .summary = "Claim one command as NoETL's first worker does; refuses SQL", .open_to = workers,
     .body = BodyKind::json, .request_schema = "PostgresExecuteRequest", .check = BodyCheck::decoder, .response_schema = "PostgresExecuteAnswer", .body_bytes_max = small_max, .place = claims, .errors = claim_errors, .alias_of = "claimCommand", .handler = handle_postgres_execute},
    {.method = "GET", .path = "/api/v2/queue", .operation_id = "getQueue", .tag = "commands", .summary = "Depth and oldest age per pool and status", .open_to = callers,
     .response_schema = "Queue", .handler = handle_queue_depth},

    // dead letters
    {.method = "GET", .path = "/api/v2/dead", .operation_id = "listDead", .tag = "dead", .summary = "Dead letters, newest first; with group=true those of one cause as one row", .open_to = callers,
     .response_schema = "DeadList", .query = dead_filters, .handler = handle_list_dead},
    {.method = "DELETE", .path = "/api/v2/dead", .operation_id = "purgeDead", .tag = "dead", .summary = "Purge dead letters and their plain commands", .open_to = callers,
     .response_schema = "PurgeAnswer", .query = purge_filters, .errors = key_errors, .audit = AuditKind::all, .handler = handle_purge_dead},
    {.method = "POST", .path = "/api/v2/dead/redrive", .operation_id = "redriveDead", .tag = "dead", .summary = "Run dead plain commands again, as new ones: some, or what a filter takes; edited, paced, or as a dry run", .open_to = callers,
     .body = BodyKind::json, .request_schema = "RedriveRequest", .response_schema = "RedriveAnswer", .body_bytes_max = redrive_bytes_max, .limit = LimitKind::batch_submits, .audit = AuditKind::all, .handler = handle_redrive},
    {.method = "GET", .path = "/api/v2/dead/{queue_id}", .operation_id = "getDead", .tag = "dead", .summary = "One dead letter with context, error and attempts", .open_to = callers,
     .response_schema = "DeadCommand", .errors = missing, .handler = handle_get_dead},
    {.method = "DELETE", .path = "/api/v2/dead/{queue_id}", .operation_id = "purgeOneDead", .tag = "dead", .summary = "Purge one dead letter", .open_to = callers,
     .response_schema = "PurgeAnswer", .errors = missing, .audit = AuditKind::all, .handler = handle_purge_one_dead},

    // pools
    {.method = "GET", .path = "/api/v2/pools", .operation_id = "listPoolRules", .tag = "pools", .summary = "Pools that have settings, commands or workers", .open_to = callers,
     .response_schema = "PoolRulesList", .handler = handle_list_pools},
    {.method = "GET", .path = "/api/v2/pools/{pool}", .operation_id = "getPoolRules", .tag = "pools", .summary = "What holds for the commands of a pool", .open_to = callers,
     .response_schema = "PoolRules", .handler = handle_get_pool},
    {.method = "PUT", .path = "/api/v2/pools/{pool}", .operation_id = "putPoolRules", .tag = "pools", .summary = "Set attempts and retry for plain commands that say nothing of their own", .open_to = callers,
     .body = BodyKind::json, .request_schema = "PoolRulesRequest", .response_schema = "PoolRules", .body_bytes_max = small_max, .audit = AuditKind::all, .handler = handle_put_pool},
    {.method = "DELETE", .path = "/api/v2/pools/{pool}", .operation_id = "removePool", .tag = "pools", .summary = "Delete a pool that nobody uses: its settings and consumers", .open_to = callers,
     .response_schema = "PoolDeleted", .errors = worker_errors, .audit = AuditKind::all, .handler = handle_delete_pool},
    {.method = "POST", .path = "/api/v2/pools/{pool}/pause", .operation_id = "pausePool", .tag = "pools", .summary = "Nothing more is claimed from the pool; enqueueing goes on", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "Empty", .response_schema = "PoolRules", .body_bytes_max = small_max, .audit = AuditKind::all, .handler = handle_pause_pool},
    {.method = "POST", .path = "/api/v2/pools/{pool}/resume", .operation_id = "resumePool", .tag = "pools", .summary = "Commands of the pool are claimed again", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "Empty", .response_schema = "PoolRules", .body_bytes_max = small_max, .audit = AuditKind::all, .handler = handle_resume_pool},

    // events
    {.method = "GET", .path = "/api/v2/events", .operation_id = "listPublishedEvents", .tag = "events", .summary = "Events of all executions between two places of the stream of events", .open_to = callers,
     .response_schema = "PublishedEventList", .query = feed_filters, .errors = missing, .handler = handle_list_published_events},
    {.method = "POST", .path = "/api/v2/events", .operation_id = "reportEvents", .tag = "events", .summary = "Report how attempts ended, or what a step does: one event or {events:[…]}", .open_to = workers,
     .body = BodyKind::json, .request_schema = "ReportRequest", .check = BodyCheck::decoder, .response_schema = "ReportAnswer", .body_bytes_max = report_bytes_max_of_settings, .place = reports, .errors = report_errors, .handler = handle_report},
    {.method = "POST", .path = "/api/events", .operation_id = "reportEventsAlias", .tag = "events", .summary = "Report how attempts ended, or what a step does: one event or {events:[…]}", .open_to = workers,
     .body = BodyKind::json, .request_schema = "ReportRequest", .check = BodyCheck::decoder, .response_schema = "ReportAnswer", .body_bytes_max = report_bytes_max_of_settings, .place = reports, .errors = report_errors, .alias_of = "reportEvents", .handler = handle_report},

    // secrets
    {.method = "POST", .path = "/api/credentials", .operation_id = "putCredential", .tag = "secrets", .summary = "Store a credential under its name, in place of what was there", .open_to = callers,
     .body = BodyKind::json, .request_schema = "CredentialRequest", .response_schema = "CredentialAnswer", .body_bytes_max = secret_max, .audit = AuditKind::all, .handler = handle_put_credential},
    {.method = "GET", .path = "/api/credentials", .operation_id = "listCredentials", .tag = "secrets", .summary = "Credentials by name, without their data", .open_to = callers,
     .response_schema = "CredentialList", .query = credential_filters, .handler = handle_list_credentials},
    {.method = "GET", .path = "/api/credentials/{name}", .operation_id = "getCredential", .tag = "secrets", .summary = "One credential by name or id; its data only when asked for", .open_to = workers,
     .response_schema = "Credential", .query = credential_fields, .errors = secret_errors, .audit = AuditKind::refusals, .handler = handle_get_credential},
    {.method = "DELETE", .path = "/api/credentials/{name}", .operation_id = "deleteCredential", .tag = "secrets", .summary = "Forget a credential", .open_to = callers,
     .response_schema = "CredentialAnswer", .errors = missing, .audit = AuditKind::all, .handler = handle_delete_credential},
    {.method = "POST", .path = "/api/v2/credentials/{name}/policy", .operation_id = "setCredentialPolicy", .tag = "secrets", .summary = "Say whether steps may see a credential's bytes, and which hosts they may be sent to", .open_to = callers,
     .body = BodyKind::json, .request_schema = "PolicyRequest", .response_schema = "Credential", .body_bytes_max = small_max, .errors = missing, .audit = AuditKind::all, .handler = handle_set_credential_policy},
    {.method = "POST", .path = "/api/v2/credentials/rotate", .operation_id = "rotateCredentials", .tag = "secrets", .summary = "Seal every secret with the first encryption key", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "Empty", .response_schema = "RotateAnswer", .body_bytes_max = small_max, .errors = scope_errors, .audit = AuditKind::all, .handler = handle_rotate_credentials},
    {.method = "GET", .path = "/api/keychain/{catalog_id}", .operation_id = "listKeychain", .tag = "secrets", .summary = "Tokens stored for a playbook, without what they are", .open_to = callers,
     .response_schema = "KeychainList", .handler = handle_list_keychain},
    {.method = "POST", .path = "/api/keychain/{catalog_id}/{name}", .operation_id = "putKeychain", .tag = "secrets", .summary = "Put a token, with its life and how to renew it", .open_to = callers,
     .body = BodyKind::json, .request_schema = "KeychainRequest", .response_schema = "KeychainEntry", .body_bytes_max = secret_max, .errors = missing, .audit = AuditKind::all, .handler = handle_put_keychain},
    {.method = "GET", .path = "/api/keychain/{catalog_id}/{name}", .operation_id = "getKeychain", .tag = "secrets", .summary = "A token, fetched or renewed when need be", .open_to = workers,
     .response_schema = "KeychainEntry", .limit = LimitKind::chosen_by_handler, .query = keychain_fields, .errors = token_errors, .audit = AuditKind::refusals, .handler = handle_get_keychain},
    {.method = "GET", .path = "/api/v2/executions/{id}/keychain/{name}", .operation_id = "getExecutionKeychain", .tag = "secrets", .summary = "A token of the execution's playbook, fetched or renewed when need be", .open_to = workers,
     .response_schema = "KeychainEntry", .limit = LimitKind::chosen_by_handler, .query = keychain_reader, .errors = token_errors, .audit = AuditKind::refusals, .handler = handle_get_execution_keychain},
    {.method = "DELETE", .path = "/api/keychain/{catalog_id}/{name}", .operation_id = "deleteKeychain", .tag = "secrets", .summary = "Forget a token", .open_to = callers,
     .response_schema = "KeychainDeleted", .query = keychain_scope, .errors = missing, .audit = AuditKind::all, .handler = handle_delete_keychain},

    // variables and results of executions
    {.method = "GET", .path = "/api/vars/{execution_id}", .operation_id = "listVariables", .tag = "variables", .summary = "Variables of an execution with who set and read them", .open_to = callers,
     .response_schema = "VariableList", .errors = missing, .handler = handle_list_variables},
    {.method = "POST", .path = "/api/vars/{execution_id}", .operation_id = "setVariables", .tag = "variables", .summary = "Set variables of a running execution", .open_to = callers,
     .body = BodyKind::json, .request_schema = "SetVariablesRequest", .response_schema = "SetVariablesAnswer", .body_bytes_max = variables_bytes_max, .errors = variable_errors, .handler = handle_set_variables},
    {.method = "GET", .path = "/api/vars/{execution_id}/{var_name}", .operation_id = "getVariable", .tag = "variables", .summary = "One variable; counts as a read", .open_to = callers,
     .response_schema = "Variable", .errors = missing, .handler = handle_get_variable},
    {.method = "DELETE", .path = "/api/vars/{execution_id}/{var_name}", .operation_id = "deleteVariable", .tag = "variables", .summary = "Remove a variable of a running execution", .open_to = callers,
     .response_schema = "VariableDeleted", .errors = variable_errors, .handler = handle_delete_variable},
    {.method = "POST", .path = "/api/context/render", .operation_id = "renderTemplate", .tag = "variables", .summary = "Render a template with what an execution knows now", .open_to = callers,
     .body = BodyKind::json, .request_schema = "RenderRequest", .response_schema = "RenderAnswer", .body_bytes_max = variables_bytes_max, .limit = LimitKind::rendering, .errors = missing, .handler = handle_render},
    {.method = "POST", .path = "/api/v2/results", .operation_id = "storeResult", .tag = "variables", .summary = "Keep a large value of a running command apart from its result", .open_to = workers,
     .body = BodyKind::json, .request_schema = "StoreResultRequest", .check = BodyCheck::decoder, .response_schema = "StoreResultAnswer", .success_status = 201, .body_bytes_max = wire::kept_bytes_max, .place = reports, .errors = keep_errors, .handler = handle_store_result},
    {.method = "GET", .path = "/api/v2/results/{id}", .operation_id = "getResult", .tag = "variables", .summary = "A stored result by its id: the JSON as it was", .open_to = workers,
     .response_schema = "Result", .errors = missing, .handler = handle_get_result},
    {.method = "GET", .path = "/api/result/resolve", .operation_id = "resolveResult", .tag = "variables", .summary = "A stored result by its reference", .open_to = workers,
     .response_schema = "Result", .query = reference_field, .errors = missing, .alias_of = "getResult", .handler = handle_resolve_result},

    // workers
    {.method = "POST", .path = "/api/v2/workers", .operation_id = "registerWorker", .tag = "workers", .summary = "Register a worker; the answer has the server's rules", .open_to = workers,
     .body = BodyKind::json, .request_schema = "WorkerRegistration", .response_schema = "RegistrationAnswer", .body_bytes_max = small_max, .place = reports, .errors = key_errors, .handler = handle_register_worker},
    {.method = "GET", .path = "/api/v2/workers", .operation_id = "listWorkers", .tag = "workers", .summary = "Workers of the last day", .open_to = callers,
     .response_schema = "WorkerList", .query = worker_filters, .handler = handle_list_workers},
    {.method = "POST", .path = "/api/v2/workers/{worker_id}/heartbeat", .operation_id = "heartbeat", .tag = "workers", .summary = "Renew all leases of a worker", .open_to = workers,
     .body = BodyKind::json, .request_schema = "Heartbeat", .check = BodyCheck::decoder, .response_schema = "HeartbeatAnswer", .body_bytes_max = body_bytes_max_of_settings, .place = reports, .errors = key_errors, .handler = handle_heartbeat},
    {.method = "POST", .path = "/api/v2/workers/{worker_id}/drain", .operation_id = "drainWorker", .tag = "workers", .summary = "Ask a worker to finish what it has and claim nothing more", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "Empty", .response_schema = "WorkerAnswer", .body_bytes_max = small_max, .errors = missing, .audit = AuditKind::all, .handler = handle_drain_worker},
    {.method = "POST", .path = "/api/v2/workers/{worker_id}/commands/{name}", .operation_id = "commandWorker", .tag = "workers", .summary = "Command one worker: it gets the command with its next heartbeat, and this waits for its answer", .open_to = callers,
     .body = BodyKind::optional_json, .request_schema = "WorkerCommandBody", .response_schema = "WorkerCommandAnswer", .body_bytes_max = wire::worker_command_bytes_max, .limit = LimitKind::chosen_by_handler, .place = claims, .query = command_patience, .errors = worker_command_errors, .audit = AuditKind::all, .handler = handle_command_worker},
    {.method = "GET", .path = "/api/v2/workers/{worker_id}/commands/{id}", .operation_id = "getWorkerCommand", .tag = "workers", .summary = "What became of a command to a worker within the last hour", .open_to = callers,
     .response_schema = "WorkerCommand", .errors = missing, .handler = handle_get_worker_command},
    {.method = "POST", .path = "/api/v2/workers/{worker_id}/cancel", .operation_id = "cancelOfWorker", .tag = "workers", .summary = "A worker that was commanded to cancel what it runs asks for it", .open_to = workers,
     .body = BodyKind::json, .request_schema = "CancelOfWorker", .check = BodyCheck::decoder, .response_schema = "CancelledOfWorker", .body_bytes_max = small_max, .place = reports, .errors = start_errors, .audit = AuditKind::all, .handler = handle_cancel_of_worker},
    {.method = "POST", .path = "/api/v2/workers/{worker_id}/inject", .operation_id = "eventOfWorker", .tag = "workers", .summary = "A worker that was given an event of a running execution records it", .open_to = workers,
     .body = BodyKind::json, .request_schema = "EventOfWorker", .check = BodyCheck::decoder, .response_schema = "RecordedOfWorker", .body_bytes_max = wire::worker_command_bytes_max, .place = reports, .errors = variable_errors, .handler = handle_event_of_worker},
    {.method = "DELETE", .path = "/api/v2/workers/{worker_id}", .operation_id = "deregisterWorker", .tag = "workers", .summary = "Deregister a worker; what it holds is handed back", .open_to = workers,
     .response_schema = "WorkerAnswer", .place = reports, .query = deregister_fields, .errors = worker_errors, .audit = AuditKind::all, .handler = handle_deregister_worker},
    {.method = "POST", .path = "/api/worker/pool/register", .operation_id = "registerPool", .tag = "workers", .summary = "Register a worker, as NoETL names it", .open_to = workers,
     .body = BodyKind::json, .request_schema = "PoolRegistration", .response_schema = "PoolAnswer", .body_bytes_max = small_max, .place = reports, .errors = key_errors, .alias_of = "registerWorker", .handler = handle_pool_register},
    {.method = "POST", .path = "/api/worker/pool/heartbeat", .operation_id = "heartbeatPool", .tag = "workers", .summary = "A sign of life; renews no lease", .open_to = workers,
     .body = BodyKind::json, .request_schema = "PoolHeartbeat", .response_schema = "PoolAnswer", .body_bytes_max = small_max, .place = reports, .alias_of = "heartbeat", .handler = handle_pool_heartbeat},
    {.method = "POST", .path = "/api/worker/pool/deregister", .operation_id = "deregisterPool", .tag = "workers", .summary = "Deregister a worker, as NoETL names it", .open_to = workers,
     .body = BodyKind::json, .request_schema = "PoolDeregistration", .response_schema = "PoolAnswer", .body_bytes_max = small_max, .place = reports, .errors = worker_errors, .audit = AuditKind::all, .alias_of = "deregisterWorker", .handler = handle_pool_deregister},
    {.method = "DELETE", .path = "/api/worker/pool/deregister", .operation_id = "deletePool", .tag = "workers", .summary = "Deregister a worker, as NoETL names it", .open_to = workers,
     .body = BodyKind::json, .request_schema = "PoolDeregistration", .response_schema = "PoolAnswer", .body_bytes_max = small_max, .place = reports, .errors = worker_errors, .audit = AuditKind::all, .alias_of = "deregisterWorker", .handler = handle_pool_deregister},
    {.method = "GET", .path = "/api/worker/pools", .operation_id = "listPools", .tag = "workers", .summary = "Workers, as NoETL names them", .open_to = callers,
     .response_schema = "PoolList", .query = worker_filters, .alias_of = "listWorkers", .handler = handle_pool_list},

    // operations: they answer while everything else is busy
    {.method = "GET", .path = "/", .operation_id = "root", .tag = "operations", .summary = "Where to go from here", .open_to = callers,
     .response_schema = "Root", .limit = LimitKind::none, .handler = handle_root},
    {.method = "GET", .path = "/health", .operation_id = "health", .tag = "operations", .summary = "What the server sees; always 200", .open_to = callers,
     .response_schema = "Health", .limit = LimitKind::none, .handler = handle_health},
    {.method = "GET", .path = "/api/health", .operation_id = "healthAlias", .tag = "operations", .summary = "What the server sees; always 200", .open_to = callers,
     .response_schema = "Health", .limit = LimitKind::none, .alias_of = "health", .handler = handle_health},
    {.method = "GET", .path = "/livez", .operation_id = "livez", .tag = "operations", .summary = "The process answers", .open_to = everybody,
     .response_schema = "Live", .limit = LimitKind::none, .place = at_once, .handler = handle_livez},
    {.method = "GET", .path = "/readyz", .operation_id = "readyz", .tag = "operations", .summary = "Postgres and its schema are there; degraded without NATS", .open_to = everybody,
     .response_schema = "Ready", .limit = LimitKind::none, .place = health, .errors = ready_errors, .handler = handle_readyz},
    {.method = "GET", .path = "/metrics", .operation_id = "metrics", .tag = "operations", .summary = "Prometheus text format", .open_to = metrics,
     .response_schema = "", .limit = LimitKind::none, .handler = handle_metrics},
    {.method = "GET", .path = "/openapi.json", .operation_id = "openapi", .tag = "operations", .summary = "This document", .open_to = callers,
     .response_schema = "AnyObject", .limit = LimitKind::none, .handler = handle_openapi},
};
// clang-format on

}  // namespace

std::span<const Endpoint> endpoints() { return table; }

bool refuses_query(const Endpoint& endpoint) { return endpoint.query.empty() && endpoint.method == "DELETE"; }

std::vector<ErrorCode> errors_of(const Endpoint& endpoint) {
  std::vector<ErrorCode> codes(endpoint.errors.begin(), endpoint.errors.end());
  const auto add = [&](ErrorCode code) {
    if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
  };
  add(ErrorCode::malformed_body);  // a path or query that cannot be read
  if (endpoint.body != BodyKind::none) add(ErrorCode::payload_too_large);
  if (refuses_query(endpoint) || endpoint.body != BodyKind::none || !endpoint.query.empty() ||
      endpoint.path.find('{') != std::string_view::npos) {
    add(ErrorCode::invalid_input);
  }
  if (endpoint.limit != LimitKind::none) {
    add(ErrorCode::saturated);
    add(ErrorCode::unavailable);
  }
  if (endpoint.open_to.access != Access::everybody) add(ErrorCode::unauthenticated);
  add(ErrorCode::forbidden);  // a web page of another origin
  add(ErrorCode::internal);
  return codes;
}

}  // namespace noetl::api
