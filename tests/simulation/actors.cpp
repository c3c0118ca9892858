#include "tests/simulation/actors.hpp"

#include <condition_variable>
#include <mutex>

#include "server/executions/cancel_execution.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "shared/wire/subjects.hpp"
#include "tests/simulation/network.hpp"

namespace noetl::simulation {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* paths[] = {"fan", "each", "line", "rows", "caller"};

// Calls again until there is an answer that says something; what a client with an idempotency key does.
template <class T>
std::optional<T> until_answered(World& world, const std::string& what, const typename Call<T>::Work& work) {
  for (;;) {
    auto answer = Call<T>(world, what, work).run();
    if (answer) return std::move(*answer);
    const auto code = answer.error().code;
    if (code != base::ErrorCode::unavailable && code != base::ErrorCode::timeout &&
        code != base::ErrorCode::saturated) {
      world.trace.broken(what + " was refused: " + answer.error().message);
      return std::nullopt;
    }
    world.scheduler.sleep(world.random().time(milliseconds(50), milliseconds(1500)));
  }
}

// As the API does it: one command goes with others that come at the same time.
base::Result<std::vector<wire::EnqueuedCommand>> enqueue(Server& server,
                                                         const std::vector<wire::NewCommand>& commands) {
  if (commands.size() != 1) return queue::enqueue_commands(server.context, commands);
  const auto one = server.submits.enqueue(commands.front());
  if (!one) return base::failure(one.error());
  return std::vector<wire::EnqueuedCommand>{*one};
}

void enqueue_some(World& world, int client) {
  auto& random = world.random();
  for (int round = 0; round < random.between(1, 5); ++round) {
    world.scheduler.sleep(random.time({}, seconds(3)));
    // Beyond the first lane they share notifications, and a worker may have fewer slots than one names.
    const bool is_bundle = random.one_in(4);
    std::vector<wire::NewCommand> commands(
        static_cast<std::size_t>(is_bundle ? random.between(2, 12) : random.between(1, 4)));
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto& command = commands[i];
      command.tool_kind = random.one_in(4) ? "noop" : "python";
      command.idempotency_key = "c" + std::to_string(client) + "-" + std::to_string(round) + "-" + std::to_string(i);
      command.max_attempts = random.between(1, 4);
      command.priority = is_bundle || random.one_in(2) ? 0 : random.between(-2, 2);
      if (random.one_in(4)) command.delay = milliseconds(random.between(1, 3000));
      keys.push_back(command.idempotency_key);
    }
    const auto answer = until_answered<std::vector<wire::EnqueuedCommand>>(
        world, "enqueue " + keys.front(), [commands](Server& server) { return enqueue(server, commands); });
    if (!answer) return;
    for (std::size_t i = 0; i < keys.size(); ++i) world.promises.commands[keys[i]] = (*answer)[i].queue_id;
  }
}

void execute_some(World& world, int client) {
  auto& random = world.random();
  for (int round = 0; round < random.between(1, 2); ++round) {
    world.scheduler.sleep(random.time({}, seconds(3)));
    wire::ExecuteRequest request;
    request.path = paths[random.below(std::size(paths))];
    request.idempotency_key = "e" + std::to_string(client) + "-" + std::to_string(round);
    const auto answer =
        until_answered<wire::ExecuteAnswer>(world, "execute " + request.path + " " + request.idempotency_key,
                                            [request](Server& server) { return server.submits.execute(request); });
    if (!answer) return;
    world.promises.executions[request.idempotency_key] = answer->execution_id;
    if (!random.one_in(5)) continue;
    world.scheduler.sleep(random.time({}, seconds(2)));
    const wire::CancelRequest cancel{.execution_id = answer->execution_id, .reason = "enough", .cascade = true};
    (void)until_answered<wire::CancelAnswer>(world, "cancel " + request.idempotency_key, [cancel](Server& server) {
      return executions::cancel_execution(server.context, cancel);
    });
  }
}

// A tool that takes a while, in virtual time, and sometimes fails.
class SimulatedTool final : public tools::Tool {
 public:
  SimulatedTool(World& world, std::string kind, bool is_instant)
      : world_(world), kind_(std::move(kind)), is_instant_(is_instant) {}

  [[nodiscard]] std::string_view kind() const override { return kind_; }
  [[nodiscard]] bool is_instant() const override { return is_instant_; }

  [[nodiscard]] tools::ToolResult run(const tools::ToolCall& call) override {
    auto& random = world_.random();
    const auto id = call.context.value("queue_id", std::string());
    if (world_.has_trace()) world_.note("tool begins " + id);
    note_begin(call, id);
    tools::ToolResult result;
    if (!is_instant_ && !work(call)) {
      result.outcome = domain::Outcome::cancelled;
      if (world_.has_trace()) world_.note("tool stopped " + id);
      return result;
    }
    if (random.one_in(world_.troubles.tool_fails)) {
      result.outcome = domain::Outcome::failed;
      const bool is_hopeless = random.one_in(3);
      result.error = domain::ToolError{.kind = is_hopeless ? "invalid_input" : "server_error",
                                       .message = "it failed",
                                       .is_retryable = !is_hopeless,
                                       .status = {},
                                       .retry_after = {},
                                       .traceback = {}};
    } else if (kind_ == "rows") {
      result.result = random.one_in(4) ? R"({"rows":[]})" : R"({"rows":[{"id":1},{"id":2},{"id":3}]})";
    } else {
      result.result = random.one_in(2) ? R"({"go":true})" : R"({"go":false})";
    }
    if (world_.has_trace()) world_.note("tool ended " + id);
    return result;
  }

 private:
  // A lease is run once. What begins although it was lost meanwhile is another matter: that is stopped.
  void note_begin(const tools::ToolCall& call, const std::string& id) {
    const auto* row = world_.database.find(base::CommandId{base::parse_id(id).value_or(0)});
    if (row == nullptr || row->status != domain::CommandStatus::running ||
        row->worker_id != call.context.value("worker_id", std::string()))
      return;
    const auto process = Scheduler::running()->process();
    if (!world_.begun.emplace(process, id, row->epoch).second)
      world_.trace.broken(world_.name_of(process) + " runs command " + id + " twice under one lease");
  }

  // False when it was stopped.
  bool work(const tools::ToolCall& call) {
    auto& random = world_.random();
    auto time = random.time(std::chrono::microseconds(200), milliseconds(80));
    if (random.one_in(world_.troubles.tool_slow)) time = random.time(milliseconds(500), seconds(9));
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    (void)stopped.wait_for(lock, call.stop, time, [] { return false; });
    return !call.stop.stop_requested();
  }

  World& world_;
  const std::string kind_;
  const bool is_instant_;
};

// One process stands still for a while.
void freeze_for_a_while(World& world, ProcessNumber process) {
  world.note("FREEZES " + world.name_of(process));
  world.scheduler.freeze(process);
  world.scheduler.spawn(0, [&world, process, time = world.random().time(milliseconds(100), seconds(12))] {
    world.scheduler.sleep(time);
    if (world.scheduler.is_frozen(process)) world.note("THAWS " + world.name_of(process));
    world.scheduler.thaw(process);
  });
}

void break_a_worker(World& world) {
  auto& random = world.random();
  auto& worker = *world.workers[random.below(world.workers.size())];
  if (!worker.is_up) return;
  const auto& troubles = world.troubles;
  if (random.one_in(troubles.worker_killed)) return world.kill_worker(worker);
  if (random.one_in(troubles.worker_frozen)) return freeze_for_a_while(world, worker.process);
  if (!random.one_in(troubles.worker_drained)) return;
  if (random.one_in(2)) {
    world.note("TERMINATES " + worker.worker_id);
    worker.stop.request_stop();
    return;
  }
  (void)Call<void>(world, "drain " + worker.worker_id, [id = worker.worker_id](Server& server) {
    (void)queue::drain_worker(server.context, id);  // an unknown one is as good as drained
    return base::Result<void>{};
  }).run();
}

void break_a_server(World& world) {
  auto& random = world.random();
  const auto place = random.below(world.server_places());
  const ProcessNumber process = world.server_at(place);
  if (process == 0) return;
  if (random.one_in(world.troubles.server_killed)) return world.kill_server(place);
  if (random.one_in(world.troubles.server_frozen)) freeze_for_a_while(world, process);
}

void break_an_outside_part(World& world) {
  auto& random = world.random();
  const auto back_in = random.time(milliseconds(50), seconds(5));
  if (random.one_in(world.troubles.broker_down) && world.broker.is_up()) {
    world.note("STOPS the broker");
    world.broker.set_up(false);
    world.scheduler.spawn(0, [&world, back_in] {
      world.scheduler.sleep(back_in);
      world.broker.set_up(true);
    });
  }
  if (random.one_in(world.troubles.stream_wiped)) {
    world.note("WIPES the streams");
    world.broker.wipe();
  }
  if (random.one_in(world.troubles.consumer_dropped)) {
    world.note("DROPS the consumer");
    world.broker.drop_consumer(wire::lane_consumer_of(wire::commands_consumer, random.below(wire::lanes)));
  }
  if (random.one_in(world.troubles.database_down)) {
    world.note("STOPS the database");
    world.set_database_up(false);
    world.scheduler.spawn(0, [&world, back_in] {
      world.scheduler.sleep(back_in);
      world.set_database_up(true);
    });
  }
}

void revive(World& world) {
  for (std::size_t place = 0; place < world.server_places(); ++place) {
    if (world.server_at(place) == 0 && world.random().one_in(3)) world.start_server(place);
  }
  for (auto& worker : world.workers) {
    if (!worker->is_up && world.random().one_in(3)) world.start_worker(*worker);
  }
}
}  // namespace

void start_clients(World& world) {
  const int count = world.random().between(1, 3);
  for (int client = 0; client < count; ++client) {
    for (const auto act : {&enqueue_some, &execute_some}) {
      ++world.clients;
      world.scheduler.spawn(0, [&world, client, act] {
        act(world, client);
        --world.clients;
      });
    }
  }
}

void break_things(World& world, Time until) {
  while (world.scheduler.now() < until) {
    world.scheduler.sleep(world.random().time(milliseconds(20), milliseconds(1200)));
    if (world.settings.is_quiet) continue;
    break_a_worker(world);
    break_a_server(world);
    break_an_outside_part(world);
    revive(world);
  }
  world.calm_down();
}

std::unique_ptr<tools::Registry> simulated_tools(World& world) {
  auto registry = std::make_unique<tools::Registry>();
  registry->add(std::make_unique<SimulatedTool>(world, "python", false));
  registry->add(std::make_unique<SimulatedTool>(world, "noop", true));
  registry->add(std::make_unique<SimulatedTool>(world, "rows", false));
  return registry;
}

}  // namespace noetl::simulation
