// An idempotency key repeats what it was first used for, and nothing else: used for other work it is refused, not swallowed.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <regex>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using Json = nlohmann::json;

namespace {
Json command(const Json& input, const std::string& key, const std::string& kind = "noop") {
  return {{"tool", {{"kind", kind}}}, {"input", input}, {"idempotency_key", key}};
}
bool says(const HttpAnswer& answer, const std::string& part) { return answer.body.find(part) != std::string::npos; }
}  // namespace

TEST_CASE(
    "a key of a command is refused for another tool, input or pool, and repeats equal work however it is "
    "written") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto first = stack.api().post("/api/v2/commands", command({{"a", 1}, {"b", {1, 2}}}, "k"));
  REQUIRE(first.status == 201);
  const std::string id = first.json().at("queue_id");

  const auto same = stack.api().post_raw(
      "/api/v2/commands",
      R"({"idempotency_key": "k", "input": {"b": [1,2], "a": 1}, "tool": {"kind": "noop"}, "delay": 5, "priority": 3})");
  CHECK(same.status == 201);
  CHECK(same.json().at("status") == "duplicate");
  CHECK(same.json().at("queue_id") == id);

  Json other_pool = command({{"a", 1}, {"b", {1, 2}}}, "k");
  other_pool["pool"] = "blue";
  for (const Json& other : {command({{"a", 2}}, "k"), command({{"a", 1}, {"b", {1, 2}}}, "k", "shell"), other_pool}) {
    const auto refused = stack.api().post("/api/v2/commands", other);
    CHECK(refused.status == 409);
    CHECK(refused.code() == "conflict");
    CHECK(says(refused, id));
    CHECK(says(refused, "fingerprint"));
  }
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 1);
}

TEST_CASE(
    "in a batch each item counts by itself: the others are enqueued, and the answer names those that are "
    "not") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  REQUIRE(stack.api().post("/api/v2/commands", command({{"a", 1}}, "k")).status == 201);

  const auto answer = stack.api().post(
      "/api/v2/commands",
      {{"commands",
        {command({{"a", 1}}, "k"), command({{"a", 2}}, "k"), command({}, "new"), command({{"x", 1}}, "new")}}});

  REQUIRE_MESSAGE(answer.status == 201, answer.body);
  const Json told = answer.json();
  CHECK(told.at("count") == 2);
  CHECK(told.at("duplicates") == 1);
  CHECK(told.at("queue_ids").at(1).is_null());
  CHECK(told.at("queue_ids").at(3).is_null());
  CHECK(told.at("conflicts").size() == 2);
  CHECK(told.at("conflicts").at(0).at("index") == 1);
  CHECK(told.at("conflicts").at(0).at("code") == "conflict");
  for (const Json& conflict : told.at("conflicts"))  // each says which work has the key, and which was asked for
    CHECK(std::regex_search(conflict.dump(), std::regex("has the fingerprint [0-9a-f]{16} .*, this one [0-9a-f]{16}")));
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 2);
  CHECK(stack.api().post("/api/v2/commands", {{"commands", {command({{"a", 3}}, "k")}}}).status == 409);
}

TEST_CASE("noetlctl says of a key that was used for other work what the server says, and fails as of a conflict") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto enqueue = [&](const std::string& input) {
    const std::string call = std::string(NOETL_BIN_DIR "/noetlctl --server-url ") + stack.api().url() +
                             " command enqueue noop --input '" + input + "' --idempotency-key k 2>&1; echo \"exit $?\"";
    return run_program({.command = {"/bin/sh", "-c", call}, .env = {}, .log_file = {}, .work_folder = {}, .user = {}},
                       std::chrono::seconds(20));
  };

  CHECK(enqueue(R"({"a": 1})").find("exit 0") != std::string::npos);
  CHECK(enqueue(R"({"a": 1.0})").find("exit 0") != std::string::npos);
  const std::string other = enqueue(R"({"a": 2})");
  INFO(other);
  CHECK(std::regex_search(other, std::regex("has the fingerprint [0-9a-f]{16}[^]*this one [0-9a-f]{16}")));
  CHECK(other.find("exit 0") == std::string::npos);
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 1);
}

TEST_CASE("a key of an execution is refused for another payload or version") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const std::string text =
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: security/keys}\nworkload: {a: 1, "
      "b: 2}\n"
      "workflow:\n  - step: start\n    tool: {kind: noop}\n";
  const auto path = stack.register_playbook(text);
  const auto start = [&](const Json& payload, const Json& more = Json::object()) {
    Json body{{"path", path}, {"payload", payload}, {"idempotency_key", "k"}};
    body.update(more);
    return stack.api().post("/api/v2/execute", body);
  };
  const auto first = start({{"a", 5}});
  REQUIRE(first.status / 100 == 2);
  const std::string id = first.json().at("execution_id");

  CHECK(start({{"a", 5}}).json().at("execution_id") == id);
  CHECK(start({{"a", 5}, {"b", 2}}).json().at("execution_id") == id);  // what it has anyway
  const auto other = start({{"a", 6}});
  CHECK(other.status == 409);
  CHECK(says(other, id));
  CHECK(says(other, "fingerprint"));
  stack.register_playbook(text + "  - step: more\n    tool: {kind: noop}\n");
  CHECK(start({{"a", 5}}).json().at("execution_id") == id);  // a newer version is no other work …
  CHECK(start({{"a", 5}}, {{"version", 2}}).status == 409);  // … unless it was asked for
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 1);
}

TEST_CASE("a key in SQL raises NQ001 for other work, and nothing of the call is enqueued") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto id =
      stack.sql(R"(select noetl.enqueue('{"kind":"noop"}', '{"a": 1}', idempotency_key => 'k')::text)").front().front();
  CHECK(
      stack
          .sql(
              R"(select noetl.enqueue('{"kind":"noop"}', '{"a": 1.0}', idempotency_key => 'k', delay => '1 hour')::text)")
          .front()
          .front() == id);
  CHECK(stack.api().post("/api/v2/commands", command({{"a", 1}}, "k")).json().at("queue_id") == id);

  const auto state_of = [&](const std::string& call) {
    static_cast<void>(stack.sql("drop table if exists told; create table told(state text)"));
    static_cast<void>(stack.sql("do $do$ begin perform " + call +
                                "; exception when others then insert into told values (sqlstate); end $do$"));
    const auto rows = stack.sql("select state from told");
    return rows.empty() ? std::string() : rows.front().front();
  };
  CHECK(state_of(R"(noetl.enqueue('{"kind":"noop"}', '{"a": 2}', idempotency_key => 'k'))") == "NQ001");
  CHECK(state_of(R"(noetl.enqueue('{"kind":"shell"}', '{"a": 1}', idempotency_key => 'k'))") == "NQ001");
  CHECK(state_of(R"(noetl.enqueue('{"kind":"noop"}', '{"a": 1}', pool => 'blue', idempotency_key => 'k'))") == "NQ001");
  CHECK(
      state_of(
          R"(noetl.enqueue_many('[{"tool":{"kind":"noop"}},{"tool":{"kind":"noop"},"input":{"a":9},"idempotency_key":"k"}]'))") ==
      "NQ001");
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 1);
}
