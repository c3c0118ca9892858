#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/catalog_json.hpp"
#include "shared/wire/codecs/command_json.hpp"
#include "shared/wire/codecs/execution_json.hpp"
#include "shared/wire/names.hpp"

using namespace noetl;
using Json = nlohmann::json;

namespace {

std::string field_of_error(const auto& result) { return result ? std::string("accepted") : result.error().field; }

}  // namespace

TEST_CASE("an execute request is read with ids as numbers or strings and workload for payload") {
  const auto by_path = wire::decode_execute_request(
      Json::parse(R"({"path":"a/b","version":2,"workload":{"x":1},"parent_execution_id":"12"})"));
  const auto by_id = wire::decode_execute_request(Json::parse(R"({"catalog_id":9007199254740993})"));
  const auto latest = wire::decode_execute_request(Json::parse(R"({"path":"a","version":"latest","payload":null})"));

  REQUIRE(by_path);
  CHECK(by_path->path == "a/b");
  CHECK(by_path->version == 2);
  CHECK(by_path->payload == R"({"x":1})");
  CHECK(by_path->parent_execution_id.value == 12);
  REQUIRE(by_id);
  CHECK(by_id->catalog_id.value == 9007199254740993);
  CHECK(by_id->payload == "{}");
  REQUIRE(latest);
  CHECK_FALSE(latest->version.has_value());
}

TEST_CASE("an execute request that is wrong names the field") {
  const auto field = [](const char* text) { return field_of_error(wire::decode_execute_request(Json::parse(text))); };

  CHECK(field("{}") == "/path");
  CHECK(field(R"({"path":"a","catalog_id":1})") == "/catalog_id");
  CHECK(field(R"({"catalog_id":1,"version":1})") == "/version");
  CHECK(field(R"({"path":"a","version":0})") == "/version");
  CHECK(field(R"({"path":"a","version":"1"})") == "/version");
  CHECK(field(R"({"path":"a","payload":[1]})") == "/payload");
  CHECK(field(R"({"path":"a","payload":{},"workload":{}})") == "/workload");
  CHECK(field(R"({"path":"a","paylod":{}})") == "/paylod");
  CHECK(field(R"({"path":"a","idempotency_key":"\n"})") == "/idempotency_key");
  CHECK(field(R"({"path":"a","traceparent":"x"})") == "/traceparent");
  CHECK(field(R"({"path":"a","parent_execution_id":-1})") == "/parent_execution_id");
}

TEST_CASE("a wrong item of an execute batch does not stop the others") {
  const auto batch =
      wire::decode_execute_batch(Json::parse(R"({"executions":[{"path":"a"},{"path":7},{"path":"b"}]})"));

  REQUIRE(batch);
  REQUIRE(batch->size() == 3);
  CHECK((*batch)[0].has_value());
  CHECK(field_of_error((*batch)[1]) == "/executions/1/path");
  CHECK((*batch)[2].has_value());
}

TEST_CASE("an execute batch's answer counts what started, was known and failed") {
  std::vector<base::Result<wire::ExecuteAnswer>> answers;
  answers.emplace_back(wire::ExecuteAnswer{.execution_id = {1}, .commands_generated = 2, .is_duplicate = false});
  answers.emplace_back(wire::ExecuteAnswer{.execution_id = {1}, .commands_generated = 2, .is_duplicate = true});
  answers.emplace_back(base::failure(base::ErrorCode::not_found, "no such playbook"));
  answers.emplace_back(wire::ExecuteAnswer{.execution_id = {2}, .commands_generated = 1, .is_scheduled = true});

  const Json json = Json::parse(wire::encode_execute_batch(answers));

  CHECK(json["count"] == 4);
  CHECK(json["started"] == 2);
  CHECK(json["results"][3]["status"] == "scheduled");
  CHECK(json["duplicates"] == 1);
  CHECK(json["failed"] == 1);
  CHECK(json["results"][0] ==
        Json::parse(R"({"index":0,"status":"started","execution_id":"1","commands_generated":2,"error":null})"));
  CHECK(json["results"][2]["status"] == "error");
  CHECK(json["results"][2]["error"]["code"] == "not_found");
}

TEST_CASE("a command is read with its units") {
  const auto command = wire::decode_new_command(Json::parse(
      R"({"tool":{"kind":"http","url":"x"},"input":{"a":[1]},"pool":"gpu","priority":-3,"delay":1.5,"max_attempts":7,"timeout":0.25,"idempotency_key":"k"})"));

  REQUIRE(command);
  CHECK(command->tool_kind == "http");
  CHECK(Json::parse(command->tool)["url"] == "x");
  CHECK(command->input == R"({"a":[1]})");
  CHECK(command->pool == "gpu");
  CHECK(command->priority == -3);
  CHECK(command->delay == std::chrono::milliseconds(1500));
  CHECK(command->max_attempts == 7);
  CHECK(command->timeout == std::chrono::milliseconds(250));
  CHECK(command->idempotency_key == "k");
}

TEST_CASE("a command that is wrong names the field, also inside a batch") {
  const auto field = [](const std::string& rest) {
    return field_of_error(wire::decode_new_command(Json::parse(R"({"tool":{"kind":"noop"})" + rest + "}")));
  };

  CHECK(field("") == "accepted");
  CHECK(field(R"(,"priority":101)") == "/priority");
  CHECK(field(R"(,"max_attempts":0)") == "/max_attempts");
  CHECK(field(R"(,"timeout":-1)") == "/timeout");
  CHECK(field(R"(,"pool":"a.b")") == "/pool");
  CHECK(field(R"(,"available_at":"tomorrow")") == "/available_at");
  CHECK(field(R"(,"delay":1,"delay_ms":5)") == "/delay");
  CHECK(field(R"(,"input":"x")") == "/input");
  CHECK(field_of_error(wire::decode_new_command(Json::parse(R"({"tool":{"kind":"a.b"}})"))) == "/tool/kind");
  CHECK(field_of_error(wire::decode_new_command(Json::parse(R"({"tool":{}})"))) == "/tool/kind");
  CHECK(field_of_error(wire::decode_new_commands(
            Json::parse(R"({"commands":[{"tool":{"kind":"noop"}},{"tool":5}]})"))) == "/commands/1/tool");
  CHECK(field_of_error(wire::decode_new_commands(Json::parse(R"({"commands":[],"x":1})"))) == "/commands");
}

TEST_CASE("playbook content is taken as text or as base64 of it") {
  const std::string text = "metadata: {name: x}\n";

  CHECK(wire::register_request_of(text)->content == text);
  CHECK(wire::register_request_of("bWV0YWRhdGE6IHtuYW1lOiB4fQo=")->content == text);
  CHECK(wire::register_request_of("bWV0YWRh\r\ndGE6IHtuYW1lOiB4fQo")->content == text);
  CHECK(wire::register_request_of("not base64!")->content == "not base64!");
  CHECK_FALSE(wire::register_request_of("//79"));  // base64 of bytes that are no UTF-8
  CHECK_FALSE(wire::register_request_of(std::string("a: \0b", 5)));
}

TEST_CASE("names, times and trace contexts are told from what only looks like them") {
  CHECK(wire::is_rfc3339("2026-01-31T12:00:00Z"));
  CHECK(wire::is_rfc3339("2026-01-31T12:00:00.123456+02:00"));
  for (const char* text : {"", "tomorrow", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z",
                           "2026-01-31T12:00:00", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+99:00"}) {
    CHECK_FALSE(wire::is_rfc3339(text));
  }
  CHECK(wire::is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  CHECK_FALSE(wire::is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0G"));
  CHECK(wire::is_worker_id("host-1.a_B"));
  CHECK_FALSE(wire::is_worker_id("a/b"));
  CHECK_FALSE(wire::is_worker_id(std::string(129, 'a')));
  CHECK_FALSE(wire::is_pool_name("a.b"));
}

TEST_CASE("what is written is JSON whatever the text holds") {
  std::string text = "quote\" back\\ tab\t bell\x07 bad\xFF ok\xC3\xA9";

  const Json json = Json::parse(json::ObjectWriter().text("t", text).raw("r", "").number("n", 0.5).finish());

  CHECK(json["t"] == "quote\" back\\ tab\t bell\x07 bad\xEF\xBF\xBD ok\xC3\xA9");
  CHECK(json["r"].is_null());
  CHECK(json["n"] == 0.5);
}

TEST_CASE("an execution is shown in NoETL v1's shape, with its JSON passed on") {
  wire::ExecutionRow row;
  row.execution_id = {9007199254740993};
  row.status = "FAILED";
  row.current_step = "two";
  row.completed_steps = {"start", "one"};
  row.variables = R"({"x":[1,2]})";
  row.error = R"({"kind":"timeout"})";

  const Json json = Json::parse(wire::encode(row, "[]"));

  CHECK(json["execution_id"] == "9007199254740993");
  CHECK(json["current_step"] == "two");
  CHECK(json["completed_steps"] == Json::array({"start", "one"}));
  CHECK(json["failed"] == true);
  CHECK(json["completed"] == false);
  CHECK(json["variables"]["x"][1] == 2);
  CHECK(json["error"]["kind"] == "timeout");
  CHECK(json["parent_execution_id"].is_null());
  CHECK(json["events"].is_array());
}
