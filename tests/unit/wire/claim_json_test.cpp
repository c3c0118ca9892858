#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/quick_read.hpp"

using namespace noetl;
using Json = nlohmann::json;

TEST_CASE("a claim by ids survives encoding") {
  const wire::ClaimRequest request{.worker_id = "w-1",
                                   .queue_ids = {base::CommandId{1}, base::CommandId{9223372036854775807}}};
  const auto decoded = wire::decode_claim_request(Json::parse(wire::encode(request))).value();
  CHECK(decoded.worker_id == "w-1");
  CHECK(decoded.queue_ids == request.queue_ids);
}

TEST_CASE("a claim of ids says for how many slots; one of exactly those ids does not") {
  wire::ClaimRequest request{
      .worker_id = "w-1", .queue_ids = {base::CommandId{1}, base::CommandId{2}, base::CommandId{3}}, .slots = 2};
  CHECK(wire::decode_claim_request(Json::parse(wire::encode(request)))->slots == 2);
  request.slots = 3;
  CHECK(wire::decode_claim_request(Json::parse(wire::encode(request)))->slots == 3);
  request.slots = 0;
  CHECK_FALSE(Json::parse(wire::encode(request)).contains("slots"));
  CHECK(wire::decode_claim_request(Json::parse(wire::encode(request)))->slots == 0);
}

TEST_CASE("a claim by pool survives encoding") {
  const wire::ClaimRequest request{
      .worker_id = "w-1", .queue_ids = {}, .pool = "gpu", .slots = 7, .wait = std::chrono::milliseconds(1250)};
  const auto decoded = wire::decode_claim_request(Json::parse(wire::encode(request))).value();
  CHECK(decoded.pool == "gpu");
  CHECK(decoded.slots == 7);
  CHECK(decoded.wait == request.wait);
}

TEST_CASE(
    "a claim names the least priority that it is for, and its answer says what was given and whether there is more") {
  wire::ClaimRequest request{.worker_id = "w-1", .queue_ids = {}, .slots = 7, .priority_min = 1};
  CHECK(wire::decode_claim_request(Json::parse(wire::encode(request)))->priority_min == 1);
  request.priority_min.reset();
  CHECK_FALSE(Json::parse(wire::encode(request)).contains("priority_min"));
  const auto refused =
      wire::decode_claim_request(Json::parse(R"({"worker_id":"w","queue_ids":["1"],"priority_min":1})"));
  CHECK(refused.error().field == "/priority_min");

  wire::ClaimAnswer answer{.commands = {}, .refused = {}, .has_more = true};
  auto& command = answer.commands.emplace_back();
  command.lease = {{7}, 1};
  command.tool_kind = "noop";
  command.context = "{}";
  command.priority = -4;
  for (const auto& decoded : {wire::decode_claim_answer(Json::parse(wire::encode(answer))).value(),
                              wire::quick_claim_answer(wire::encode(answer)).value()}) {
    CHECK(decoded.has_more);
    CHECK(decoded.commands[0].priority == -4);
  }
  answer.has_more = false;
  answer.commands[0].priority = 0;
  CHECK(wire::encode(answer).find("has_more") == std::string::npos);
  CHECK(wire::encode(answer).find("priority") == std::string::npos);
}

TEST_CASE("a claim by direct dispatch survives encoding; others do not name it, for older servers") {
  wire::ClaimRequest request{
      .worker_id = "w-1", .queue_ids = {}, .slots = 7, .wait = std::chrono::seconds(1), .direct_dispatch = true};
  const auto decoded = wire::decode_claim_request(Json::parse(wire::encode(request))).value();
  CHECK(decoded.direct_dispatch);
  CHECK(decoded.wait == request.wait);
  request.direct_dispatch = false;
  CHECK_FALSE(Json::parse(wire::encode(request)).contains("direct_dispatch"));

  wire::ClaimAnswer answer{.commands = {}, .refused = {}, .claim_id = {17}, .waited = std::chrono::milliseconds(321)};
  CHECK(wire::decode_claim_answer(Json::parse(wire::encode(answer)))->waited == answer.waited);
  CHECK(wire::quick_claim_answer(wire::encode(answer))->waited == answer.waited);
  CHECK(wire::decode_claim_answer(Json::parse(wire::encode(answer)))->claim_id.value == 17);
  CHECK(wire::quick_claim_answer(wire::encode(answer))->claim_id.value == 17);
  answer.claim_id = {};
  CHECK_FALSE(Json::parse(wire::encode(answer)).contains("claim_id"));
  answer.waited.reset();
  CHECK_FALSE(Json::parse(wire::encode(answer)).contains("waited_ms"));
}

TEST_CASE("claims that make no sense are refused with the field") {
  const auto field = [](const char* text) {
    const auto decoded = wire::decode_claim_request(Json::parse(text));
    REQUIRE_FALSE(decoded.has_value());
    return decoded.error().field;
  };
  CHECK(field(R"({})") == "/worker_id");
  CHECK(field(R"({"worker_id":"a b"})") == "/worker_id");
  CHECK(field(R"({"worker_id":"w","queue_ids":[]})") == "/queue_ids");
  CHECK(field(R"({"worker_id":"w","queue_ids":[1,"x"]})") == "/queue_ids/1");
  CHECK(field(R"({"worker_id":"w","queue_ids":[1],"pool":"p"})") == "/pool");
  CHECK(field(R"({"worker_id":"w","pool":"a.b"})") == "/pool");
  CHECK(field(R"({"worker_id":"w","slots":0})") == "/slots");
  CHECK(field(R"({"worker_id":"w","slots":1025})") == "/slots");
  CHECK(field(R"({"worker_id":"w","wait":31})") == "/wait");
  CHECK(field(R"({"worker_id":"w","waiting":3})") == "/waiting");
  CHECK(field(R"({"worker_id":"w","direct_dispatch":true})") == "/direct_dispatch");
  CHECK(field(R"({"worker_id":"w","queue_ids":[1],"direct_dispatch":true})") == "/direct_dispatch");
}

TEST_CASE("an answer survives encoding, with contexts passed on as they are") {
  const wire::ClaimAnswer answer{.commands = {{.lease = {.queue_id = base::CommandId{5}, .epoch = 2},
                                               .execution_id = base::ExecutionId{77},
                                               .step = "fetch \"it\"",
                                               .node_id = "fetch#1",
                                               .tool_kind = "http",
                                               .attempt = 2,
                                               .max_attempts = 3,
                                               .timeout = std::chrono::milliseconds(1500),
                                               .context = R"({"input":{"a":1},"tool":{"kind":"http"}})",
                                               .traceparent = ""},
                                              {.lease = {.queue_id = base::CommandId{6}, .epoch = 1},
                                               .execution_id = {},
                                               .step = "noop",
                                               .node_id = "",
                                               .tool_kind = "noop",
                                               .attempt = 1,
                                               .max_attempts = 1,
                                               .timeout = {},
                                               .context = "",
                                               .traceparent = ""}},
                                 .refused = {{.queue_id = base::CommandId{8},
                                              .code = base::ErrorCode::active_claim,
                                              .message = "not due",
                                              .retry_after = std::chrono::milliseconds(300)}}};

  const auto decoded = wire::decode_claim_answer(Json::parse(wire::encode(answer))).value();

  REQUIRE(decoded.commands.size() == 2);
  CHECK(decoded.commands[0].lease == answer.commands[0].lease);
  CHECK(decoded.commands[0].execution_id == base::ExecutionId{77});
  CHECK(decoded.commands[0].step == "fetch \"it\"");
  CHECK(decoded.commands[0].context == answer.commands[0].context);
  CHECK(decoded.commands[0].timeout == std::chrono::milliseconds(1500));
  CHECK_FALSE(decoded.commands[1].execution_id.is_set());
  CHECK(decoded.commands[1].context == "{}");
  REQUIRE(decoded.refused.size() == 1);
  CHECK(decoded.refused[0].code == base::ErrorCode::active_claim);
  CHECK(decoded.refused[0].retry_after == std::chrono::milliseconds(300));
}

TEST_CASE("answers of a newer server are understood as far as they go") {
  const auto decoded = wire::decode_claim_answer(
      Json::parse(R"({"commands":[],"hint":1,"refused":[{"queue_id":"3","code":"brand_new","why":"x"}]})"));
  REQUIRE(decoded.has_value());
  CHECK(decoded->refused[0].code == base::ErrorCode::internal);
}
