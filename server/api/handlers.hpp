#pragma once
// Every handler of the endpoints table: decode, one call of server/app, encode. Any thread.
#include "server/api/call.hpp"

namespace noetl::api {

// handle_execute.cpp
base::Result<Reply> handle_execute(HandlerContext& context, const Call& call);
base::Result<Reply> handle_execute_batch(HandlerContext& context, const Call& call);
// handle_catalog.cpp
base::Result<Reply> handle_catalog_register(HandlerContext& context, const Call& call);
base::Result<Reply> handle_catalog_list(HandlerContext& context, const Call& call);
base::Result<Reply> handle_catalog_resource(HandlerContext& context, const Call& call);
// handle_commands.cpp
base::Result<Reply> handle_enqueue(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_commands(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel_command(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel_commands(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_command(HandlerContext& context, const Call& call);
base::Result<Reply> handle_queue_depth(HandlerContext& context, const Call& call);
// handle_dead.cpp
base::Result<Reply> handle_list_dead(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_dead(HandlerContext& context, const Call& call);
base::Result<Reply> handle_redrive(HandlerContext& context, const Call& call);
base::Result<Reply> handle_purge_dead(HandlerContext& context, const Call& call);
base::Result<Reply> handle_purge_one_dead(HandlerContext& context, const Call& call);
// handle_pause.cpp
base::Result<Reply> handle_pause_execution(HandlerContext& context, const Call& call);
base::Result<Reply> handle_resume_execution(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pause_pool(HandlerContext& context, const Call& call);
base::Result<Reply> handle_resume_pool(HandlerContext& context, const Call& call);

// handle_pools.cpp
base::Result<Reply> handle_list_pools(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_pool(HandlerContext& context, const Call& call);
base::Result<Reply> handle_put_pool(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_pool(HandlerContext& context, const Call& call);
// handle_claims.cpp
base::Result<Reply> handle_claim(HandlerContext& context, const Call& call);
base::Result<Reply> handle_claim_one(HandlerContext& context, const Call& call);
base::Result<Reply> handle_postgres_execute(HandlerContext& context, const Call& call);
// handle_events.cpp
base::Result<Reply> handle_ahead(HandlerContext& context, const Call& call);
base::Result<Reply> handle_report(HandlerContext& context, const Call& call);
// handle_executions.cpp
base::Result<Reply> handle_list_executions(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_executions_plain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_execution(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_execution_with_events(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_events(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel(HandlerContext& context, const Call& call);
base::Result<Reply> handle_rerun(HandlerContext& context, const Call& call);
// handle_workers.cpp
base::Result<Reply> handle_register_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_heartbeat(HandlerContext& context, const Call& call);
base::Result<Reply> handle_drain_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_deregister_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_workers(HandlerContext& context, const Call& call);
// handle_worker_pool.cpp: NoETL's routes for the same
base::Result<Reply> handle_pool_register(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pool_heartbeat(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pool_deregister(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pool_list(HandlerContext& context, const Call& call);
// handle_credentials.cpp
base::Result<Reply> handle_put_credential(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_credentials(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_credential(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_credential(HandlerContext& context, const Call& call);
base::Result<Reply> handle_set_credential_policy(HandlerContext& context, const Call& call);
base::Result<Reply> handle_rotate_credentials(HandlerContext& context, const Call& call);
// handle_keychain.cpp
base::Result<Reply> handle_put_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_execution_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_keychain(HandlerContext& context, const Call& call);
// handle_variables.cpp
base::Result<Reply> handle_list_variables(HandlerContext& context, const Call& call);
base::Result<Reply> handle_set_variables(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_variable(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_variable(HandlerContext& context, const Call& call);
base::Result<Reply> handle_render(HandlerContext& context, const Call& call);
// handle_results.cpp
base::Result<Reply> handle_store_result(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_result(HandlerContext& context, const Call& call);
base::Result<Reply> handle_resolve_result(HandlerContext& context, const Call& call);
// handle_health.cpp
base::Result<Reply> handle_root(HandlerContext& context, const Call& call);
base::Result<Reply> handle_health(HandlerContext& context, const Call& call);
base::Result<Reply> handle_livez(HandlerContext& context, const Call& call);
base::Result<Reply> handle_readyz(HandlerContext& context, const Call& call);
base::Result<Reply> handle_metrics(HandlerContext& context, const Call& call);
base::Result<Reply> handle_openapi(HandlerContext& context, const Call& call);

}  // namespace noetl::api
