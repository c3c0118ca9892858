#pragma once
// What one execution, one loop and one decision may take at most. Constants; any thread.
#include <cstddef>

namespace noetl::engine {

// A step may be entered this often in one execution: a back-edge that never ends is a mistake.
inline constexpr int visits_max = 10'000;

// Steps without a tool that one decision may pass: without a worker between them, a cycle of such steps
// would fill the log within one transaction.
inline constexpr int routers_max = 1000;

// Commands that one frame may issue: retries, jumps and pages that never end are a mistake.
inline constexpr int frame_commands_max = 100'000;
// Tasks of pipelines that one decision carries out itself.
inline constexpr int tasks_run_here_max = 10'000;
// Items of one loop, and iterations of a parallel one outstanding when it does not say how many.
inline constexpr std::size_t loop_items_max = 1'000'000;
inline constexpr int loop_window = 1000;

}  // namespace noetl::engine
