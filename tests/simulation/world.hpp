#pragma once
// World: everything of one run: the clock, the database, the broker, servers and workers as processes of fibers, the
// network between them, clients and what goes wrong. The same settings give the same run, step by step. One thread.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include "tests/simulation/model/broker.hpp"
#include "tests/simulation/model/database.hpp"
#include "tests/simulation/trace.hpp"

namespace noetl::simulation {

struct Server;

// Mistakes that can be planted to see that they are found.
enum class Plant { none, unfenced_report, ack_before_commit, lost_notification, unlisted_claim };
[[nodiscard]] std::optional<Plant> plant_from(const std::string& name);
[[nodiscard]] std::vector<std::string> plant_names();

struct WorldSettings {
  std::uint64_t seed = 1;
  Plant plant = Plant::none;
  bool is_quiet = false;  // nothing goes wrong
  std::FILE* trace = nullptr;
};

// How often things go wrong, one in so many each; 0: never. Drawn anew for each seed, most of them absent, so that
// some seeds try one trouble thoroughly (swarm testing).
struct Troubles {
  std::uint64_t request_lost = 0, reply_lost = 0, request_doubled = 0, call_slow = 0;
  std::uint64_t transaction_refused = 0, commit_unknown = 0, crash_before = 0, crash_after = 0, transaction_slow = 0;
  std::uint64_t tool_fails = 0, tool_slow = 0;
  // Of each turn of the one who breaks things.
  std::uint64_t worker_killed = 0, worker_frozen = 0, worker_drained = 0, server_killed = 0, server_frozen = 0;
  std::uint64_t broker_down = 0, stream_wiped = 0, consumer_dropped = 0, database_down = 0;
};

struct Outcome {
  std::string violation;  // empty: everything held
  std::uint64_t steps = 0;
  Time ended_at{0};
  std::size_t commands = 0, executions = 0, events = 0, crashes = 0, dispatched = 0;
};

[[nodiscard]] Outcome simulate(const WorldSettings& settings);

struct WorkerProcess {
  ProcessNumber process = 0;
  std::string worker_id;
  int slots = 2;
  bool uses_nats = true;
  bool is_up = false;
  std::stop_source stop;
};

// What somebody was answered, and what must therefore be there when all is over.
// Which leases (command and epoch) each process has begun to run: none of them twice.
using BegunLeases = std::set<std::tuple<ProcessNumber, std::string, int>>;

struct Promises {
  std::map<std::string, base::CommandId> commands;  // by idempotency key
  std::map<std::string, base::ExecutionId> executions;
  std::set<domain::Lease> attempts;  // whose end was answered as recorded
};

class World {
 public:
  explicit World(const WorldSettings& settings);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Outcome run();

  // For the actors; all of it from fibers.
  Scheduler scheduler;
  Trace trace;
  Database database;
  Broker broker;
  Troubles troubles;
  const WorldSettings settings;
  Promises promises;
  BegunLeases begun;
  std::vector<std::unique_ptr<WorkerProcess>> workers;
  bool is_calm = false;  // nothing goes wrong any more
  int clients = 0;  // that have not ended

  [[nodiscard]] Random& random() { return scheduler.random(); }
  [[nodiscard]] std::string name_of(ProcessNumber process) const;
  void note(const std::string& what);  // a line of the trace, of the process that runs
  [[nodiscard]] bool has_trace() const { return trace.is_on(); }
  // A server that takes calls now; null when there is none.
  [[nodiscard]] Server* any_server();
  [[nodiscard]] bool is_up(const Server* server) const;
  // Whoever waits for an answer of a server, to be told when it dies.
  void wait_for(ProcessNumber server, const void* pending) { waiting_[server].push_back(pending); }
  void kill_server(std::size_t place);
  void kill_worker(WorkerProcess& worker);
  void start_server(std::size_t place);
  void start_worker(WorkerProcess& worker);
  [[nodiscard]] std::size_t server_places() const { return places_.size(); }
  [[nodiscard]] ProcessNumber server_at(std::size_t place) const { return places_[place].process; }  // 0: none
  void set_database_up(bool is_up) { is_database_up_ = is_up; }
  void load_playbooks();
  void calm_down();
  void note_dispatched(std::size_t commands) { dispatched_ += commands; }

 private:
  void draw_troubles();
  void transact(const char* where, const std::function<void()>& work);
  void crash_here(const char* when);
  [[nodiscard]] bool is_over();
  void watch();  // waits for the end and checks it

  struct Place {
    ProcessNumber process = 0;  // 0: down
    Server* server = nullptr;  // null: down, or just starting. Dead ones are left as they fell
  };
  std::vector<Place> places_;
  std::map<ProcessNumber, std::string> names_;
  std::map<ProcessNumber, std::vector<const void*>> waiting_;
  ProcessNumber next_process_ = 1;
  int next_node_ = 1;
  int incarnations_ = 0;
  std::size_t crashes_ = 0;
  std::size_t dispatched_ = 0;
  bool is_database_up_ = true;
};

}  // namespace noetl::simulation
