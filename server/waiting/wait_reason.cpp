#include "server/waiting/wait_reason.hpp"

namespace noetl::waiting {
namespace {

class Reasons {
 public:
  void add(std::string_view code, const std::string& message) {
    if (reason_.code.empty()) reason_.code = code;
    reason_.message += (reason_.message.empty() ? "" : "; ") + message;
  }
  [[nodiscard]] bool is_empty() const { return reason_.code.empty(); }
  [[nodiscard]] Reason take() { return std::move(reason_); }

 private:
  Reason reason_;
};

// Why nobody in the pool could take it, were it due and the pool not paused. Nothing added: somebody could.
void add_workers(const CommandFacts& facts, Reasons& reasons) {
  const PoolFacts& pool = facts.pool;
  const std::string name = "pool '" + pool.pool + "'";
  if (pool.workers == 0) return reasons.add("no_worker", "no worker in " + name);
  if (pool.draining >= pool.workers) {
    const std::string who = pool.workers == 1 ? "the only worker" : "all " + std::to_string(pool.workers) + " workers";
    return reasons.add("workers_draining", who + " of " + name + (pool.workers == 1 ? " drains" : " drain"));
  }
  if (!facts.tool_kind.empty() && !pool.has_tool)
    return reasons.add("no_tool", "no worker of " + name + " has the tool '" + facts.tool_kind + "'");
}

}  // namespace

Reason reason_of(const CommandFacts& facts) {
  const PoolFacts& pool = facts.pool;
  Reasons reasons;
  if (facts.is_execution_paused) reasons.add("execution_paused", "its execution is paused");
  if (pool.is_paused)
    reasons.add("pool_paused", "pool '" + pool.pool + "' is paused" +
                                   (pool.paused_at.empty() ? "" : " since " + pool.paused_at) +
                                   (pool.paused_by.empty() ? "" : " by " + pool.paused_by));
  if (!facts.due_at.empty() && facts.attempts > 0) {
    reasons.add("retry_at", "waits for a retry at " + facts.due_at + " (attempt " + std::to_string(facts.attempts + 1) +
                                " of " + std::to_string(facts.max_attempts) + ")");
  } else if (!facts.due_at.empty()) {
    reasons.add("due_at", "due at " + facts.due_at);
  }
  add_workers(facts, reasons);
  if (!reasons.is_empty()) return reasons.take();
  if (pool.busy >= pool.slots) {
    reasons.add("slots_busy", (pool.slots == 1 ? "the only slot" : "all " + std::to_string(pool.slots) + " slots") +
                                  " of pool '" + pool.pool + "' " + (pool.slots == 1 ? "is" : "are") + " busy");
  } else {
    reasons.add("next", "due: a worker of pool '" + pool.pool + "' takes it next");
  }
  return reasons.take();
}

}  // namespace noetl::waiting
