// Commands that kill their worker end dead after their attempts and not in a loop; what died is redriven from a shell.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Json noop{{"tool", {{"kind", "noop"}}}};
Json shell(const std::string& command) { return {{"tool", {{"kind", "shell"}, {"command", command}}}}; }
// Kills its worker, which is above the processes that the worker has for it.
const std::string killer = R"(import os, signal
pid, name = os.getppid(), ''
while name != 'noetl-worker':
    name, _, rest = open(f'/proc/{pid}/stat').read().partition('(')[2].rpartition(')')
    if name == 'noetl-worker':
        os.kill(pid, signal.SIGKILL)
    pid = int(rest.split()[1])
result = 1)";
Json poison(int max_attempts) {
  return {{"tool", {{"kind", "python"}, {"code", killer}}}, {"max_attempts", max_attempts}};
}

// Leases that end soon: each death of a worker costs one.
StackSettings impatient(int workers) {
  return {.workers = workers, .worker_slots = 2, .env = {{"NOETL_LEASE", "1s"}, {"NOETL_HEARTBEAT_INTERVAL", "200ms"}}};
}

Json command_of(const Stack& stack, const std::string& id) { return stack.api().get("/api/v2/commands/" + id).json(); }

std::string enqueue(const Stack& stack, const Json& command) { return stack.enqueue({command}).at(0); }

void wait_for_status(const Stack& stack, const std::string& id, const std::string& status) {
  wait_until("command " + id + " is " + status, 30s, [&] { return command_of(stack, id).at("status") == status; });
}

std::string noetlctl(const Stack& stack, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {NOETL_BIN_DIR "/noetlctl", "-o", "json", "--server-url", stack.api().url()});
  return run_program({.command = std::move(arguments), .env = {}, .log_file = {}, .work_folder = {}, .user = {}}, 20s);
}

}  // namespace

TEST_CASE("a command that kills its worker is dead after its attempts, and the workers after it do their work") {
  Stack stack(impatient(1));
  const auto id = enqueue(stack, poison(3));

  std::size_t worker = 0;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    CHECK(stack.worker(worker).wait(30s) == 128 + SIGKILL);
    worker = stack.start_worker();
  }
  wait_for_status(stack, id, "dead");

  const auto letter = stack.api().get("/api/v2/dead/" + id).json();
  CHECK(letter.at("error_kind") == "worker_lost");
  CHECK(letter.at("attempts") == 3);
  CHECK(command_of(stack, id).at("epoch") == 3);
  CHECK(stack.worker(worker).is_running());
  wait_for_status(stack, enqueue(stack, noop), "done");
}

TEST_CASE("a step that kills its worker fails its execution after three attempts, and stands in the dead letters") {
  Stack stack(impatient(1));
  stack.register_playbook(R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: poison, path: e2e/poison}
workflow:
  - step: start
    tool: )" + poison(1).at("tool").dump() +
                          "\n");
  const auto execution = stack.execute("e2e/poison", Json::object());

  std::size_t worker = 0;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    CHECK(stack.worker(worker).wait(30s) == 128 + SIGKILL);
    worker = stack.start_worker();
  }

  const auto ended = stack.wait_for_execution(execution, 30s);
  CHECK(ended.at("status") == "FAILED");
  const auto letters = stack.api().get("/api/v2/dead").json().at("letters");
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].at("execution_id") == execution);
  CHECK(letters[0].at("step") == "start");
  const auto refused = stack.api().post("/api/v2/dead/redrive", {{"queue_ids", {letters[0].at("queue_id")}}}).json();
  CHECK(refused.at("refused")[0].at("message").get<std::string>().find("execution rerun " + execution) !=
        std::string::npos);
}

TEST_CASE("what died of one cause is found, edited and redriven from a shell, and then done") {
  const Stack stack;
  const auto folder = stack.folder().path() / "ready";
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    auto failing = shell("test -e " + folder.string() + " || exit 7");
    failing["max_attempts"] = 1;
    ids.push_back(enqueue(stack, failing));
  }
  auto other = shell("exit 9");
  other["max_attempts"] = 1;
  const auto other_id = enqueue(stack, other);
  for (const auto& id : ids) wait_for_status(stack, id, "dead");
  wait_for_status(stack, other_id, "dead");

  const auto groups = Json::parse(noetlctl(stack, {"dead", "groups"})).at("groups");
  REQUIRE(groups.size() >= 1);
  std::string fingerprint = groups[0].at("fingerprint");
  const auto dry = Json::parse(noetlctl(stack, {"dead", "redrive", "--fingerprint", fingerprint, "--dry-run"}));
  CHECK(dry.at("count") >= 5);
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 6);
  CHECK(Json::parse(noetlctl(stack, {"dead", "show", ids[0]})).at("error").at("kind") == "exit_code");

  const auto redriven = Json::parse(noetlctl(stack, {"dead", "redrive", ids[0], ids[1], ids[2], ids[3], ids[4],
                                                     "--edit-tool", R"({"command":"echo better"})"}));

  CHECK(redriven.at("count") == 5);
  for (const auto& one : redriven.at("commands")) wait_for_status(stack, one.at("redriven_as"), "done");
  CHECK(Json::parse(noetlctl(stack, {"dead", "list"})).at("letters").size() == 1);
  CHECK_THROWS(noetlctl(stack, {"dead", "redrive", ids[0]}));
  CHECK_THROWS(noetlctl(stack, {"dead", "purge"}));
  CHECK_THROWS(noetlctl(stack, {"dead", "purge", other_id, "--dry-run"}));
  CHECK(Json::parse(noetlctl(stack, {"dead", "purge", other_id})).at("count") == 1);
  CHECK(Json::parse(noetlctl(stack, {"dead", "list"})).at("letters").empty());
  CHECK(Json::parse(noetlctl(stack, {"dead", "list", "--state", "closed"})).at("letters").size() == 5);
}

TEST_CASE("a pool's attempts and waits hold for its commands, set from a shell") {
  const Stack stack(StackSettings{.workers = 1, .worker_slots = 2, .env = {}});
  const auto set = Json::parse(noetlctl(stack, {"pool", "set", "default", "--max-attempts", "2", "--retry",
                                                R"({"backoff":"fixed","initial_delay":0.1,"jitter":false})"}));
  CHECK(set.at("retry").at("backoff") == "fixed");
  CHECK(Json::parse(noetlctl(stack, {"pool", "get", "default"})).at("max_attempts") == 2);

  const auto id = enqueue(stack, shell("exit 7"));

  wait_for_status(stack, id, "dead");
  const auto command = command_of(stack, id);
  CHECK(command.at("attempts") == 2);
  CHECK(command.at("retry").at("initial_delay") == 0.1);
  const auto kept = Json::parse(noetlctl(stack, {"pool", "set", "default", "--max-attempts", "4"}));
  CHECK(kept.at("retry").at("backoff") == "fixed");
}

TEST_CASE("subject, consumer and dead stream have the names of the settings, and workers learn them") {
  Stack stack(StackSettings{
      .workers = 1,
      .worker_slots = 2,
      .env = {{"NATS_SUBJECT", "jobs"}, {"NATS_CONSUMER", "hands"}, {"NOETL_NATS_DEAD_STREAM", "GRAVE"}}});
  auto failing = shell("exit 7");
  failing["max_attempts"] = 1;

  wait_for_status(stack, enqueue(stack, noop), "done");
  wait_for_status(stack, enqueue(stack, failing), "dead");

  const auto consumer = stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.hands");
  CHECK(consumer.at("delivered").at("consumer_seq") >= 2);
  CHECK(consumer.at("config").at("filter_subject") == "jobs");
  wait_until("the death is told", 10s,
             [&] { return stack.nats().request("$JS.API.STREAM.INFO.GRAVE")["state"]["messages"] == 1; });
}

TEST_CASE(
    "a command that runs is cancelled from a shell: its tool is stopped, and others are found and cancelled by a "
    "filter") {
  const Stack stack(impatient(1));
  const auto running = enqueue(stack, shell("echo begun; exec sleep 300"));
  wait_until("the command runs", 20s, [&] { return command_of(stack, running).at("status") == "running"; });
  auto delayed = noop;
  delayed["delay"] = 3600;
  delayed["idempotency_key"] = "order-17";
  const auto waiting = enqueue(stack, delayed);

  const auto found = Json::parse(noetlctl(stack, {"command", "list", "--idempotency-key", "order-17"}));
  REQUIRE(found.at("commands").size() == 1);
  CHECK(found.at("commands")[0].at("queue_id") == waiting);
  const auto shown = Json::parse(noetlctl(stack, {"command", "cancel", "--status", "queued", "--dry-run"}));
  CHECK(shown.at("queue_ids") == Json::array({waiting}));
  CHECK(Json::parse(noetlctl(stack, {"command", "cancel", waiting, "--reason", "withdrawn"})).at("count") == 1);
  CHECK(command_of(stack, waiting).at("error").at("message") == "cancelled on request: withdrawn");

  CHECK(Json::parse(noetlctl(stack, {"command", "cancel", running})).at("count") == 1);
  // The worker has one slot in use for 300 s unless the tool was stopped.
  wait_until("the worker has stopped the tool", 20s,
             [&] { return stack.api().get("/api/v2/workers").json().at("workers").at(0).at("running") == 0; });
  CHECK(command_of(stack, running).at("status") == "cancelled");
  CHECK_THROWS(noetlctl(stack, {"command", "cancel", running}));
  CHECK_THROWS(noetlctl(stack, {"command", "cancel"}));
}
