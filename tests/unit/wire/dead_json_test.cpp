#include "shared/wire/codecs/dead_json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace noetl;
using Json = nlohmann::json;

namespace {
std::string refused_field(const char* text) {
  const auto request = wire::decode_redrive_request(Json::parse(text));
  return request ? "accepted" : request.error().field;
}
}  // namespace

TEST_CASE("a redrive names ids, as texts or numbers") {
  const auto request =
      wire::decode_redrive_request(
          Json::parse(
              R"({"queue_ids":["7",8],"dry_run":true,"edit":{"input":{"a":null},"tool":{"kind":"noop"}},"max_attempts":5,"rate_per_second":2.5})"))
          .value();

  CHECK(request.queue_ids == std::vector<base::CommandId>{{7}, {8}});
  CHECK_FALSE(request.filter);
  CHECK(request.is_dry_run);
  CHECK(request.input_patch == R"({"a":null})");
  CHECK(request.tool_patch == R"({"kind":"noop"})");
  CHECK(request.max_attempts == 5);
  CHECK(request.rate_per_second == 2.5);
}

TEST_CASE("a redrive takes a filter, and an empty one takes everything that is open") {
  const auto request =
      wire::decode_redrive_request(
          Json::parse(
              R"({"filter":{"fingerprint":"ab","pool":"p","tool_kind":"t","error_kind":"e","after":"3","before":9},"limit":5})"))
          .value();

  CHECK(request.filter->fingerprint == "ab");
  CHECK(request.filter->after.value == 3);
  CHECK(request.filter->before.value == 9);
  CHECK(request.filter->state == "open");
  CHECK(request.limit == 5);
  CHECK(wire::decode_redrive_request(Json::parse(R"({"filter":{}})")).value().filter->takes_everything());
}

TEST_CASE("a redrive that is wrong names its field") {
  CHECK(refused_field("{}") == "/queue_ids");
  CHECK(refused_field(R"({"queue_ids":["7"],"filter":{}})") == "/queue_ids");
  CHECK(refused_field(R"({"queue_ids":[]})") == "/queue_ids");
  CHECK(refused_field(R"({"queue_ids":["x"]})") == "/queue_ids");
  CHECK(refused_field(R"({"queue_ids":[-1]})") == "/queue_ids");
  CHECK(refused_field(R"({"filter":{"state":"all"}})") == "/filter/state");
  CHECK(refused_field(R"({"filter":{},"edit":{"input":5}})") == "/edit/input");
  CHECK(refused_field(R"({"filter":{},"edit":{"output":{}}})") == "/edit/output");
  CHECK(refused_field(R"({"filter":{},"rate_per_second":0})") == "/rate_per_second");
  CHECK(refused_field(R"({"filter":{},"limit":10001})") == "/limit");
}

TEST_CASE("answers are JSON with ids as texts") {
  wire::RedriveAnswer answer;
  answer.redriven = {{{7}, {70}, 0}, {{8}, {80}, 500}};
  answer.refused = {{{9}, "conflict", "redriven before"}};
  const auto json = Json::parse(wire::encode(answer));

  CHECK(json["count"] == 2);
  CHECK(json["commands"][1] == Json{{"queue_id", "8"}, {"redriven_as", "80"}, {"delay_ms", 500}});
  CHECK(json["refused"][0]["code"] == "conflict");
  CHECK(json["sample"].is_null());
  wire::DeadLetter letter;
  letter.queue_id = {7};
  CHECK(Json::parse(wire::encode(std::vector{letter}, 1))["next_before"] == "7");
  CHECK(Json::parse(wire::encode(std::vector{letter}, 2))["next_before"].is_null());
}
