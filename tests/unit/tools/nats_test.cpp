// The nats tool with a real nats-server.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/nats_server.hpp"
#include "tests/support/subject.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/nats/nats_tool.hpp"

namespace noetl::tools {

namespace {

using support::subject;

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
  (void)server().request("$KV.sessions.bytes", std::string("\xFF\0x", 3));
  CHECK(result(with("kv_get", {{"key", "bytes"}}))["value"].is_null());
  CHECK(result(with("kv_get", {{"key", "bytes"}}))["value_b64"] == "/wB4");
  result(with("kv_purge", {{"key", "bytes"}}));
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
  auto questions = (*peer)->subscribe(subject("ask.me"));
  REQUIRE(questions);
  REQUIRE((*peer)->flush(5s));
  std::jthread answering([&] {
    const auto question = (*questions)->next(10s);
    if (question && *question)
      (void)(*peer)->publish(subject((*question)->reply), R"({"heard":)" + (*question)->bytes + "}");
  });

  CHECK(result({{"operation", "request"}, {"subject", "ask.me"}, {"data", {{"n", 1}}}})["data"] ==
        Json{{"heard", {{"n", 1}}}});
  CHECK(error_kind(run({{"operation", "request"}, {"subject", "ask.nobody"}})) == "not_found");
}

TEST_CASE("a request without an answer ends at its deadline or with a stop") {
  auto peer = nats::Connection::open(at(server().url()));
  REQUIRE((*peer)->wait_connected(5s));
  auto silent = (*peer)->subscribe(subject("ask.silent"));
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
  const ToolResult nowhere = run({{"operation", "js_publish"}, {"subject", "no.stream"}, {"data", "x"}});
  CHECK(error_kind(nowhere) == "not_found");
  CHECK_FALSE(nowhere.error->is_retryable);
  CHECK(nowhere.error->message.find("no.stream") != std::string::npos);
  (void)server().request("$JS.API.STREAM.CREATE.ORDERS",
                         R"({"name":"ORDERS","subjects":["orders.>"],"storage":"memory"})");

  result({{"operation", "js_publish"}, {"subject", "orders.new"}, {"data", {{"id", 1}}}, {"message_id", "1"}});
  result({{"operation", "js_publish"}, {"subject", "orders.new"}, {"data", {{"id", 1}}}, {"message_id", "1"}});

  CHECK(server().request("$JS.API.STREAM.INFO.ORDERS")["state"]["messages"] == 1);
}

TEST_CASE("credentials name another server; one that is away may be tried again") {
  NatsTool alone({.limits = open_limits(), .default_url = {}, .server_url = server().url(), .tls_ca_file = {}});
  const auto run_alone = [&](Json auth) {
    ToolCall call = call_of({{"operation", "publish"}, {"subject", "a"}, {"data", "x"}}, Json::object(), 1s);
    if (!auth.is_null()) call.tool["auth"] = std::move(auth);
    return alone.run(call);
  };

  CHECK(error_kind(run_alone(
            {{"type", "nats"}, {"nats_url", server().url()}, {"nats_user", "u"}, {"nats_password", "p@:/"}})) ==
        "none");
  CHECK(error_kind(run_alone({{"type", "nats"}, {"nats_user", "u"}, {"nats_password", "p"}})) == "none");
  // Without a credential there is no login: the worker's own is not a step's.
  CHECK(error_kind(run_alone(nullptr)) == "invalid_input");
  const ToolResult away = run_alone({{"type", "nats"}, {"nats_url", "nats://127.0.0.1:1"}});
  CHECK(away.error.has_value());
  CHECK(away.error->is_retryable);
}

TEST_CASE("a subject, an id, a bucket or a key that is none is refused, and nothing of it reaches NATS") {
  auto peer = nats::Connection::open(at(server().url()));
  REQUIRE((*peer)->wait_connected(5s));
  auto everything = (*peer)->subscribe(nats::SubjectFilter::parse("injected.>").value());
  REQUIRE((*peer)->flush(5s));
  const std::string bad[] = {"injected.a 0\r\n\r\nPUB injected.b 5\r\nowned\r\nPUB injected.c",
                             "injected.a b",
                             "injected.a\tb",
                             "injected.a\n",
                             std::string("injected.a\0b", 12),
                             "injected.\x7F",
                             "injected.",
                             ".injected",
                             "injected..a",
                             "injected.*",
                             "injected.>",
                             "injected.a*b",
                             "injected." + std::string(2000, 'a'),
                             " injected.a",
                             "$JS.API.STREAM.DELETE.ORDERS",
                             "$SYS.REQ.SERVER.PING"};
  for (const std::string& text : bad) {
    CAPTURE(text);
    for (const char* operation : {"publish", "request", "js_publish"}) {
      const ToolResult ran = run({{"operation", operation}, {"subject", text}, {"data", "x"}}, 2s);
      CHECK(error_kind(ran) == "invalid_input");
      if (ran.error) CHECK(ran.error->message.find("subject") != std::string::npos);
    }
    if (text.starts_with('$')) continue;
    for (const char* operation : {"kv_put", "kv_get", "kv_delete", "kv_purge"}) {
      CHECK(error_kind(run({{"operation", operation}, {"bucket", "good"}, {"key", text}, {"value", "x"}}, 2s)) ==
            "invalid_input");
      CHECK(error_kind(run({{"operation", operation}, {"bucket", text}, {"key", "k"}, {"value", "x"}}, 2s)) ==
            "invalid_input");
    }
    const bool is_good_id =
        text.find_first_of(std::string("\r\n\t\0\x7F", 5)) == std::string::npos && text.size() < 1024;
    if (!is_good_id)
      CHECK(error_kind(run(
                {{"operation", "js_publish"}, {"subject", "injected.id"}, {"data", "x"}, {"message_id", text}}, 2s)) ==
            "invalid_input");
  }
  result({{"operation", "publish"}, {"subject", "injected.ünïcode-ok"}, {"data", "a b\r\nPUB injected.x 0\r\n"}});

  const auto only = (*everything)->next(5s);
  REQUIRE(only);
  REQUIRE(only->has_value());
  CHECK((*only)->subject == "injected.ünïcode-ok");
  CHECK((*only)->bytes == "a b\r\nPUB injected.x 0\r\n");
  REQUIRE((*peer)->flush(5s));
  CHECK_FALSE((*everything)->next(1ms)->has_value());
}

TEST_CASE("what no operation is, is refused") {
  CHECK(error_kind(run({{"operation", "kv_dance"}})) == "invalid_input");
  CHECK(error_kind(run({{"operation", "kv_get"}, {"key", "x"}})) == "invalid_input");
  CHECK(error_kind(run({{"operation", "publish"}})) == "invalid_input");
}

}  // namespace noetl::tools
