#pragma once
// end_execution: what a decision that ends an execution from outside comes to: its commands are cancelled, running ones
// too, and it is written as ended. Within the transaction that has locked it. Any thread.
#include "server/app/open_execution.hpp"

namespace noetl::app {

void end_execution(Parts& parts, store::Session& session, OpenExecution& open, engine::Decision decision);

}  // namespace noetl::app
