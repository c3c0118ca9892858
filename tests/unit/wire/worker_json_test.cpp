#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/wire/codecs/worker_json.hpp"

using namespace noetl;
using Json = nlohmann::json;

TEST_CASE("a registration and its answer survive encoding") {
  const wire::WorkerRegistration registration{.worker_id = "host-1",
                                              .pool = "gpu",
                                              .hostname = "host",
                                              .pid = 77,
                                              .slots = 16,
                                              .version = "0.1.0",
                                              .tools = {"http", "noop"},
                                              .labels = R"({"zone":"a"})"};
  const auto decoded = wire::decode_worker_registration(Json::parse(wire::encode(registration))).value();
  CHECK(decoded.worker_id == "host-1");
  CHECK(decoded.pool == "gpu");
  CHECK(decoded.slots == 16);
  CHECK(decoded.tools == registration.tools);
  CHECK(decoded.labels == registration.labels);

  const wire::RegistrationAnswer answer{.worker_id = "host-1",
                                        .heartbeat_interval = std::chrono::milliseconds(500),
                                        .lease = std::chrono::milliseconds(2500),
                                        .ack_wait = std::chrono::milliseconds(20'000),
                                        .nats_stream = "S",
                                        .nats_subject = "s",
                                        .nats_consumer = "c",
                                        .nats_lanes = 3,
                                        .dispatches_directly = true,
                                        .confirms_claims = true};
  const auto rules = wire::decode_registration_answer(Json::parse(wire::encode(answer))).value();
  CHECK(rules.lease == answer.lease);
  CHECK(rules.heartbeat_interval == answer.heartbeat_interval);
  CHECK(rules.ack_wait == answer.ack_wait);
  CHECK(rules.nats_consumer == "c");
  CHECK(rules.nats_lanes == 3);
  CHECK(rules.dispatches_directly);
  CHECK(rules.confirms_claims);
  const auto older = wire::decode_registration_answer(Json::object()).value();
  CHECK(older.nats_lanes == 1);
  CHECK_FALSE(older.dispatches_directly);
  CHECK_FALSE(older.confirms_claims);
  CHECK(older.ack_wait.count() == 0);
}

TEST_CASE("a heartbeat and its answer survive encoding") {
  const wire::Heartbeat heartbeat{
      .worker_id = "w",
      .held = {{.queue_id = base::CommandId{1}, .epoch = 2}, {.queue_id = base::CommandId{3}, .epoch = 1}},
      .confirmed_claim_ids = {{7}, {8}},
      .has_claim_in_flight = true,
      .running = 2,
      .status = "draining"};
  const auto decoded = wire::decode_heartbeat(Json::parse(wire::encode(heartbeat))).value();
  CHECK(decoded.held == heartbeat.held);
  CHECK(decoded.confirmed_claim_ids == heartbeat.confirmed_claim_ids);
  CHECK(decoded.has_claim_in_flight);
  CHECK(decoded.status == "draining");

  wire::HeartbeatAnswer answer;
  answer.is_known = false;
  answer.lost = {base::CommandId{1}};
  answer.cancelled = {base::CommandId{3}};
  answer.should_drain = true;
  const auto told = wire::decode_heartbeat_answer(Json::parse(wire::encode(answer))).value();
  CHECK_FALSE(told.is_known);
  CHECK(told.lost == answer.lost);
  CHECK(told.cancelled == answer.cancelled);
  CHECK(told.should_drain);
  CHECK_FALSE(told.is_paused);
}

TEST_CASE("registrations and heartbeats that make no sense are refused with the field") {
  CHECK(wire::decode_worker_registration(Json::parse(R"({"worker_id":"a/b"})")).error().field == "/worker_id");
  CHECK(wire::decode_worker_registration(Json::parse(R"({"worker_id":"a","slots":0})")).error().field == "/slots");
  CHECK(wire::decode_worker_registration(Json::parse(R"({"worker_id":"a","labels":[]})")).error().field == "/labels");
  CHECK(wire::decode_worker_registration(Json::parse(R"({"worker_id":"a","tools":["x",7]})")).error().field ==
        "/tools/1");
  CHECK(wire::decode_heartbeat(Json::parse(R"({"held":[{"queue_id":1,"epoch":0}]})")).error().field == "/held/0/epoch");
  CHECK(wire::decode_heartbeat(Json::parse(R"({"held":[1]})")).error().field == "/held/0");
  CHECK(wire::decode_heartbeat(Json::parse(R"({"status":"dancing"})")).error().field == "/status");
}

TEST_CASE(
    "claims that a worker confirms: an older server does not see the field, and more than 4096 are "
    "refused") {
  wire::Heartbeat heartbeat{.worker_id = "w", .held = {}};
  CHECK_FALSE(Json::parse(wire::encode(heartbeat)).contains("confirmed_claim_ids"));
  for (std::size_t i = 0; i <= wire::confirmed_claims_max; ++i)
    heartbeat.confirmed_claim_ids.push_back({static_cast<std::int64_t>(i) + 1});
  const auto refused = wire::decode_heartbeat(Json::parse(wire::encode(heartbeat)));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().field == "/confirmed_claim_ids");
  heartbeat.confirmed_claim_ids.pop_back();
  CHECK(wire::decode_heartbeat(Json::parse(wire::encode(heartbeat)))->confirmed_claim_ids.size() ==
        wire::confirmed_claims_max);
}
