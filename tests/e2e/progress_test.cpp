// What commands say while they run: heard over HTTP before they end, fenced like their end, and never in its way.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>

#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace noetl::e2e;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

// Prints, and then runs until the file is there.
std::string until_file(const std::filesystem::path& file) {
  return "echo one; echo two; until [ -e " + file.string() + " ]; do sleep 0.05; done; echo three";
}

Json command_of(const Stack& stack, const std::string& queue_id) {
  return stack.api().get("/api/v2/commands/" + queue_id).json();
}

std::vector<Json> notes_of(const Stack& stack, const std::string& execution_id) {
  std::vector<Json> notes;
  const Json events = stack.api().get("/api/v2/executions/" + execution_id + "/events?limit=1000").json();
  for (const Json& event : events.at("events")) {
    if (event.at("event_type") == "command.log" || event.at("event_type") == "command.progress") notes.push_back(event);
  }
  return notes;
}

}  // namespace

TEST_CASE("a plain command's newest words stand on it while it runs, and give way to its result") {
  const Stack stack;
  const auto file = stack.folder().path() / "go_on";
  const std::string id = stack.enqueue({{{"tool", {{"kind", "shell"}, {"command", until_file(file)}}}}}).front();

  Json command;
  wait_until("the command to say something", 20s, [&] {
    command = command_of(stack, id);
    return !command.at("progress").is_null();
  });
  CHECK(command.at("status") == "running");
  CHECK(command.at("progress").at("output") == "one\ntwo\n");
  CHECK(command.at("result").is_null());

  std::ofstream(file) << "now";
  wait_until("its end", 20s, [&] { return command_of(stack, id).at("status") == "done"; });
  command = command_of(stack, id);
  CHECK(command.at("progress").is_null());
  CHECK(command.at("result").at("stdout") == "one\ntwo\nthree\n");
  CHECK(command.at("attempts") == 1);
}

TEST_CASE("what a step prints is in the events of its execution before the step ends") {
  const Stack stack;
  const auto file = stack.folder().path() / "go_on";
  const std::string path = stack.register_playbook(playbook_with_shell("e2e/talks", until_file(file)));
  const std::string execution_id = stack.execute(path, Json::object());

  wait_until("the step to say something", 20s, [&] { return !notes_of(stack, execution_id).empty(); });
  const Json note = notes_of(stack, execution_id).front();
  CHECK(note.at("event_type") == "command.log");
  CHECK(note.at("step") == "start");
  CHECK(note.at("payload").at("output") == "one\ntwo\n");
  std::ofstream(file) << "now";

  CHECK(stack.wait_for_execution(execution_id).at("status") == "COMPLETED");
  CHECK(notes_of(stack, execution_id).size() == 1);
}

TEST_CASE("prints of python come through as well, and short steps say nothing") {
  const Stack stack;
  const auto file = stack.folder().path() / "go_on";
  const std::string code = "import os, time\nprint('here')\nwhile not os.path.exists('" + file.string() +
                           "'):\n  time.sleep(0.05)\nresult = 'there'";
  const std::string slow = stack.enqueue({{{"tool", {{"kind", "python"}, {"code", code}}}}}).front();
  const auto quick = stack.enqueue(std::vector<Json>(20, {{"tool", {{"kind", "python"}, {"code", "print('quick')"}}}}));

  wait_until("the slow one to say something", 20s, [&] { return !command_of(stack, slow).at("progress").is_null(); });
  CHECK(command_of(stack, slow).at("progress").at("output") == "here\n");
  std::ofstream(file) << "now";
  wait_until("all ends", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 21; });

  CHECK(stack.sql_number("select count(*) from noetl.event where event_type like 'command.%' and event_type <> "
                         "'command.completed'") == 0);
}

TEST_CASE("the trace that work came with reaches its tools and the events of its end") {
  const Stack stack;
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const std::string parent = "00-" + trace + "-b7ad6b7169203331-01";
  const std::string id =
      stack.enqueue({{{"tool", {{"kind", "shell"}, {"command", "echo $TRACEPARENT"}}}, {"traceparent", parent}}})
          .front();
  wait_until("its end", 20s, [&] { return command_of(stack, id).at("status") == "done"; });

  CHECK(command_of(stack, id).at("result").at("stdout") == parent + "\n");
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed' and "
                         "meta->>'trace_id' = '" +
                         trace + "'") == 1);

  const std::string path = stack.register_playbook(playbook_with_shell("e2e/traced", "echo $TRACEPARENT"));
  const auto answer =
      stack.api().post("/api/v2/execute", {{"path", path}, {"payload", Json::object()}, {"traceparent", parent}});
  REQUIRE(answer.status == 200);
  const std::string execution_id = answer.json().at("execution_id");
  CHECK(stack.wait_for_execution(execution_id).at("status") == "COMPLETED");
  CHECK(stack.sql_number("select count(*) from noetl.event where execution_id = " + execution_id +
                         " and meta->>'trace_id' = '" + trace + "'") == 1);
}

TEST_CASE("words of another worker, of an earlier epoch, or after the end are refused and leave nothing") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const std::string id = stack.enqueue({{{"tool", {{"kind", "noop"}}}}}).front();
  const auto api = stack.api();
  REQUIRE(api.post("/api/v2/workers", {{"worker_id", "hand"}}).status == 200);
  REQUIRE(api.post("/api/v2/commands/" + id + "/claim", {{"worker_id", "hand"}}).status == 200);
  const auto say = [&](const std::string& worker, int epoch, const std::string& text) {
    return api.post("/api/v2/events", {{"worker_id", worker},
                                       {"queue_id", id},
                                       {"epoch", epoch},
                                       {"name", "command.progress"},
                                       {"payload", {{"text", text}}}});
  };

  CHECK(say("hand", 1, "mine").status == 200);
  CHECK(say("other", 1, "not mine").json().at("code") == "lease_lost");
  CHECK(say("hand", 2, "not yet").status == 409);
  CHECK(command_of(stack, id).at("progress") == Json{{"text", "mine"}});
  CHECK(command_of(stack, id).at("status") == "running");

  CHECK(api.post("/api/v2/events", {{"worker_id", "hand"},
                                    {"queue_id", id},
                                    {"epoch", 1},
                                    {"name", "command.completed"},
                                    {"payload", {{"result", 5}}}})
            .status == 200);
  CHECK(say("hand", 1, "too late").status == 409);
  CHECK(command_of(stack, id).at("result") == 5);
}
