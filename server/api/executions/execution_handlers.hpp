#pragma once
// Handlers of playbooks, executions and dead letters: decode, one use case, encode. Any thread.
#include "server/api/calls/call.hpp"

namespace noetl::api {

// handle_execute.cpp
base::Result<Reply> handle_execute(HandlerContext& context, const Call& call);
base::Result<Reply> handle_execute_batch(HandlerContext& context, const Call& call);
// handle_catalog.cpp
base::Result<Reply> handle_catalog_register(HandlerContext& context, const Call& call);
base::Result<Reply> handle_catalog_list(HandlerContext& context, const Call& call);
base::Result<Reply> handle_catalog_resource(HandlerContext& context, const Call& call);
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
// handle_executions.cpp
base::Result<Reply> handle_list_executions(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_executions_plain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_execution(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_execution_with_events(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_events(HandlerContext& context, const Call& call);
base::Result<Reply> handle_cancel(HandlerContext& context, const Call& call);
base::Result<Reply> handle_rerun(HandlerContext& context, const Call& call);
// handle_feed.cpp
base::Result<Reply> handle_list_published_events(HandlerContext& context, const Call& call);
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

}  // namespace noetl::api
