#pragma once
// end_execution: what a decision that ends an execution from outside comes to: its commands are cancelled, running ones
// too, and it is written as ended. Within the transaction that has locked it. Any thread.
#include "server/decisions/loaded_execution.hpp"
#include "server/store/executions/time_limit_statements.hpp"

namespace noetl::executions {

[[nodiscard]] dispatch::Effects end_execution(dispatch::ServerContext& context, postgres::Session& session,
                                              decisions::LoadedExecution& open, engine::Decision decision);

// Fails one that cannot be opened, about which nothing can be decided: its state stays as it is, and the event that tells
// of its end has no number in its log.
[[nodiscard]] dispatch::Effects fail_unreadable(dispatch::ServerContext& context, postgres::Session& session,
                                                const store::OverdueExecution& overdue, const domain::Json& error);

}  // namespace noetl::executions
