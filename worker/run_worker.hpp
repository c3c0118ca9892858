#pragma once
// run_worker: one worker process from its settings: tools, transport, loop. noetl-worker's main and
// `noetlctl worker start` are this. Call it once, in the main thread; it returns the exit code.
#include <stop_token>

#include "shared/config/program_settings.hpp"

namespace noetl::worker {

// Returns after `stop` once running commands are finished or handed back: 0 when everything was reported.
[[nodiscard]] int run_worker(const config::WorkerSettings& settings, std::stop_token stop);

}  // namespace noetl::worker
