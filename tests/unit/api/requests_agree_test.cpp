// What the document says of a body and what the server takes are the same, on bodies made from the document itself.
#include <doctest/doctest.h>

#include <set>

#include "server/api/routes/endpoints.hpp"
#include "server/api/routes/schemas.hpp"
#include "shared/schema/checker.hpp"
#include "shared/wire/codecs/credential_json.hpp"
#include "tests/unit/api/random_bodies.hpp"
#include "tests/unit/api/running_api.hpp"

using namespace noetl;
using namespace noetl::api_test;

namespace {

constexpr int bodies_of_each = 300;
constexpr unsigned seed = 7;

// Refused for what it means, as no schema can say: base64 of what is no text.
bool is_refusal_of_meaning(const Answer& answer) {
  return answer.code() == "malformed_body" && answer.body.value("field", "") == "/content";
}

std::string filled_path(std::string_view path) {
  std::string text(path);
  for (auto begin = text.find('{'); begin != std::string::npos; begin = text.find('{'))
    text.replace(begin, text.find('}') - begin + 1, "7");
  return text;
}

// Their handlers go on to the vault, which this test has not.
bool has_door(const api::Endpoint& endpoint) { return endpoint.tag != "secrets"; }

template <class Decode>
void compare_decoder(const schema::Checker& checker, const char* name, Decode decode) {
  RandomBodies bodies(checker.schemas(), seed);
  for (int i = 0; i < bodies_of_each; ++i) {
    const Json body = bodies.make(checker.schemas()[name], i % 3 == 0 ? 0 : 4);
    const auto by_document = checker.check(name, body);
    const bool is_taken = !checker.check(name, body, {.fields_together = false}) && decode(body);
    CAPTURE(name);
    CAPTURE(body.dump());
    CAPTURE((by_document ? by_document->message : "good"));
    CHECK(is_taken == !by_document.has_value());
  }
}

}  // namespace

TEST_CASE("a route takes a body when the document does, and only then") {
  reset_fake_app();
  const RunningApi server;
  const schema::Checker checker(api::published_schemas());
  auto client = server.client();
  client.set_tcp_nodelay(true);

  for (const auto& endpoint : api::endpoints()) {
    if (endpoint.request_schema.empty() || !has_door(endpoint)) continue;
    RandomBodies bodies(checker.schemas(), seed);
    int taken = 0;
    for (int i = 0; i < bodies_of_each; ++i) {
      Json body = bodies.make(checker.schemas()[std::string(endpoint.request_schema)], i % 3 == 0 ? 0 : 4);
      if (body.is_object() && body.contains("wait")) body["wait"] = nullptr;  // that the test does not wait
      const auto wrong = checker.check(endpoint.request_schema, body);
      httplib::Request request;
      request.method = endpoint.method;
      request.path = filled_path(endpoint.path);
      request.body = body.dump();
      request.headers = {{"Content-Type", "application/json"}};
      const auto result = client.send(request);
      REQUIRE(result);
      const Answer answer{.status = result->status, .body = Json::parse(result->body, nullptr, false), .headers = {}};
      if (is_refusal_of_meaning(answer)) continue;
      const bool is_taken = answer.status != 400 && answer.status != 422;
      taken += is_taken ? 1 : 0;
      INFO(endpoint.method, " ", endpoint.path, " ", request.body.substr(0, 600));
      INFO("the document: ", wrong ? wrong->message : "good", "; the server: ", result->body.substr(0, 300));
      CHECK(is_taken == !wrong.has_value());
      CHECK(answer.status != 500);
    }
    INFO(endpoint.path);
    CHECK(taken >= bodies_of_each / 10);  // or the bodies show nothing
  }
}

TEST_CASE("the decoders of secrets take what the document takes") {
  const schema::Checker checker(api::published_schemas());

  compare_decoder(checker, "CredentialRequest",
                  [](const Json& body) { return wire::decode_credential_request(body).has_value(); });
  compare_decoder(checker, "PolicyRequest",
                  [](const Json& body) { return wire::decode_policy_request(body).has_value(); });
  compare_decoder(checker, "KeychainRequest", [](const Json& body) {
    return wire::decode_keychain_request(body, base::CatalogId{7}, "name").has_value();
  });
}
