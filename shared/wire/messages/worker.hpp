#pragma once
// Workers: POST /api/v2/workers, POST /api/v2/workers/{worker_id}/heartbeat, DELETE, GET. Values; any thread.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/domain/command.hpp"

namespace noetl::wire {

inline constexpr std::size_t confirmed_claims_max = 4096;  // in one heartbeat

// A worker makes up a word when it starts and sends it with every call: its name may be known to others, this is not. A header, since
// an older server refuses fields that it does not know. 1 to 128 of A-Z a-z 0-9 . _ -, as a worker id.
inline constexpr const char* instance_header = "noetl-worker-instance";

struct WorkerRegistration {
  std::string worker_id;  // [A-Za-z0-9._-]{1,128}, unique per process start
  std::string pool{domain::default_pool};
  std::string hostname;
  std::int64_t pid = 0;
  int slots = 1;
  std::string version;
  std::vector<std::string> tools;  // tool kinds it can run
  std::string labels = "{}";  // JSON object
  std::string instance = {};  // header instance_header: the process behind the name; empty: an older worker
};

// The answer tells the worker the rules that the server lives by.
struct RegistrationAnswer {
  std::string worker_id;
  std::chrono::milliseconds heartbeat_interval{1000};
  std::chrono::milliseconds lease{5000};
  // JetStream delivers again what was not answered for so long; 0: an older server did not say.
  std::chrono::milliseconds ack_wait{0};
  std::string nats_stream;  // where its notifications come from
  std::string nats_subject;
  std::string nats_consumer;
  int nats_lanes = 1;  // further consumers beside that one: wire::lane_consumer_of
  bool dispatches_directly = false;  // it knows claims with direct_dispatch; an older server does not say
  bool confirms_claims = false;  // it knows `confirmed_claim_ids` in heartbeats; an older server does not say
};

// What a worker is commanded by heartbeat, and how it answers (wire/operations/worker_commands).
struct WorkerCommand {
  base::WorkerCommandId command_id;
  std::string name;
  std::string body = "{}";  // JSON text
};
struct WorkerCommandAnswer {
  base::WorkerCommandId command_id;
  int status = 200;  // of HTTP
  std::string body = "{}";  // JSON text: {id, name, status, …}, or a problem
};
inline constexpr std::size_t worker_command_answer_bytes_max = 2UL * 1024 * 1024;
inline constexpr std::size_t worker_commands_max = 32;  // of one worker that wait, and in one heartbeat

// One call renews every lease that the worker holds. `held` is complete as of `held_as_of_claims`: a
// command claimed by this worker that is missing from it was never received (lost reply), and is freed.
struct Heartbeat {
  std::string worker_id;
  std::vector<domain::Lease> held;
  // Claims of which each command was received, and is in `held` or ended as the server has agreed to: there is nothing to look for.
  std::vector<base::ClaimId> confirmed_claim_ids = {};
  bool has_claim_in_flight = false;  // a claim call is open: do not free what `held` lacks yet
  int running = 0;
  std::string status = "ready";  // ready | draining
  std::string instance = {};  // header instance_header
  std::vector<WorkerCommandAnswer> command_answers = {};
};

struct HeartbeatAnswer {
  bool is_known = true;  // false: register again
  std::vector<base::CommandId> lost;  // not yours any more: stop the tool, do not report
  std::vector<base::CommandId> cancelled;  // stop the tool, report command.cancelled
  bool should_drain = false;  // an operator asked for it
  bool is_paused = false;  // claim nothing for now
  std::vector<WorkerCommand> commands = {};  // for this worker to obey; older workers ignore them
  bool has_commands = false;  // they wait; not on the wire
};

struct WorkerRow {
  WorkerRegistration registration;
  std::string status;  // ready | draining | stopped | lost
  int running = 0;
  std::string registered_at;  // RFC 3339, Postgres time
  std::string heartbeat_at;
};

struct Pool {
  std::string pool;
  std::optional<int> max_attempts;  // of plain commands that say nothing; nothing: attempts_max_default
  std::string retry;  // as wire/retry encodes it; empty: the default
  bool is_paused = false;
  std::string updated_at;  // RFC 3339; empty: nothing was ever set
  std::string paused_at;  // RFC 3339; empty: it is not paused, or an earlier release paused it
  std::string paused_by;  // "bucket noetl_config"; empty: it is not paused, or the API paused it
};

// A pool as people see it: its rules and who uses it.
struct PoolRow : Pool {
  int workers = 0;  // whose leases last
  std::int64_t slots = 0;  // of them
  std::int64_t queued = 0, running = 0;  // commands
};

using PoolsByName = std::map<std::string, Pool, std::less<>>;

}  // namespace noetl::wire
