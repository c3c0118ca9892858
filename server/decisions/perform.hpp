#pragma once
// A use case is one transaction that gives its effects as a value, and this is what follows its commit
// (docs/internals/decisions/0031). Any thread.
#include <functional>

#include "server/dispatch/effects.hpp"
#include "server/dispatch/server_context.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::decisions {

// Everything that effects stand for, in this order: counts, direct dispatch, notifications, dead letters, callers. Whatever fails
// leaves as after_commit.hpp says.
void perform(dispatch::ServerContext& context, dispatch::Effects effects);

// May be repeated by Postgres: what it captures it must write anew each time.
using Transaction = std::function<dispatch::Effects(postgres::Session&)>;
// One transaction, and its effects once it is committed. Asks the workers that wait whether they are there before it begins, for within
// it nothing waits for the network.
void commit(dispatch::ServerContext& context, const Transaction& transaction);
// The same of one statement, which needs no BEGIN and COMMIT.
void commit_one(dispatch::ServerContext& context, const Transaction& statement);

}  // namespace noetl::decisions
