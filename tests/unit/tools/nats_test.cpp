// The nats tool with a real nats-server.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/nats_server.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/nats/nats_tool.hpp"

namespace noetl::tools {

namespace {

support::NatsServer& server() {
  static support::NatsServer shared;
  return shared;
}

nats::ConnectionSettings at(const std::string& url) {
  nats::ConnectionSettings settings;
  settings.url = url;
  return settings;
}

NatsTool& tool() {
  static NatsTool shared({.limits = open_limits(), .default_url = server().url(), .server_url = {}, .tls_ca_file = {}});
  return shared;
}

ToolResult run(Json options, std::chrono::milliseconds within = 30s) {
  return tool().run(call_of(std::move(options), Json::object(), within));
}

Json result(Json options) {
  const ToolResult ran = run(std::move(options));
  REQUIRE_MESSAGE(!ran.error, ran.error->message);
  return Json::parse(ran.result);
}

}  // namespace

TEST_CASE("values are put, got, listed, deleted and purged") {
  const Json value = {{"user", 1}, {"name", "Test User"}};
  const auto with = [](const std::string& operation, Json more = Json::object()) {
    Json options{{"operation", operation}, {"bucket", "sessions"}, {"key", "a/b.c"}};
    options.update(more);
    return options;
  };

  CHECK(error_kind(run(with("kv_get"))) == "not_found");
  CHECK(error_kind(run(with("kv_put", {{"value", 1}, {"create_bucket", false}}))) == "not_found");
  CHECK(result(with("kv_put", {{"value", value}}))["revision"] == 1);
  CHECK(result(with("kv_get"))["value"] == value);
  CHECK(result(with("kv_put", {{"value", "plain"}}))["revision"] == 2);
  CHECK(result(with("kv_get"))["value"] == "plain");
  CHECK(result(with("kv_keys"))["keys"] == Json{"a/b.c"});
  CHECK(result(with("kv_delete"))["deleted"] == true);
  CHECK(result(with("kv_get"))["found"] == false);
  CHECK(result(with("kv_get"))["value"].is_null());
  CHECK(result(with("kv_purge"))["deleted"] == true);
  CHECK(result(with("kv_keys"))["count"] == 0);
}

TEST_CASE("a value is put only over the revision that was seen") {
  const Json put{{"operation", "kv_put"}, {"bucket", "once"}, {"key", "k"}, {"value", 1}, {"revision", 0}};

  CHECK(result(put)["revision"] == 1);
  CHECK(error_kind(run(put)) == "conflict");
}

TEST_CASE("a request gets its answer, and says when nobody is there") {
  auto peer = nats::Connection::open(at(server().url()));
  REQUIRE(peer);
  REQUIRE((*peer)->wait_connected(5s));
  auto questions = (*peer)->subscribe("ask.me");
  REQUIRE(questions);
  REQUIRE((*peer)->flush(5s));
  std::jthread answering([&] {
    const auto question = (*questions)->next(10s);
    if (question && *question)
      (void)(*peer)->publish((*question)->reply, R"({"heard":)" + (*question)->bytes + "}");
  });

  CHECK(result({{"operation", "request"}, {"subject", "ask.me"}, {"data", {{"n", 1}}}})["data"] ==
        Json{{"heard", {{"n", 1}}}});
  CHECK(error_kind(run({{"operation", "request"}, {"subject", "ask.nobody"}})) == "not_found");
}

TEST_CASE("a request without an answer ends at its deadline or with a stop") {
  auto peer = nats::Connection::open(at(server().url()));
  REQUIRE((*peer)->wait_connected(5s));
  auto silent = (*peer)->subscribe("ask.silent");
  REQUIRE((*peer)->flush(5s));

  CHECK(error_kind(run({{"operation", "request"}, {"subject", "ask.silent"}}, 200ms)) == "timeout");
  std::stop_source source;
  ToolCall call = call_of({{"operation", "request"}, {"subject", "ask.silent"}});
  call.stop = source.get_token();
  std::jthread stopper([&] {
    (void)(*silent)->next(10s);  // the first one's
    (void)(*silent)->next(10s);
    source.request_stop();
  });
  CHECK(tool().run(call).outcome == domain::Outcome::cancelled);
}

TEST_CASE("messages are published, to a stream only where there is one") {
  CHECK(result({{"operation", "publish"}, {"subject", "some.where"}, {"data", "hello"}})["bytes"] == 5);
  CHECK(run({{"operation", "js_publish"}, {"subject", "no.stream"}, {"data", "x"}}).error.has_value());
  (void)server().request("$JS.API.STREAM.CREATE.ORDERS",
                         R"({"name":"ORDERS","subjects":["orders.>"],"storage":"memory"})");

  result(
      {{"operation", "js_publish"}, {"subject", "orders.new"}, {"data", {{"id", 1}}}, {"message_id", "1"}});
  result(
      {{"operation", "js_publish"}, {"subject", "orders.new"}, {"data", {{"id", 1}}}, {"message_id", "1"}});

  CHECK(server().request("$JS.API.STREAM.INFO.ORDERS")["state"]["messages"] == 1);
}

TEST_CASE("credentials name another server; one that is away may be tried again") {
  NatsTool alone({.limits = open_limits(), .default_url = {}, .server_url = server().url(), .tls_ca_file = {}});
  const auto run_alone = [&](Json auth) {
    ToolCall call = call_of({{"operation", "publish"}, {"subject", "a"}, {"data", "x"}}, Json::object(), 1s);
    if (!auth.is_null()) call.tool["auth"] = std::move(auth);
    return alone.run(call);
  };

  CHECK(
      error_kind(run_alone(
          {{"type", "nats"}, {"nats_url", server().url()}, {"nats_user", "u"}, {"nats_password", "p@:/"}})) ==
      "none");
  CHECK(error_kind(run_alone({{"type", "nats"}, {"nats_user", "u"}, {"nats_password", "p"}})) == "none");
  // Without a credential there is no login: the worker's own is not a step's.
  CHECK(error_kind(run_alone(nullptr)) == "invalid_input");
  const ToolResult away = run_alone({{"type", "nats"}, {"nats_url", "nats://127.0.0.1:1"}});
  CHECK(away.error.has_value());
  CHECK(away.error->is_retryable);
}

TEST_CASE("what no operation is, is refused") {
  CHECK(error_kind(run({{"operation", "kv_dance"}})) == "invalid_input");
  CHECK(error_kind(run({{"operation", "kv_get"}, {"key", "x"}})) == "invalid_input");
  CHECK(error_kind(run({{"operation", "publish"}})) == "invalid_input");
}

}  // namespace noetl::tools
