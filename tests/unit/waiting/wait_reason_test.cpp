// Why a command does not run: each reason from its facts, and which goes first.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "server/waiting/wait_reason.hpp"

using namespace noetl::waiting;

namespace {
// A command that is due, in a pool with two of four slots free.
CommandFacts due() {
  return {.pool = {.pool = "x",
                   .is_paused = false,
                   .paused_at = {},
                   .workers = 2,
                   .draining = 0,
                   .slots = 4,
                   .busy = 2,
                   .has_tool = true},
          .tool_kind = "shell",
          .due_at = {},
          .attempts = 0,
          .max_attempts = 3,
          .is_execution_paused = false};
}

struct Row {
  const char* code;
  const char* message;
  void (*change)(CommandFacts& facts);
};

const Row rows[] = {
    {"next", "due: a worker of pool 'x' takes it next", [](CommandFacts&) {}},
    {"slots_busy", "all 4 slots of pool 'x' are busy", [](CommandFacts& f) { f.pool.busy = 4; }},
    {"slots_busy", "the only slot of pool 'x' is busy", [](CommandFacts& f) { f.pool.busy = f.pool.slots = 1; }},
    {"no_worker", "no worker in pool 'x'", [](CommandFacts& f) { f.pool = {.pool = "x", .has_tool = false}; }},
    {"no_tool", "no worker of pool 'x' has the tool 'shell'", [](CommandFacts& f) { f.pool.has_tool = false; }},
    {"workers_draining", "all 2 workers of pool 'x' drain", [](CommandFacts& f) { f.pool.draining = 2; }},
    {"workers_draining", "the only worker of pool 'x' drains",
     [](CommandFacts& f) { f.pool.draining = f.pool.workers = 1; }},
    {"pool_paused", "pool 'x' is paused since 2026-01-31T12:00:00Z",
     [](CommandFacts& f) {
       f.pool.is_paused = true;
       f.pool.paused_at = "2026-01-31T12:00:00Z";
     }},
    {"pool_paused", "pool 'x' is paused since 2026-01-31T12:00:00Z by bucket noetl_config",
     [](CommandFacts& f) {
       f.pool.is_paused = true;
       f.pool.paused_at = "2026-01-31T12:00:00Z";
       f.pool.paused_by = "bucket noetl_config";
     }},
    {"pool_paused", "pool 'x' is paused; no worker in pool 'x'",
     [](CommandFacts& f) { f.pool = {.pool = "x", .is_paused = true}; }},
    {"execution_paused", "its execution is paused", [](CommandFacts& f) { f.is_execution_paused = true; }},
    {"due_at", "due at 2026-01-31T12:00:00Z", [](CommandFacts& f) { f.due_at = "2026-01-31T12:00:00Z"; }},
    {"due_at", "due at 2026-01-31T12:00:00Z; no worker in pool 'x'",
     [](CommandFacts& f) {
       f.due_at = "2026-01-31T12:00:00Z";
       f.pool = {.pool = "x"};
     }},
    {"retry_at", "waits for a retry at 2026-01-31T12:00:00Z (attempt 3 of 3)",
     [](CommandFacts& f) {
       f.due_at = "2026-01-31T12:00:00Z";
       f.attempts = 2;
     }},
    {"pool_paused", "pool 'x' is paused; waits for a retry at 2026-01-31T12:00:00Z (attempt 2 of 3)",
     [](CommandFacts& f) {
       f.pool.is_paused = true;
       f.due_at = "2026-01-31T12:00:00Z";
       f.attempts = 1;
     }},
    // What is due later does not mind that all slots are busy now.
    {"due_at", "due at 2026-01-31T12:00:00Z",
     [](CommandFacts& f) {
       f.due_at = "2026-01-31T12:00:00Z";
       f.pool.busy = 4;
     }},
};
}  // namespace

TEST_CASE("a command that waits says why, in one line, and what somebody has to do something about goes first") {
  for (const Row& row : rows) {
    CommandFacts facts = due();
    row.change(facts);

    const Reason reason = reason_of(facts);

    CHECK(reason.code == row.code);
    CHECK(reason.message == row.message);
  }
}
