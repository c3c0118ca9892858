#pragma once
// WorkerSettings: what one worker process is told, and WorkerCounts: what it counts. Values; any thread.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/domain/command.hpp"
#include "shared/nats/connection.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::loop {

struct WorkerSettings {
  std::string worker_id;  // empty: host name, pid and a random part
  std::string pool{domain::default_pool};
  int slots = 8;  // commands in flight, at most claim_ids_max at a time are claimed
  int prefetch_max = 512;  // more than that while commands take milliseconds; 0: none
  std::chrono::milliseconds grace{30'000};  // SIGTERM: how long running tools may go on
  std::chrono::milliseconds flush_patience{5000};  // and then how long the last reports may take
  bool uses_nats = true;  // false: long poll only
  bool takes_direct_dispatch = true;  // beside NATS, from servers that dispatch directly
  bool runs_ahead = true;  // of the server's decisions, where that says so
  nats::ConnectionSettings nats;
  std::string stream = "NOETL_COMMANDS";  // of a server that names none
  // The same of the consumer's ack wait: in-progress goes out three times as often.
  std::chrono::milliseconds ack_wait{30'000};
  std::chrono::milliseconds fetch_patience{500};  // of one pull: how long the end of the worker may wait for it
  std::chrono::milliseconds poll_patience{1000};  // of one long poll
  std::chrono::milliseconds progress_interval{1000};  // a command says at most one thing in it, and nothing before
  std::string version = "0.1.0";
  std::string labels = "{}";  // JSON object
  tools::ToolLimits limits;
};

// Monotonic counters, and below them what the worker is at; read by its health port.
struct WorkerCounts {
  std::atomic<std::uint64_t> notifications{0};
  std::atomic<std::uint64_t> garbage{0};  // notifications that were none
  std::atomic<std::uint64_t> claimed{0};
  std::atomic<std::uint64_t> dispatched{0};  // of those: by a server where they were waited for
  std::atomic<std::uint64_t> refused{0};  // claims refused: somebody else has it, it has ended, …
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> released{0};
  std::atomic<std::uint64_t> lost{0};  // leases lost while running or before the report
  std::atomic<std::uint64_t> claim_failures{0};  // calls
  std::atomic<std::uint64_t> report_failures{0};  // calls
  std::atomic<std::uint64_t> heartbeat_failures{0};
  std::atomic<std::uint64_t> progress_told{0};  // notes of running commands
  std::atomic<std::uint64_t> progress_failures{0};  // calls
  std::atomic<std::uint64_t> fetcher_turns{0};  // of the thread's loop: one that stands still is stuck
  std::atomic<std::uint64_t> heartbeat_turns{0};  // the same of the heartbeat sender

  std::atomic<int> running{0};  // commands, as of the last heartbeat
  std::atomic<bool> is_registered{false};
  std::atomic<bool> is_draining{false};  // the fetcher has ended, or is about to
};

}  // namespace noetl::loop
