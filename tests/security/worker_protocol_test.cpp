// A worker is believed about its own commands alone, by the process that registered it, and gets those of its own pool alone.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <thread>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr const char* header = "Noetl-Worker-Instance";

Json shell(const std::string& command, const std::string& pool = "default") {
  return {{"tool", {{"kind", "shell"}, {"command", command}}}, {"pool", pool}, {"max_attempts", 3}};
}
Json noop(const std::string& pool) { return {{"tool", {{"kind", "noop"}}}, {"pool", pool}}; }

std::string state_of(const Stack& stack, const std::string& id) {
  return stack.api().get("/api/v2/commands/" + id).json().at("status");
}

Json running_command(const Stack& stack, const std::string& id) {
  wait_until("it runs", 10s, [&] { return state_of(stack, id) == "running"; });
  return stack.api().get("/api/v2/commands/" + id).json();
}

HttpAnswer register_as(const Stack& stack, const std::string& worker_id, const std::string& pool,
                       const HttpHeaders& headers = {}) {
  return stack.api().post("/api/v2/workers", {{"worker_id", worker_id}, {"pool", pool}, {"slots", 4}}, headers);
}

HttpAnswer claim(const Stack& stack, const Json& request) {
  return stack.api().post("/api/v2/commands/claim", request);
}

Json ending(const Json& command, const std::string& worker_id) {
  return {{"worker_id", worker_id},
          {"queue_id", command.at("queue_id")},
          {"epoch", command.at("epoch")},
          {"name", "command.completed"},
          {"payload", {{"result", {{"POISONED", true}}}}}};
}

}  // namespace

TEST_CASE("a report counts only from the process that holds the command, and others' are counted") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto id = stack.enqueue({shell("sleep 2; echo mine")}).at(0);
  const auto command = running_command(stack, id);
  const std::string holder = command.at("worker_id");
  (void)register_as(stack, "rogue", "default");

  // Of one who is not registered, of another worker, under the holder's own name, and all of them in a batch.
  for (const std::string& sender : {std::string("rogue-x"), std::string("rogue"), holder}) {
    const auto answer = stack.api().post("/api/v2/events", ending(command, sender));
    CHECK_MESSAGE(answer.status == 409, answer.body);
    CHECK(answer.code() == "lease_lost");
    auto failing = ending(command, sender);
    failing["name"] = "command.failed";
    failing["payload"] = {{"error", {{"kind", "exception"}, {"message", "no"}, {"retryable", false}}}};
    CHECK(stack.api().post("/api/v2/events", failing).code() == "lease_lost");
    auto note = ending(command, sender);
    note["name"] = "command.progress";
    note["payload"] = {{"text", "POISONED"}};
    CHECK(stack.api().post("/api/v2/events", note).code() == "lease_lost");
  }
  CHECK(state_of(stack, id) == "running");
  wait_until("its own end", 15s, [&] { return state_of(stack, id) == "done"; });

  const auto ended = stack.api().get("/api/v2/commands/" + id).json();
  CHECK(ended.dump().find("POISONED") == std::string::npos);
  CHECK(ended.at("attempts") == 1);
  CHECK(stack.api().get("/metrics").body.find("noetl_reports_of_others_total 6") != std::string::npos);
}

TEST_CASE("a worker that runs cannot be taken over, handed back or renewed by others") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto id = stack.enqueue({shell("sleep 3")}).at(0);
  const std::string worker_id = running_command(stack, id).at("worker_id");
  const auto path = "/api/v2/workers/" + worker_id;

  for (const HttpHeaders& headers : {HttpHeaders{}, HttpHeaders{{header, "another"}}}) {
    const auto taken = register_as(stack, worker_id, "attackerpool", headers);
    CHECK_MESSAGE(taken.status == 409, taken.body);
    CHECK(taken.json().value("detail", "").find("lease lasts until") != std::string::npos);
    CHECK(stack.api().post(path + "/heartbeat", {{"held", Json::array()}}, headers).json().at("is_known") == false);
  }
  CHECK(stack.api().remove(path).status == 409);
  CHECK(stack.api().post("/api/worker/pool/deregister", {{"name", worker_id}}).status == 409);

  wait_until("its end", 15s, [&] { return state_of(stack, id) == "done"; });
  CHECK(stack.sql_number("select attempts from noetl.queue") == 1);
  CHECK(stack.sql_number("select count(*) from noetl.worker where pool <> 'default'") == 0);
  CHECK(stack.api().remove(path + "?force=true").status == 200);  // an operator's last resort
}

TEST_CASE("a worker goes on after the server was started again, under its name and with what it runs") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto id = stack.enqueue({shell("sleep 4")}).at(0);
  const std::string worker_id = running_command(stack, id).at("worker_id");

  stack.server().send(SIGTERM);
  stack.server().wait(20s);
  stack.restart_server(0);

  wait_until("its end", 20s, [&] { return state_of(stack, id) == "done"; });
  CHECK(stack.sql_number("select attempts from noetl.queue") == 1);
  CHECK(stack.sql_number("select count(*) from noetl.worker where status = 'ready' and worker_id = '" + worker_id +
                         "'") == 1);
}

TEST_CASE("a worker claims from its own pool alone: by ids, by a poll and where it waits for dispatch") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto theirs = stack.enqueue({noop("secret")}).at(0);
  REQUIRE(register_as(stack, "w", "default").status == 200);

  const auto by_id = claim(stack, {{"worker_id", "w"}, {"queue_ids", {theirs}}});
  CHECK(by_id.json().at("commands").empty());
  CHECK(by_id.json().at("refused").at(0).at("code") == "not_found");
  CHECK(stack.api().post("/api/v2/commands/" + theirs + "/claim", {{"worker_id", "w"}}).status == 404);
  CHECK(stack.api().post("/api/postgres/execute", {{"queue_id", theirs}, {"worker_id", "w"}}).status == 404);
  CHECK(claim(stack, {{"worker_id", "w"}, {"queue_ids", {theirs}}, {"slots", 1}}).json().at("commands").empty());

  const auto poll = claim(stack, {{"worker_id", "w"}, {"pool", "secret"}, {"slots", 1}, {"wait", 1}});
  CHECK_MESSAGE(poll.status == 403, poll.body);
  const auto waiting =
      claim(stack, {{"worker_id", "w"}, {"pool", "secret"}, {"slots", 1}, {"wait", 1}, {"direct_dispatch", true}});
  CHECK_MESSAGE(waiting.status == 403, waiting.body);
  for (const bool direct_dispatch : {false, true}) {
    Json request{{"worker_id", "nobody"}, {"pool", "secret"}, {"slots", 1}, {"wait", 1}};
    if (direct_dispatch) request["direct_dispatch"] = true;
    CHECK(claim(stack, request).status == 404);
  }
  CHECK(state_of(stack, theirs) == "queued");
}

TEST_CASE("one who waits for dispatch under the name of another process gets nothing") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  REQUIRE(register_as(stack, "w", "default", {{header, "p1"}}).status == 200);

  const auto answer =
      claim(stack, {{"worker_id", "w"}, {"pool", "default"}, {"slots", 1}, {"wait", 1}, {"direct_dispatch", true}});

  CHECK(answer.status == 404);
  const auto id = stack.enqueue({noop("default")}).at(0);
  CHECK(claim(stack, {{"worker_id", "w"}, {"queue_ids", {id}}}).status == 404);
  CHECK(state_of(stack, id) == "queued");
}
