// Bodies that are kept apart while they come.
#include "http_site.hpp"
#include "shared/base/text/base64.hpp"
#include "worker/tools/results.hpp"

using namespace noetl::tools;

namespace {

struct Keeper final : ResultSource {
  noetl::base::Result<Json> fetch(const std::string&) override {
    return noetl::base::failure(noetl::base::ErrorCode::not_found, "nothing is fetched here");
  }
  noetl::base::Result<std::string> keep(std::string json) override {
    if (kept.size() >= room) return noetl::base::failure(noetl::base::ErrorCode::lease_lost, "somebody else has it");
    largest = std::max(largest, json.size());
    kept.push_back(std::move(json));
    return "noetl://result/" + std::to_string(kept.size());
  }
  // The body that the last reference names.
  [[nodiscard]] std::string body() const {
    std::string whole;
    const Json streamed = Json::parse(kept.back()).at("streamed");
    for (std::size_t i = 0; i < streamed.at("parts").size(); ++i) {
      CHECK(streamed.at("parts")[i] == "noetl://result/" + std::to_string(i + 1));
      whole += *noetl::base::base64_decoded(Json::parse(kept[i]).at("base64").get<std::string>());
    }
    CHECK(whole.size() == streamed.at("size"));
    return whole;
  }
  std::size_t room = 1000;
  std::size_t largest = 0;
  std::vector<std::string> kept;
};

ToolCall streaming(const std::string& path, Json stream, Keeper& keeper) {
  ToolCall call = http(path, {{"stream", std::move(stream)}});
  call.results = &keeper;
  return call;
}

}  // namespace

TEST_CASE("a body beyond the bound is kept in parts, and the result has its reference, size and type") {
  Keeper keeper;
  const Json answer = answer_of(streaming("/huge", true, keeper));

  CHECK(answer["status_code"] == 200);
  CHECK(answer["data"] == Json{{"_ref", "noetl://result/6"}, {"size", 5'000'000}, {"content_type", "text/plain"}});
  CHECK(answer["body"] == answer["data"]);
  CHECK(keeper.body() == std::string(5'000'000, 'x'));
  CHECK(keeper.largest < 2'000'000);
}

TEST_CASE("with a number of bytes only what is larger is kept apart") {
  Keeper keeper;
  CHECK(answer_of(streaming("/text", 100, keeper))["data"] == "plain text");
  CHECK(keeper.kept.empty());
  CHECK(answer_of(streaming("/bytes", 3, keeper))["data"]["size"] == 12);
  CHECK(keeper.body() == "plain \xFF text");
  CHECK(answer_of(streaming("/huge", 100'000'000, keeper))["data"]["size"] == 5'000'000);
}

TEST_CASE("a failure's body is not kept apart but in the result, and redirects are followed") {
  Keeper keeper;
  const ToolResult refused = tool().run(streaming("/status/503", true, keeper));
  CHECK(error_kind(refused) == "server_error");
  CHECK(Json::parse(refused.result)["data"]["why"] == "asked for");
  CHECK(keeper.kept.empty());
  CHECK(answer_of(streaming("/redirect", true, keeper))["data"].contains("_ref"));
}

TEST_CASE("what cannot be kept ends the request with its reason") {
  Keeper keeper;
  keeper.room = 2;
  const ToolResult result = tool().run(streaming("/huge", true, keeper));
  CHECK(result.outcome == noetl::domain::Outcome::failed);
  CHECK(result.error->message.find("its body could not be kept: somebody else has it") != std::string::npos);

  ToolCall alone = http("/huge", {{"stream", true}});
  CHECK(error_kind(tool().run(alone)) == "unsupported");
  CHECK(error_kind(tool().run(http("/text", {{"stream", "sometimes"}}))) == "invalid_input");
  CHECK(error_kind(tool().run(http("/text", {{"stream", -1}}))) == "invalid_input");
}
