#pragma once
// Every handler of the endpoints table: decode, one call of server/app, encode. Any thread.
#include "server/api/call.hpp"

namespace noetl::api {

// handle_execute.cpp
base::Result<Reply> handle_execute(Backing& backing, const Call& call);
base::Result<Reply> handle_execute_batch(Backing& backing, const Call& call);
// handle_catalog.cpp
base::Result<Reply> handle_catalog_register(Backing& backing, const Call& call);
base::Result<Reply> handle_catalog_list(Backing& backing, const Call& call);
base::Result<Reply> handle_catalog_resource(Backing& backing, const Call& call);
// handle_commands.cpp
base::Result<Reply> handle_enqueue(Backing& backing, const Call& call);
base::Result<Reply> handle_list_commands(Backing& backing, const Call& call);
base::Result<Reply> handle_cancel_command(Backing& backing, const Call& call);
base::Result<Reply> handle_cancel_commands(Backing& backing, const Call& call);
base::Result<Reply> handle_get_command(Backing& backing, const Call& call);
base::Result<Reply> handle_queue_depth(Backing& backing, const Call& call);
// handle_dead.cpp
base::Result<Reply> handle_list_dead(Backing& backing, const Call& call);
base::Result<Reply> handle_get_dead(Backing& backing, const Call& call);
base::Result<Reply> handle_redrive(Backing& backing, const Call& call);
base::Result<Reply> handle_purge_dead(Backing& backing, const Call& call);
base::Result<Reply> handle_purge_one_dead(Backing& backing, const Call& call);
// handle_pause.cpp
base::Result<Reply> handle_pause_execution(Backing& backing, const Call& call);
base::Result<Reply> handle_resume_execution(Backing& backing, const Call& call);
base::Result<Reply> handle_pause_pool(Backing& backing, const Call& call);
base::Result<Reply> handle_resume_pool(Backing& backing, const Call& call);

// handle_pools.cpp
base::Result<Reply> handle_list_pools(Backing& backing, const Call& call);
base::Result<Reply> handle_get_pool(Backing& backing, const Call& call);
base::Result<Reply> handle_put_pool(Backing& backing, const Call& call);
base::Result<Reply> handle_delete_pool(Backing& backing, const Call& call);
// handle_claims.cpp
base::Result<Reply> handle_claim(Backing& backing, const Call& call);
base::Result<Reply> handle_claim_one(Backing& backing, const Call& call);
base::Result<Reply> handle_postgres_execute(Backing& backing, const Call& call);
// handle_events.cpp
base::Result<Reply> handle_ahead(Backing& backing, const Call& call);
base::Result<Reply> handle_report(Backing& backing, const Call& call);
// handle_executions.cpp
base::Result<Reply> handle_list_executions(Backing& backing, const Call& call);
base::Result<Reply> handle_list_executions_plain(Backing& backing, const Call& call);
base::Result<Reply> handle_get_execution(Backing& backing, const Call& call);
base::Result<Reply> handle_get_execution_with_events(Backing& backing, const Call& call);
base::Result<Reply> handle_list_events(Backing& backing, const Call& call);
base::Result<Reply> handle_cancel(Backing& backing, const Call& call);
base::Result<Reply> handle_rerun(Backing& backing, const Call& call);
// handle_workers.cpp
base::Result<Reply> handle_register_worker(Backing& backing, const Call& call);
base::Result<Reply> handle_heartbeat(Backing& backing, const Call& call);
base::Result<Reply> handle_drain_worker(Backing& backing, const Call& call);
base::Result<Reply> handle_deregister_worker(Backing& backing, const Call& call);
base::Result<Reply> handle_list_workers(Backing& backing, const Call& call);
// handle_worker_pool.cpp: NoETL's routes for the same
base::Result<Reply> handle_pool_register(Backing& backing, const Call& call);
base::Result<Reply> handle_pool_heartbeat(Backing& backing, const Call& call);
base::Result<Reply> handle_pool_deregister(Backing& backing, const Call& call);
base::Result<Reply> handle_pool_list(Backing& backing, const Call& call);
// handle_credentials.cpp
base::Result<Reply> handle_put_credential(Backing& backing, const Call& call);
base::Result<Reply> handle_list_credentials(Backing& backing, const Call& call);
base::Result<Reply> handle_get_credential(Backing& backing, const Call& call);
base::Result<Reply> handle_delete_credential(Backing& backing, const Call& call);
base::Result<Reply> handle_set_credential_policy(Backing& backing, const Call& call);
base::Result<Reply> handle_rotate_credentials(Backing& backing, const Call& call);
// handle_keychain.cpp
base::Result<Reply> handle_put_keychain(Backing& backing, const Call& call);
base::Result<Reply> handle_list_keychain(Backing& backing, const Call& call);
base::Result<Reply> handle_get_keychain(Backing& backing, const Call& call);
base::Result<Reply> handle_get_execution_keychain(Backing& backing, const Call& call);
base::Result<Reply> handle_delete_keychain(Backing& backing, const Call& call);
// handle_variables.cpp
base::Result<Reply> handle_list_variables(Backing& backing, const Call& call);
base::Result<Reply> handle_set_variables(Backing& backing, const Call& call);
base::Result<Reply> handle_get_variable(Backing& backing, const Call& call);
base::Result<Reply> handle_delete_variable(Backing& backing, const Call& call);
base::Result<Reply> handle_render(Backing& backing, const Call& call);
// handle_results.cpp
base::Result<Reply> handle_keep_result(Backing& backing, const Call& call);
base::Result<Reply> handle_get_result(Backing& backing, const Call& call);
base::Result<Reply> handle_resolve_result(Backing& backing, const Call& call);
// handle_health.cpp
base::Result<Reply> handle_root(Backing& backing, const Call& call);
base::Result<Reply> handle_health(Backing& backing, const Call& call);
base::Result<Reply> handle_livez(Backing& backing, const Call& call);
base::Result<Reply> handle_readyz(Backing& backing, const Call& call);
base::Result<Reply> handle_metrics(Backing& backing, const Call& call);
base::Result<Reply> handle_openapi(Backing& backing, const Call& call);

}  // namespace noetl::api
