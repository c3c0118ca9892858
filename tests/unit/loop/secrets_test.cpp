// Secrets on the worker's side: what is asked of the server, what is kept, what templates become, what never leaves.
#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "worker/loop/runs/run_command.hpp"
#include "worker/loop/secrets/credential_client.hpp"
#include "worker/loop/secrets/resolve_secrets.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using domain::Outcome;
using Json = nlohmann::json;

namespace {

// A server of three routes: answers by path, and says what was asked.
struct FakeServer {
  std::map<std::string, std::string> answers;
  std::vector<std::string> asked;
  int failures_first = 0;

  base::Result<std::string> get(const std::string& path) {
    asked.push_back(path);
    if (failures_first > 0) {
      --failures_first;
      return base::failure(base::ErrorCode::unavailable, "away");
    }
    const auto found = answers.find(path.substr(0, path.find('?')));
    if (found == answers.end()) return base::failure(base::ErrorCode::not_found, "there is nothing at " + path);
    return found->second;
  }
};

struct Fixture {
  FakeServer server;
  base::ManualClock clock;
  loop::CredentialClient client{[this](const std::string& path) { return server.get(path); }, clock};
  loop::SecretAsker asker{.worker_id = "w", .execution_id = {77}};

  Fixture() {
    server.answers["/api/credentials/pg"] =
        R"({"name":"pg","type":"postgres","data":{"db_user":"somebody","db_password":"correct horse"}})";
    server.answers["/api/v2/executions/77/keychain/api"] =
        R"({"status":"success","name":"api","kind":"oauth2","ttl_seconds":10,"policies":[],"token_data":{"token":"tok-12345678","token_type":"Bearer"}})";
    server.answers["/api/v2/results/5"] = R"({"rows":[1,2]})";
  }
};

// A tool of a test: what it is given and what it gives.
class ScriptedTool final : public tools::Tool {
 public:
  [[nodiscard]] std::string_view kind() const override { return "scripted"; }
  [[nodiscard]] tools::ToolResult run(const tools::ToolCall& call) override { return act(call); }
  std::function<tools::ToolResult(const tools::ToolCall&)> act;
};

domain::ClaimedCommand command_of(const Json& context) {
  domain::ClaimedCommand command;
  command.lease = {.queue_id = {1}, .epoch = 1};
  command.execution_id = {77};
  command.step = "s";
  command.tool_kind = "scripted";
  command.attempt = 1;
  command.context = context.dump();
  return command;
}

}  // namespace

TEST_CASE("a credential is read once, and again when its time is over") {
  Fixture fixture;

  CHECK(fixture.client.credential("pg", fixture.asker)->type == "postgres");
  CHECK(fixture.client.credential("pg", fixture.asker)->data["db_password"] == "correct horse");
  CHECK(fixture.server.asked ==
        std::vector<std::string>{"/api/credentials/pg?include_data=true&worker_id=w&execution_id=77"});
  fixture.clock.advance(31s);
  CHECK(fixture.client.credential("pg", fixture.asker));
  CHECK(fixture.server.asked.size() == 2);
}

TEST_CASE("a token is kept for half of what is left of it") {
  Fixture fixture;

  CHECK(fixture.client.keychain_entry("api", fixture.asker)->data["token"] == "tok-12345678");
  fixture.clock.advance(4s);
  CHECK(fixture.client.keychain_entry("api", fixture.asker));
  CHECK(fixture.server.asked.size() == 1);
  fixture.clock.advance(2s);
  CHECK(fixture.client.keychain_entry("api", fixture.asker));
  CHECK(fixture.server.asked.size() == 2);
}

TEST_CASE("a name that is no credential may be an entry of the keychain; failures that pass are repeated") {
  Fixture fixture;

  CHECK(fixture.client.credential("api", fixture.asker)->data["token"] == "tok-12345678");
  const auto unknown = fixture.client.credential("nobody", fixture.asker);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("/api/credentials/nobody") != std::string::npos);
  CHECK(fixture.client.credential("../x", fixture.asker).error().code == base::ErrorCode::invalid_input);
  fixture.server.failures_first = 2;
  CHECK(fixture.client.credential("pg", fixture.asker));
}

TEST_CASE("results come by reference or by id") {
  Fixture fixture;

  CHECK(fixture.client.result("noetl://result/5", fixture.asker).value()["rows"].size() == 2);
  CHECK(fixture.client.result("5", fixture.asker).value()["rows"].size() == 2);
  CHECK(fixture.client.result("6", fixture.asker).error().code == base::ErrorCode::not_found);
  CHECK(fixture.client.result("noetl://other/5", fixture.asker).error().code == base::ErrorCode::invalid_input);
}

TEST_CASE("deferred templates become text wherever they stand; all else stays as it is") {
  Fixture fixture;
  loop::CommandSecrets secrets(&fixture.client, fixture.asker);
  auto value = Json::parse(
      R"({"headers":{"Authorization":{"$template":"{{ scheme }} {{ keychain.api.token }}","$names":{"scheme":"Bearer"}},"X":"{{ kept }}"},
    "list":[{"$template":"{{ keychain['api']['token'] }}"},3],"own":{"$template":"x","other":1}})");

  loop::Resolved resolved;
  REQUIRE(loop::resolve_secrets(value, "python", secrets, resolved));

  CHECK(
      value ==
      Json::parse(
          R"({"headers":{"Authorization":"Bearer tok-12345678","X":"{{ kept }}"},"list":["tok-12345678",3],"own":{"$template":"x","other":1}})"));
  CHECK(fixture.server.asked.size() == 1);
}

TEST_CASE("only what a command lists is a template; without a list, of an older server, whatever looks like one") {
  Fixture fixture;
  loop::CommandSecrets secrets(&fixture.client, fixture.asker);
  loop::Resolved resolved;
  const Json deferred{{"$template", "{{ keychain.api.token }}"}};
  const Json data{{"$template", "{{ 7*7 }}"}, {"$names", Json::object()}};
  const Json both{{"token", deferred}, {"data", data}};
  Json listed{{"tool", both}, {"input", {{"x", data}}}, {"templates", {"/tool/token"}}};
  Json none = {{"tool", {{"token", deferred}}}, {"input", Json::object()}, {"templates", Json::array()}};
  Json older{{"tool", {{"token", deferred}}}, {"input", Json::object()}};

  REQUIRE(loop::resolve_command(listed, "http", secrets, resolved));
  REQUIRE(loop::resolve_command(none, "http", secrets, resolved));
  REQUIRE(loop::resolve_command(older, "http", secrets, resolved));

  CHECK(listed == Json{{"tool", {{"token", "tok-12345678"}, {"data", data}}}, {"input", {{"x", data}}}});
  CHECK(none["tool"]["token"] == deferred);
  CHECK(older["tool"]["token"] == "tok-12345678");
  Json wrong{{"tool", {{"token", "text"}}}, {"templates", {"/tool/token"}}};
  CHECK(loop::resolve_command(wrong, "http", secrets, resolved).error().message.find("/tool/token") !=
        std::string::npos);
}

TEST_CASE("a plain command has no templates, whatever it brings") {
  Fixture fixture;
  ScriptedTool tool;
  Json seen;
  tool.act = [&](const tools::ToolCall& call) {
    seen = call.input;
    return tools::ToolResult{};
  };
  auto command =
      command_of({{"tool", {{"kind", "scripted"}}}, {"input", {{"a", {{"$template", "{{ keychain.api.token }}"}}}}}});
  command.execution_id = {};

  const auto report =
      loop::run_command(command, &tool, {}, {.worker_id = "w", .limits = {}, .secrets = &fixture.client});

  CHECK(seen == Json{{"a", {{"$template", "{{ keychain.api.token }}"}}}});
  CHECK(fixture.server.asked.empty());
}

TEST_CASE("templates that name what is not there are refused by the names alone") {
  Fixture fixture;
  loop::CommandSecrets secrets(&fixture.client, fixture.asker);
  const auto error_of = [&](const std::string& source) {
    Json value{{"$template", source}};
    loop::Resolved resolved;
    const auto done = loop::resolve_secrets(value, "python", secrets, resolved);
    REQUIRE_FALSE(done);
    return done.error();
  };

  const auto field = error_of("{{ keychain.api.tokken }}");
  CHECK(field.message.find("'tokken'") != std::string::npos);
  CHECK(field.message.find("token, token_type") != std::string::npos);
  CHECK(field.message.find("tok-12345678") == std::string::npos);
  CHECK(error_of("{{ keychain.nobody.token }}").code == base::ErrorCode::not_found);
  CHECK(error_of("{{ keychain[name].token }}").code == base::ErrorCode::invalid_input);
  Json optional{{"$template", "{{ keychain.api.tokken | default('nothing') }}"}};
  loop::Resolved resolved;
  REQUIRE(loop::resolve_secrets(optional, "python", secrets, resolved));
  CHECK(optional == "nothing");
}

TEST_CASE("a tool sees the secret, its report does not: not in output, error, or result") {
  Fixture fixture;
  ScriptedTool tool;
  Json seen;
  tool.act = [&](const tools::ToolCall& call) {
    seen = call.tool;
    const auto pg = call.credentials->find("pg");
    tools::ToolResult result;
    result.outcome = Outcome::failed;
    result.output = "sending tok-12345678 to somebody with correct horse";
    result.result = Json{{"echo", "Bearer tok-12345678"}, {"user", "somebody"}}.dump();
    result.error = domain::ToolError{.kind = "auth",
                                     .message = "refused tok-12345678",
                                     .is_retryable = false,
                                     .status = 401,
                                     .retry_after = {},
                                     .traceback = "password=correct horse"};
    return result;
  };
  const auto command =
      command_of({{"tool", {{"kind", "scripted"}, {"token", {{"$template", "{{ keychain.api.token }}"}}}}},
                  {"input", Json::object()}});

  const auto report =
      loop::run_command(command, &tool, {}, {.worker_id = "w", .limits = {}, .secrets = &fixture.client});

  CHECK(seen["token"] == "tok-12345678");
  CHECK(report.outcome == Outcome::failed);
  CHECK(report.output == "sending *** to somebody with ***");
  CHECK(report.error->message == "refused ***");
  CHECK(report.error->traceback == "password=***");
  CHECK(Json::parse(report.result) == Json{{"echo", "Bearer ***"}, {"user", "somebody"}});
}

TEST_CASE("the result of a failed attempt is reported when it can be stored, and left out when not") {
  ScriptedTool tool;
  std::string given;
  tool.act = [&](const tools::ToolCall&) {
    tools::ToolResult result;
    result.outcome = Outcome::failed;
    result.result = given;
    result.error = domain::ToolError{.kind = "client_error",
                                     .message = "404",
                                     .is_retryable = false,
                                     .status = 404,
                                     .retry_after = {},
                                     .traceback = {}};
    return result;
  };
  const auto run = [&](const std::string& result) {
    given = result;
    return loop::run_command(
        command_of({{"tool", Json::object()}}), &tool, {},
        {.worker_id = "w", .limits = {.result_bytes_max = 100, .reach = nullptr}, .secrets = nullptr});
  };

  CHECK(run(R"({"status_code":404})").result == R"({"status_code":404})");
  CHECK(run("{not json").result == "null");
  CHECK(run('"' + std::string(200, 'x') + '"').result == "null");
  CHECK(run("{not json").error->message == "404");
}

TEST_CASE("a result that looks like a deferred template is defused, or the next step would render it") {
  ScriptedTool tool;
  tool.act = [](const tools::ToolCall&) {
    tools::ToolResult result;
    result.result = R"({"body":{"$template":"{{ keychain.api.token }}"}})";
    return result;
  };

  const auto report = loop::run_command(command_of({{"tool", Json::object()}}), &tool, {},
                                        {.worker_id = "w", .limits = {}, .secrets = nullptr});

  CHECK(report.result == R"({"body":{"$template_":"{{ keychain.api.token }}"}})");
}

TEST_CASE("what a tool throws is masked, too") {
  Fixture fixture;
  ScriptedTool tool;
  tool.act = [](const tools::ToolCall& call) -> tools::ToolResult {
    throw std::runtime_error("cannot use " + call.credentials->find("pg")->data["db_password"].get<std::string>());
  };

  const auto report = loop::run_command(command_of({{"tool", Json::object()}}), &tool, {},
                                        {.worker_id = "w", .limits = {}, .secrets = &fixture.client});

  CHECK(report.error->message == "tool 'scripted' threw: cannot use ***");
}

TEST_CASE("of a secret of several lines each is masked, for they may be told apart from one another") {
  Fixture fixture;
  fixture.server.answers["/api/credentials/key"] =
      R"({"name":"key","type":"x","data":{"private_key":"-- begin --\nfirst half\nsecond half\nend\n"}})";
  loop::CommandSecrets secrets(&fixture.client, fixture.asker);
  REQUIRE(secrets.find("key").has_value());

  CHECK(secrets.masked_lines("a second half of it\n") == "a *** of it\n");
  CHECK(secrets.masked_lines("the end\n") == "the end\n");  // a word
}

TEST_CASE("what a cut has left of a secret is masked, too") {
  Fixture fixture;
  fixture.server.answers["/api/credentials/key"] =
      R"({"name":"key","type":"x","data":{"private_key":"-- begin --\nfirst half\nsecond half\nend\n"}})";
  const std::string cut = "\n[output cut: 999 bytes in all, the first 9 kept]\n";
  ScriptedTool tool;
  tool.act = [&](const tools::ToolCall& call) {
    CHECK(call.credentials->find("pg"));
    CHECK(call.credentials->find("key"));
    tools::ToolResult result;
    result.output = "uses correct hor" + cut + "correct horse" + cut + "cor" + cut + "secon" + cut;
    result.outcome = Outcome::failed;
    result.error = domain::ToolError{.kind = "x",
                                     .message = "key: second half\nand corre" + cut,
                                     .is_retryable = false,
                                     .status = {},
                                     .retry_after = {},
                                     .traceback = "-- begin --\nfirst ha" + cut};
    result.result = R"({"stdout":"Bearer tok-1234\n[output cut: 9 bytes"})";
    return result;
  };

  const auto report = loop::run_command(command_of({{"tool", {{"x", {{"$template", "{{ keychain.api.token }}"}}}}}}),
                                        &tool, {}, {.worker_id = "w", .limits = {}, .secrets = &fixture.client});

  CHECK(report.output == "uses ***" + cut + "***" + cut + "cor" + cut + "***" + cut);
  CHECK(report.error->message == "key: ***\nand ***" + cut);
  CHECK(report.error->traceback == "***" + cut);
  CHECK(report.result == R"({"stdout":"Bearer ***\n[output cut: 9 bytes"})");
}

TEST_CASE("a server that is away is not waited for after a stop, nor beyond the command's deadline") {
  Fixture fixture;
  fixture.server.failures_first = 100;
  std::stop_source source;
  loop::CredentialClient client(
      [&](const std::string& path) {
        if (fixture.server.asked.size() == 1) source.request_stop();
        return fixture.server.get(path);
      },
      fixture.clock);
  auto asker = fixture.asker;
  asker.stop = source.get_token();

  CHECK(client.credential("pg", asker).error().code == base::ErrorCode::cancelled);
  CHECK(fixture.server.asked.size() == 2);
  CHECK(client.result("5", asker).error().code == base::ErrorCode::cancelled);
  CHECK(fixture.server.asked.size() == 2);
  asker.stop = {};
  asker.deadline = std::chrono::steady_clock::now() + 50ms;
  CHECK(client.credential("pg", asker).error().code == base::ErrorCode::unavailable);
  CHECK(fixture.server.asked.size() == 3);
}

TEST_CASE("what a command keeps is sent with its lease, and again while the server is away") {
  Fixture fixture;
  std::vector<std::string> sent;
  int failures = 1;
  loop::CredentialClient client([](const std::string&) { return std::string(); }, fixture.clock,
                                [&](const std::string& path, const std::string& body) -> base::Result<std::string> {
                                  if (failures-- > 0) return base::failure(base::ErrorCode::unavailable, "away");
                                  sent.push_back(path + " " + body);
                                  return std::string(R"({"id":"9","ref":"noetl://result/9"})");
                                });
  loop::CommandSecrets secrets(&client,
                               {.worker_id = "w", .execution_id = {77}, .lease = {.queue_id = {5}, .epoch = 2}});

  CHECK(secrets.keep(R"({"a":1})").value() == "noetl://result/9");
  CHECK(loop::CommandSecrets(&client, {.worker_id = "w", .execution_id = {}}).keep("1").error().code ==
        base::ErrorCode::unsupported);

  REQUIRE(sent.size() == 1);
  CHECK(sent[0] == R"(/api/v2/results {"worker_id":"w","queue_id":"5","epoch":2,"value":{"a":1}})");
  CHECK(loop::CommandSecrets(nullptr, {}).keep("1").error().code == base::ErrorCode::unavailable);
  CHECK(loop::CommandSecrets(&fixture.client, {}).keep("1").error().code == base::ErrorCode::unavailable);
}

TEST_CASE("what the server cannot give fails the attempt with a kind that says whether to try again") {
  Fixture fixture;
  ScriptedTool tool;
  tool.act = [](const tools::ToolCall&) -> tools::ToolResult { throw std::logic_error("must not run"); };
  const auto run = [&](const std::string& source, loop::CredentialClient* client) {
    return loop::run_command(command_of({{"tool", {{"x", {{"$template", source}}}}}}), &tool, {},
                             {.worker_id = "w", .limits = {}, .secrets = client});
  };

  CHECK(run("{{ keychain.nobody.x }}", &fixture.client).error->kind == "not_found");
  CHECK_FALSE(run("{{ keychain.nobody.x }}", &fixture.client).error->is_retryable);
  const auto alone = run("{{ keychain.api.token }}", nullptr);
  CHECK(alone.error->kind == "connection");
  CHECK(alone.error->is_retryable);
}

TEST_CASE("fields that hold secrets are known by their names") {
  for (const char* name :
       {"password", "db_password", "client_secret", "access_token", "api_key", "value", "Authorization"})
    CHECK(secrets::is_secret_field(name));
  for (const char* name : {"token_type", "token_url", "db_user", "db_host", "scope", "key_id"})
    CHECK_FALSE(secrets::is_secret_field(name));
}
