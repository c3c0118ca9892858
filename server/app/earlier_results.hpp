#pragma once
// Earlier results: what an ended execution has brought, as one that repeats it from a step begins with: rows of its loops
// and stored results are taken into the slots, for they leave with it. One thread, as long as the session.
#include "shared/engine/state.hpp"
#include "shared/base/ids.hpp"

namespace noetl::store {
class Session;
}

namespace noetl::app {

// A stored result that is gone is null.
void load_earlier_results(store::Session& session, base::ExecutionId earlier, engine::State& state);

}  // namespace noetl::app
