#include "shared/wire/retry.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/wire/codecs/worker_json.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {
std::string refused_field(const char* text) {
  const auto retry = wire::decode_retry(Json::parse(text), "/retry");
  return retry ? "accepted" : retry.error().field;
}
}  // namespace

TEST_CASE("a retry is read in seconds and written as it was read") {
  const auto text = R"({"backoff":"linear","initial_delay":1.5,"multiplier":3,"max_delay":20,"jitter":false})";

  const auto retry = wire::decode_retry(Json::parse(text), "").value();

  CHECK(retry.backoff.kind == base::BackoffKind::linear);
  CHECK(retry.backoff.initial == 1500ms);
  CHECK(retry.backoff.delay_max == 20s);
  CHECK_FALSE(retry.has_jitter);
  CHECK(Json::parse(wire::encode(retry)) == Json::parse(text));
  CHECK(wire::encode(wire::retry_from_text(wire::encode(retry))) == wire::encode(retry));
}

TEST_CASE("what a retry leaves out is exponential from a second to a minute with jitter") {
  const auto retry = wire::decode_retry(Json::object(), "").value();

  CHECK(retry.backoff.kind == base::BackoffKind::exponential);
  CHECK(retry.backoff.initial == 1s);
  CHECK(retry.backoff.delay_max == 60s);
  CHECK(retry.has_jitter);
  CHECK(wire::encode(wire::retry_from_text("")) == wire::encode(retry));
  CHECK(wire::encode(wire::retry_from_text("no json")) == wire::encode(retry));
}

TEST_CASE("a first delay beyond the default cap raises the cap") {
  CHECK(wire::decode_retry(Json{{"initial_delay", 3600}}, "").value().backoff.delay_max == 3600s);
}

TEST_CASE("a cap below the first delay caps it too") {
  const auto backoff = wire::decode_retry(Json{{"initial_delay", 9}, {"max_delay", 3}}, "").value().backoff;

  CHECK(backoff.delay_max == 3s);
  CHECK(backoff.delay_after(1) == 3s);
}

TEST_CASE("a retry that is wrong names its field") {
  CHECK(refused_field(R"({"backoff":"random"})") == "/retry/backoff");
  CHECK(refused_field(R"({"initial_delay":-1})") == "/retry/initial_delay");
  CHECK(refused_field(R"({"multiplier":0.5})") == "/retry/multiplier");
  CHECK(refused_field(R"({"max_delay":1e9})") == "/retry/max_delay");
  CHECK(refused_field(R"({"jitter":"yes"})") == "/retry/jitter");
  CHECK(refused_field(R"({"delay":1})") == "/retry/delay");
}

TEST_CASE("a pool says attempts and retry; what it leaves out is the default") {
  const auto pool = wire::decode_pool(Json::parse(R"({"max_attempts":5,"retry":{"backoff":"none"}})"), "blue").value();

  CHECK(pool.max_attempts == 5);
  const auto shown = Json::parse(wire::encode(wire::PoolRow{pool}));
  CHECK(shown["retry"]["backoff"] == "none");
  CHECK(shown["is_paused"] == false);
  CHECK_FALSE(wire::decode_pool(Json::object(), "blue").value().max_attempts);
  CHECK(wire::decode_pool(Json{{"max_attempts", 0}}, "blue").error().field == "/max_attempts");
  CHECK(wire::decode_pool(Json::parse(R"({"retry":{"x":1}})"), "blue").error().field == "/retry/x");
}
