#pragma once
// Claiming: POST /api/v2/commands/claim and POST /api/v2/commands/{queue_id}/claim.
// {worker_id, queue_ids:[…]}           claims exactly those
// {worker_id, queue_ids:[…], slots}    claims as many as slots says: first what is due in the pool with a priority above 0, then of those
//                                      (the notification carries the ids)
// {worker_id, pool, slots, wait}       claims whatever waits, highest priority first, for workers without NATS; long poll
// {worker_id, pool, slots, priority_min: 1}  the same of what has at least that priority
// {…, direct_dispatch: true}                 the same of what is made meanwhile alone: for workers that pull notifications as well
// Values; any thread.
#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/domain/command.hpp"

namespace noetl::wire {

inline constexpr std::size_t claim_ids_max = 1024;
inline constexpr std::chrono::milliseconds claim_wait_max{30'000};

struct ClaimRequest {
  std::string worker_id;
  std::vector<base::CommandId> queue_ids;  // given: claim by id. Empty: claim from the pool
  std::string pool{domain::default_pool};
  // From the pool 1 … claim_ids_max. By id 0: exactly those; when as many were claimed, nothing is said of the others.
  int slots = 0;
  std::chrono::milliseconds wait{0};  // how long to wait for a first command; at most claim_wait_max
  bool direct_dispatch = false;  // from a pool, with a wait: nothing is looked for
  std::optional<int> priority_min{};  // from a pool: nothing below it
  std::string instance = {};  // header instance_header (wire/worker)
};

// A command that could not be claimed: not_found, active_claim, already_terminal, execution_cancelled.
struct ClaimRefusal {
  base::CommandId queue_id;
  base::ErrorCode code = base::ErrorCode::not_found;
  std::string message;
  std::chrono::milliseconds retry_after{0};  // for a command that is not due yet (active_claim)
};

// {"commands":[…], "refused":[{queue_id, code, message, retry_after_ms}], "claim_id":…, "waited_ms":…, "has_more":true}
struct ClaimAnswer {
  std::vector<domain::ClaimedCommand> commands;
  std::vector<ClaimRefusal> refused;
  // Of what this call has claimed, unlike what the worker held before; unset when that is nothing. Heartbeats say it (wire::Heartbeat).
  base::ClaimId claim_id{};
  // Of direct dispatch: how long the request had been there when its commands were claimed. A worker learns from it how late it hears of
  // them.
  std::optional<std::chrono::milliseconds> waited{};
  // All slots went to commands of a priority above 0: more of them may wait. Whoever has slots again asks for those (priority_min) before
  // it takes notifications of others.
  bool has_more = false;
};

}  // namespace noetl::wire
