#pragma once
// Use case of upkeep: notifications that JetStream gave up, because they were delivered as often as they may be and nobody
// answered. Each becomes an event of its command, and a command that still waits is rung anew. Any thread.
#include "server/app/parts.hpp"

namespace noetl::app {

// The number that JetStream gave up.
int record_given_up(Parts& parts);

}  // namespace noetl::app
