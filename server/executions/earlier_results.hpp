#pragma once
// Earlier results: what an ended execution has brought, as one that repeats it from a step begins with: rows of its loops
// and stored results are taken into the slots, for they leave with it. One thread, as long as the session.
#include "shared/base/ids.hpp"
#include "shared/engine/state/state.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::executions {

// A stored result that is gone is null.
void load_earlier_results(postgres::Session& session, base::ExecutionId earlier, engine::State& state);

}  // namespace noetl::executions
