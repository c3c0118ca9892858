#pragma once
// Handlers of commands, claims, reports, workers, pools and health: decode, one use case, encode. Any thread.
#include "server/api/calls/call.hpp"

namespace noetl::api {

// handle_commands.cpp
base::Result<Reply> handle_enqueue(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_commands(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel_command(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel_commands(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_command(HandlerContext& context, const Call& call);
base::Result<Reply> handle_queue_depth(HandlerContext& context, const Call& call);
// handle_pools.cpp
base::Result<Reply> handle_list_pools(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_pool(HandlerContext& context, const Call& call);
base::Result<Reply> handle_put_pool(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_pool(HandlerContext& context, const Call& call);
// handle_claims.cpp
base::Result<Reply> handle_claim(HandlerContext& context, const Call& call);
base::Result<Reply> handle_claim_one(HandlerContext& context, const Call& call);
base::Result<Reply> handle_postgres_execute(HandlerContext& context, const Call& call);
// handle_ahead.cpp
base::Result<Reply> handle_ahead(HandlerContext& context, const Call& call);
// handle_events.cpp
base::Result<Reply> handle_report(HandlerContext& context, const Call& call);
// handle_workers.cpp
base::Result<Reply> handle_register_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_heartbeat(HandlerContext& context, const Call& call);
base::Result<Reply> handle_drain_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_deregister_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_workers(HandlerContext& context, const Call& call);
base::Result<Reply> handle_command_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_worker_command(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel_of_worker(HandlerContext& context, const Call& call);
base::Result<Reply> handle_event_of_worker(HandlerContext& context, const Call& call);
// handle_worker_pool.cpp: NoETL's routes for the same
base::Result<Reply> handle_pool_register(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pool_heartbeat(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pool_deregister(HandlerContext& context, const Call& call);
base::Result<Reply> handle_pool_list(HandlerContext& context, const Call& call);
// handle_health.cpp
base::Result<Reply> handle_root(HandlerContext& context, const Call& call);
base::Result<Reply> handle_health(HandlerContext& context, const Call& call);
base::Result<Reply> handle_livez(HandlerContext& context, const Call& call);
base::Result<Reply> handle_readyz(HandlerContext& context, const Call& call);
base::Result<Reply> handle_metrics(HandlerContext& context, const Call& call);
base::Result<Reply> handle_openapi(HandlerContext& context, const Call& call);

}  // namespace noetl::api
