#pragma once
// Running ahead: POST /api/v2/commands/ahead. A worker reports what it has run of an execution before the server had issued it, and is
// given what follows, with what it needs to decide further (docs/internals/decisions/0028). Values; any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/domain/command.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::wire {

inline constexpr std::size_t ahead_ended_max = 512;  // in one call
inline constexpr std::size_t ahead_begun_max = 1024;

// The end of a command by its lease; without one it is the command that an earlier end of the list issues under that node.
struct AheadEnd {
  std::string node_id;  // of a command without a lease
  AttemptReport attempt;
  std::chrono::microseconds begun_ago{0};  // before the call, by the worker's steady clock
};

// What runs at the worker, or is the next to run there.
struct AheadBegun {
  std::string node_id;
  std::chrono::microseconds begun_ago{0};
};

struct AheadRequest {
  std::string worker_id;
  std::vector<AheadEnd> ended;  // in the order in which they ended; the first has a lease
  std::vector<AheadBegun> begun;
  bool takes = false;  // instead of `begun`: whatever follows, with a basis to decide by
  int decisions_version = 0;  // engine/ahead.hpp
  std::int64_t decisions = 0;  // of the state, as of the answer before; 0: of no answer
  base::CatalogId known_playbook{};  // its text need not be sent
  std::string instance = {};  // header instance_header (wire/worker)
};

// Items of a loop by index, from the first that is not begun.
struct AheadItems {
  std::string loop;
  int first = 0;
  std::vector<std::string> items;  // JSON text each
};

// What the engine decides by. All but the ids JSON text.
struct AheadBasis {
  base::ExecutionId execution_id{};
  base::CatalogId catalog_id{};
  int version = 0;  // of the playbook
  std::string content;  // of the playbook, YAML; empty when it is known
  std::string workload, state;
  std::vector<std::string> frames;  // of the answer's commands, in their order
  std::vector<AheadItems> items;
};

struct AheadAnswer {
  std::optional<base::ErrorCode> refused;  // of a lease: nothing of the call counts
  std::string message;
  bool goes_on = false;  // false: end what runs, begin nothing more
  std::int64_t decisions = 0;
  base::ClaimId claim_id{};
  std::vector<domain::ClaimedCommand> commands;  // what was begun, or what follows; contexts only for the latter
  std::optional<AheadBasis> basis;
};

}  // namespace noetl::wire
