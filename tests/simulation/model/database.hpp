#pragma once
// Database: the tables of sql/schema.sql in memory. The statements on them are the classes of server/store, which
// this folder has a second time (same headers, other definitions); tests/simulation/conformance holds both against
// each other. A statement is atomic, and so is a transaction: nobody else runs within it. Every write of a queue or
// execution row is checked against the table's constraints and against what may never happen (R2, R4, R8). One thread.
#include <functional>
#include <set>

#include "tests/simulation/model/rows.hpp"

namespace noetl::simulation {

// Statements with a mistake put in, to see that the simulation finds it.
struct StatementFlaws {
  bool is_deaf = false;  // neither upkeep nor a poll finds what waits
  bool is_unlisted = false;  // a claim writes no row of noetl.claim
  bool is_unfenced = false;  // a success is taken whatever the epoch, as long as the command has not ended
};

class Database {
 public:
  // `now` is the clock of the database; `report` gets what must never be.
  Database(std::function<Time()> now, std::function<void(const std::string&)> report)
      : now_(std::move(now)), report_(std::move(report)) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] Time now() const { return now_(); }

  // All writes of queue rows: `change` is what the statement sets.
  void update(QueueRow& row, const char* statement, const std::function<void(QueueRow&)>& change);
  void insert(QueueRow row);
  [[nodiscard]] QueueRow* find(base::CommandId id);
  void insert(ExecutionRow row);
  void update(const store::ExecutionUpdate& update);
  void add_event(const store::NewEventRow& event);

  std::map<base::CommandId, QueueRow> queue;
  std::map<std::string, base::CommandId> queue_keys;
  std::map<base::ExecutionId, ExecutionRow> executions;
  std::map<std::string, base::ExecutionId> execution_keys;
  std::map<base::ExecutionId, std::vector<base::CommandId>> commands_of;
  std::map<std::string, WorkerRow> workers;
  std::map<ClaimKey, ClaimRow> claims;
  std::vector<store::NewEventRow> events;
  std::set<base::EventId> event_ids;
  std::map<base::CommandId, store::DeadLetter> dead_letters;
  std::map<LoopItemKey, LoopItemRow> loop_items;
  std::map<base::ResultId, store::StoredResult> results;
  std::map<base::CatalogId, wire::CatalogRow> catalog;
  std::map<DepthKey, std::int64_t> depth;  // folded
  std::vector<std::pair<DepthKey, std::int64_t>> changes;  // not folded yet
  struct Lead {
    const void* holder = nullptr;  // the connection that has it
    std::int64_t epoch = 0;
    Time until{0};
  };
  Lead lead;  // in upkeep
  StatementFlaws flaws;

  void count(const std::string& pool, domain::CommandStatus status, std::int64_t change);

 private:
  void check(const QueueRow& row, const char* statement);
  void check(const ExecutionRow& row, const char* statement);

  std::function<Time()> now_;
  std::function<void(const std::string&)> report_;
  std::set<std::pair<base::ExecutionId, std::string>> nodes_;
};

// How a transaction is run: `where` says for whom, and `work` is all of it. The simulation puts latency, outages and
// crashes around it; without one it just runs.
using TransactionRunner = std::function<void(const char* where, const std::function<void()>& work)>;

// What the store's classes of this program work on. Set before the first of them is used.
struct Installation {
  Database* database = nullptr;
  TransactionRunner run;
  std::function<int()> process = [] { return 0; };  // of the caller
};
[[nodiscard]] Installation& installation();

}  // namespace noetl::simulation
