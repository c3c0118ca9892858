#include "tests/simulation/world.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "server/postgres/errors.hpp"
#include "shared/language/loading/playbook_loader.hpp"
#include "tests/simulation/actors.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/model/log_sink.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/server.hpp"
#include "worker/loop/worker.hpp"

namespace noetl::simulation {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than whatever the protocol may take to find out by itself: redelivery, the patience with what is undelivered, intervals of notifying again.
constexpr seconds patience{240};
constexpr milliseconds ack_wait{10'000};

struct NamedPlant {
  const char* name;
  Plant plant;
};
constexpr std::array plants{NamedPlant{"none", Plant::none}, NamedPlant{"unfenced-report", Plant::unfenced_report},
                            NamedPlant{"ack-before-commit", Plant::ack_before_commit},
                            NamedPlant{"lost-notification", Plant::lost_notification},
                            NamedPlant{"unlisted-claim", Plant::unlisted_claim}};
}  // namespace

std::optional<Plant> plant_from(const std::string& name) {
  const auto found = std::ranges::find_if(plants, [&](const auto& one) { return name == one.name; });
  return found == plants.end() ? std::nullopt : std::optional(found->plant);
}

std::vector<std::string> plant_names() {
  std::vector<std::string> names;
  for (const auto& one : plants) names.emplace_back(one.name);
  return names;
}

World::World(const WorldSettings& of)
    : scheduler(of.seed),
      trace(scheduler, of.trace),
      database([this] { return scheduler.now(); }, [this](const std::string& what) { trace.broken(what); }),
      broker(scheduler),
      settings(of) {
  installation().database = &database;
  installation().process = [this] { return scheduler.process(); };
  installation().run = [this](const char* where, const std::function<void()>& work) { transact(where, work); };
  installed_broker() = &broker;
  database.flaws.is_deaf = of.plant == Plant::lost_notification;
  database.flaws.is_unlisted = of.plant == Plant::unlisted_claim;
  database.flaws.is_unfenced = of.plant == Plant::unfenced_report;
  log_sink() = {};
  if (trace.is_on()) log_sink() = [this](const std::string& text) { note(text); };
  if (!of.is_quiet) draw_troubles();
}

void World::draw_troubles() {
  // A third of all troubles in a run, each anything from rare to frequent.
  const auto draw = [&](std::uint64_t& rate, std::uint64_t most_often, std::uint64_t least_often) {
    if (random().one_in(3)) rate = most_often + random().below(least_often - most_often);
  };
  for (auto* rate : {&troubles.request_lost, &troubles.reply_lost, &troubles.request_doubled, &troubles.call_slow}) {
    draw(*rate, 4, 60);
  }
  for (auto* rate : {&troubles.transaction_refused, &troubles.commit_unknown, &troubles.transaction_slow})
    draw(*rate, 10, 100);
  for (auto* rate : {&troubles.crash_before, &troubles.crash_after}) draw(*rate, 40, 400);
  draw(troubles.tool_fails, 3, 30);
  draw(troubles.tool_slow, 2, 20);
  for (auto* rate : {&troubles.worker_killed, &troubles.worker_frozen, &troubles.worker_drained,
                     &troubles.server_killed, &troubles.server_frozen}) {
    draw(*rate, 2, 12);
  }
  for (auto* rate :
       {&troubles.broker_down, &troubles.stream_wiped, &troubles.consumer_dropped, &troubles.database_down}) {
    draw(*rate, 4, 24);
  }
  draw(broker.troubles.loses, 2, 30);
  draw(broker.troubles.doubles, 2, 30);
  draw(broker.troubles.delays, 2, 30);
}

void World::load_playbooks() {
  std::int64_t id = 1;
  for (const char* text : playbook_texts) {
    const auto loaded = language::load_playbook(text);
    if (!loaded) {
      trace.broken("a playbook of the simulation does not load: " + loaded.error().message);
      continue;
    }
    wire::CatalogRow row;
    row.catalog_id = {id++};
    row.path = loaded->playbook.path;
    row.version = 1;
    row.content = text;
    database.catalog[row.catalog_id] = row;
  }
}

std::string World::name_of(ProcessNumber process) const {
  const auto found = names_.find(process);
  return found == names_.end() ? "world" : found->second;
}

void World::note(const std::string& what) {
  if (trace.is_on()) trace.line(name_of(scheduler.process()), what);
}

Server* World::any_server() {
  std::vector<Server*> up;
  for (const auto& place : places_) {
    if (place.server != nullptr) up.push_back(place.server);
  }
  return up.empty() ? nullptr : up[random().below(up.size())];
}

bool World::is_up(const Server* server) const {
  return std::ranges::any_of(places_, [&](const Place& place) { return place.server == server; });
}

void World::start_server(std::size_t place) {
  const ProcessNumber process = next_process_++;
  places_[place] = {.process = process, .server = nullptr};
  names_[process] = "server" + std::to_string(process);
  note("STARTS " + names_[process]);
  const int node = next_node_++ % 1024;
  scheduler.spawn(process, [this, place, process, node] {
    // Never destroyed: see server.hpp.
    auto server = std::make_unique<Server>(ServerSettings{.process = process, .node = node, .ack_wait = ack_wait});
    places_[place].server = server.release();
  });
}

void World::kill_server(std::size_t place) {
  const ProcessNumber process = std::exchange(places_[place], {}).process;
  if (process == 0) return;
  note("KILLS " + name_of(process));
  for (const void* pending : waiting_[process]) scheduler.wake(pending, true);
  waiting_.erase(process);
  ++crashes_;
  scheduler.kill(process);
}

void World::start_worker(WorkerProcess& worker) {
  worker.process = next_process_++;
  // Mostly a new name, as workers make one up; sometimes the old one, which must free what it held.
  if (worker.worker_id.empty() || !random().one_in(4)) worker.worker_id = "w" + std::to_string(++incarnations_);
  worker.stop = {};
  worker.is_up = true;
  names_[worker.process] = worker.worker_id;
  note("STARTS " + worker.worker_id);
  scheduler.spawn(worker.process, [this, &worker, stop = worker.stop.get_token(), process = worker.process] {
    loop::WorkerSettings wanted;
    wanted.worker_id = worker.worker_id;
    wanted.slots = worker.slots;
    wanted.uses_nats = worker.uses_nats;
    wanted.ack_wait = ack_wait;
    wanted.grace = milliseconds(3000);
    SimulatedTransport transport(*this, "process" + std::to_string(process));
    const auto tools = simulated_tools(*this);
    loop::Worker loop(wanted, transport, *tools);
    (void)loop.run(stop);
    note("ended");
    if (worker.process == process) worker.is_up = false;
  });
}

void World::kill_worker(WorkerProcess& worker) {
  if (!worker.is_up) return;
  note("KILLS " + worker.worker_id);
  worker.is_up = false;
  ++crashes_;
  scheduler.kill(worker.process);
}

void World::crash_here(const char* when) {
  note(std::string("CRASHES ") + when);
  const auto own = std::ranges::find(places_, scheduler.process(), &Place::process);
  kill_server(static_cast<std::size_t>(own - places_.begin()));
}

void World::transact(const char* where, const std::function<void()>& work) {
  scheduler.sleep(random().time(std::chrono::microseconds(50), std::chrono::microseconds(900)));
  if (random().one_in(troubles.transaction_slow)) scheduler.sleep(random().time({}, seconds(3)));
  if (!is_database_up_ || random().one_in(troubles.transaction_refused))
    throw postgres::Unavailable("Postgres is away");
  if (random().one_in(troubles.crash_before)) crash_here("before a commit");
  if (has_trace()) note(where);
  try {
    work();
  } catch (const std::exception& thrown) {
    trace.broken(std::string("a transaction was rolled back, which the model cannot: ") + thrown.what());
    throw;
  }
  if (random().one_in(troubles.crash_after)) crash_here("after a commit");
  if (random().one_in(troubles.commit_unknown)) throw postgres::Unavailable("the connection was lost during commit");
  if (random().one_in(4)) scheduler.sleep(random().time({}, milliseconds(2)));
}

void World::calm_down() {
  note("NOTHING GOES WRONG ANY MORE");
  is_calm = true;
  troubles = {};
  broker.troubles = {};
  is_database_up_ = true;
  broker.set_up(true);
  for (std::size_t place = 0; place < places_.size(); ++place) {
    if (places_[place].process == 0)
      start_server(place);
    else
      scheduler.thaw(places_[place].process);
  }
  for (auto& worker : workers) {
    scheduler.thaw(worker->process);
    if (!worker->is_up) start_worker(*worker);
  }
}

bool World::is_over() { return is_calm && clients == 0 && unfinished(database).empty(); }

void World::watch() {
  const Time begin = scheduler.now();
  while (trace.violation().empty()) {
    scheduler.sleep(milliseconds(200));
    if (is_calm) {
      // A worker that was told to drain just before the calm leaves; another takes its place.
      for (auto& worker : workers) {
        if (!worker->is_up) start_worker(*worker);
      }
    }
    if (is_over()) {
      check_end(*this);
      break;
    }
    if (scheduler.now() - begin > patience) {
      trace.broken("not everything has ended although nothing goes wrong any more (R6): " + std::to_string(clients) +
                   " clients wait; " + unfinished(database));
    }
  }
  scheduler.stop();
}

Outcome World::run() {
  load_playbooks();
  places_.resize(static_cast<std::size_t>(random().between(1, 2)));
  const int worker_count = random().between(1, 3);
  const bool is_without_nats = random().one_in(8);
  for (int i = 0; i < worker_count; ++i) {
    auto& worker = *workers.emplace_back(std::make_unique<WorkerProcess>());
    worker.slots = random().between(1, 4);
    worker.uses_nats = !is_without_nats && !random().one_in(10);
  }
  const Time until = random().time(seconds(2), seconds(20));
  scheduler.spawn(0, [this, until] {
    for (std::size_t place = 0; place < places_.size(); ++place) start_server(place);
    for (auto& worker : workers) start_worker(*worker);
    start_clients(*this);
    break_things(*this, until);
    watch();
  });
  scheduler.run(std::chrono::hours(1));
  if (trace.violation().empty() && !scheduler.is_stopped()) trace.broken("nothing can ever happen again");
  return {.violation = trace.violation(),
          .steps = scheduler.steps(),
          .ended_at = scheduler.now(),
          .commands = database.queue.size(),
          .executions = database.executions.size(),
          .events = database.events.size(),
          .crashes = crashes_,
          .dispatched = dispatched_};
}

Outcome simulate(const WorldSettings& settings) {
  // Never destroyed: its processes end where they stand.
  World* world = std::make_unique<World>(settings).release();
  return world->run();
}

}  // namespace noetl::simulation
