#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/report_json.hpp"

using namespace noetl;
using Json = nlohmann::json;

TEST_CASE("attempts and events survive encoding") {
  wire::ReportRequest request;
  request.worker_id = "w-1";
  request.attempts.push_back({.lease = {.queue_id = base::CommandId{5}, .epoch = 3},
                              .outcome = domain::Outcome::completed,
                              .result = R"({"a":[1,2]})",
                              .error = {},
                              .output = "printed\n",
                              .duration = std::chrono::microseconds(12'034),
                              .execution_id = base::ExecutionId{9}});
  request.attempts.push_back({.lease = {.queue_id = base::CommandId{6}, .epoch = 1},
                              .outcome = domain::Outcome::failed,
                              .result = "null",
                              .error = domain::ToolError{.kind = "rate_limit",
                                                         .message = "slow down",
                                                         .is_retryable = true,
                                                         .status = 429,
                                                         .retry_after = std::chrono::milliseconds(700),
                                                         .traceback = "line 1"},
                              .output = {},
                              .duration = {},
                              .execution_id = {}});
  request.events.push_back({.execution_id = base::ExecutionId{9},
                            .event_id = base::EventId{10},
                            .step = "s",
                            .name = "step.enter",
                            .payload = R"({"x":1})",
                            .meta = "{}"});

  const auto decoded = wire::decode_report_request(Json::parse(wire::encode(request))).value();

  REQUIRE(decoded.attempts.size() == 2);
  CHECK(decoded.worker_id == "w-1");
  CHECK(decoded.attempts[0].lease == request.attempts[0].lease);
  CHECK(decoded.attempts[0].result == R"({"a":[1,2]})");
  CHECK(decoded.attempts[0].output == "printed\n");
  CHECK(decoded.attempts[0].duration == std::chrono::microseconds(12'034));
  CHECK(decoded.attempts[0].execution_id == base::ExecutionId{9});
  CHECK(decoded.attempts[1].outcome == domain::Outcome::failed);
  CHECK(decoded.attempts[1].error == request.attempts[1].error);
  REQUIRE(decoded.events.size() == 1);
  CHECK(decoded.events[0].event_id == base::EventId{10});
  CHECK(decoded.events[0].payload == R"({"x":1})");
}

TEST_CASE("an error that does not say whether it is retryable is as its kind is; one that says so is as it says") {
  const auto error_of = [](const std::string& error) {
    const auto decoded = wire::decode_report_request(Json::parse(
        R"({"worker_id":"w","queue_id":"5","epoch":1,"name":"command.failed","payload":{"error":)" + error + "}}"));
    return decoded.value().attempts.at(0).error.value();
  };

  CHECK(error_of(R"({"kind":"exception","message":"m"})").is_retryable);
  CHECK(error_of(R"({"kind":"my_own","message":"m"})").is_retryable);
  CHECK_FALSE(error_of(R"({"kind":"not_found","message":"m"})").is_retryable);
  CHECK_FALSE(error_of(R"({"kind":"exception","message":"m","retryable":false})").is_retryable);
  CHECK(error_of(R"({"kind":"not_found","message":"m","retryable":true})").is_retryable);
}

TEST_CASE("NoETL v1's single event is understood") {
  const auto decoded = wire::decode_report_request(Json::parse(
      R"({"execution_id":"123","step":"start","name":"step.exit","payload":{"result":1},"worker_id":"worker-1"})"));
  REQUIRE(decoded.has_value());
  CHECK(decoded->worker_id == "worker-1");
  REQUIRE(decoded->events.size() == 1);
  CHECK(decoded->events[0].name == "step.exit");
}

TEST_CASE("output that no database stores is made storable") {
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts.push_back({.lease = {.queue_id = base::CommandId{5}, .epoch = 1},
                              .outcome = domain::Outcome::completed,
                              .result = "1",
                              .error = {},
                              .output = std::string("a\0b\xff", 4),
                              .duration = {},
                              .execution_id = {}});

  const auto parsed = json::parse_body(wire::encode(request));

  REQUIRE(parsed.has_value());
  CHECK(wire::decode_report_request(*parsed)->attempts[0].output ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
}

TEST_CASE("reports that make no sense are refused with the field") {
  const auto field = [](const std::string& text) {
    const auto decoded = wire::decode_report_request(Json::parse(text));
    REQUIRE_FALSE(decoded.has_value());
    return decoded.error().field;
  };
  const auto event = [](const std::string& rest) {
    return R"({"worker_id":"w","events":[{"queue_id":1,"epoch":1,)" + rest + "}]}";
  };
  CHECK(field("7").empty());
  CHECK(field(R"({"worker_id":"w","events":[]})") == "/events");
  CHECK(field(R"({"events":[{"queue_id":1,"epoch":1,"name":"command.completed"}]})") == "/worker_id");
  CHECK(field(R"({"worker_id":"w","events":[{"queue_id":1,"name":"command.completed"}]})") == "/events/0/epoch");
  CHECK(field(event(R"("name":"command.exploded")")) == "/events/0/name");
  CHECK(field(event(R"("name":"command.failed")")) == "/events/0/payload/error");
  CHECK(field(event(R"("name":"command.completed","payload":{"resultt":1})")) == "/events/0/payload/resultt");
  CHECK(field(event(R"("name":"command.failed","payload":{"error":{"message":"m"}})")) ==
        "/events/0/payload/error/kind");
  CHECK(field(event(R"("name":"command.completed","meta":{"duration_ms":-1})")) == "/events/0/meta/duration_ms");
  CHECK(field(R"({"execution_id":"1","step":"s","name":"n","payload":[]})") == "/payload");
  CHECK(field(R"({"execution_id":"1","step":"s","name":"n","status":"x"})") == "/status");
}

TEST_CASE("an answer survives encoding") {
  wire::ReportAnswer answer;
  answer.commands_generated = 4;
  answer.verdicts.push_back(
      {.queue_id = base::CommandId{1}, .refused = {}, .is_duplicate = false, .message = {}, .retry_after = {}});
  answer.verdicts.push_back({.queue_id = base::CommandId{2},
                             .refused = base::ErrorCode::lease_lost,
                             .is_duplicate = false,
                             .message = "epoch 3",
                             .retry_after = {}});
  answer.verdicts.push_back({.queue_id = base::CommandId{3},
                             .refused = {},
                             .is_duplicate = true,
                             .message = {},
                             .retry_after = std::chrono::milliseconds(250)});

  const auto decoded = wire::decode_report_answer(Json::parse(wire::encode(answer))).value();

  CHECK(decoded.commands_generated == 4);
  REQUIRE(decoded.verdicts.size() == 3);
  CHECK_FALSE(decoded.verdicts[0].refused.has_value());
  CHECK(decoded.verdicts[1].refused == base::ErrorCode::lease_lost);
  CHECK(decoded.verdicts[1].message == "epoch 3");
  CHECK(decoded.verdicts[2].is_duplicate);
  CHECK(decoded.verdicts[2].retry_after == std::chrono::milliseconds(250));
}

TEST_CASE("what a running command says is told apart from its end by name") {
  wire::ReportRequest request;
  request.worker_id = "w-1";
  request.notes.push_back(
      {.lease = {.queue_id = base::CommandId{5}, .epoch = 3}, .name = "command.log", .payload = R"({"output":"a\n"})"});

  const auto decoded = wire::decode_report_request(Json::parse(wire::encode(request))).value();

  CHECK(decoded.attempts.empty());
  REQUIRE(decoded.notes.size() == 1);
  CHECK(decoded.notes[0].lease == request.notes[0].lease);
  CHECK(decoded.notes[0].name == "command.log");
  CHECK(decoded.notes[0].payload == request.notes[0].payload);
}

TEST_CASE("what a running command says needs its worker, its lease and bounded words") {
  const auto refused = [](const char* text) {
    const auto decoded = wire::decode_report_request(Json::parse(text));
    return decoded ? std::string("taken") : decoded.error().field;
  };
  CHECK(refused(R"({"queue_id":"5","epoch":1,"name":"command.log","payload":{}})") == "/worker_id");
  CHECK(refused(R"({"worker_id":"w","queue_id":"5","name":"command.log","payload":{}})") == "/epoch");
  CHECK(refused(R"({"worker_id":"w","queue_id":"5","epoch":1,"name":"command.progress"})") == "/payload");
  const std::string large = R"({"worker_id":"w","queue_id":"5","epoch":1,"name":"command.log","payload":{"output":")" +
                            std::string(wire::note_bytes_max, 'x') + R"("}})";
  CHECK(refused(large.c_str()) == "/payload");
}

TEST_CASE("the trace of a command comes with its report, and nothing else does in its place") {
  wire::ReportRequest request;
  request.worker_id = "w-1";
  request.attempts.emplace_back().lease = {.queue_id = base::CommandId{5}, .epoch = 3};
  request.attempts[0].trace_id = "0af7651916cd43dd8448eb211c80319c";

  const auto decoded = wire::decode_report_request(Json::parse(wire::encode(request))).value();
  CHECK(decoded.attempts[0].trace_id == request.attempts[0].trace_id);

  request.attempts[0].trace_id = "x";
  CHECK(wire::decode_report_request(Json::parse(wire::encode(request))).error().field == "/events/0/meta/trace_id");
}

TEST_CASE("where an error was survives encoding; names that nobody knows and values of another type are refused") {
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts.push_back({.lease = {.queue_id = base::CommandId{5}, .epoch = 1},
                              .outcome = domain::Outcome::failed,
                              .result = "null",
                              .error = domain::ToolError{.kind = "exception",
                                                         .message = "KeyError",
                                                         .is_retryable = false,
                                                         .status = {},
                                                         .retry_after = {},
                                                         .traceback = {},
                                                         .details = R"({"code":"x = 1","line":5})"},
                              .output = {},
                              .duration = {},
                              .execution_id = {}});

  auto body = Json::parse(wire::encode(request));
  CHECK(wire::decode_report_request(body).value().attempts[0].error == request.attempts[0].error);

  auto& error = body["events"][0]["payload"]["error"];
  error["line"] = "five";
  CHECK_FALSE(wire::decode_report_request(body));
  error["line"] = 5;
  error["lines"] = 6;
  CHECK_FALSE(wire::decode_report_request(body));
}
