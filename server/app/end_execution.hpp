#pragma once
// end_execution: what a decision that ends an execution from outside comes to: its commands are cancelled, running ones
// too, and it is written as ended. Within the transaction that has locked it. Any thread.
#include "server/app/open_execution.hpp"

namespace noetl::app {

void end_execution(Parts& parts, store::Session& session, OpenExecution& open, engine::Decision decision);

// Fails one that cannot be opened, about which nothing can be decided: its state stays as it is, and the event that tells
// of its end has no number in its log.
void fail_unreadable(Parts& parts, store::Session& session, const store::LockedExecution& row,
                     const domain::Json& error);

}  // namespace noetl::app
