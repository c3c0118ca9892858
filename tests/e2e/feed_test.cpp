// Events out of a running product: what a playbook does is in the stream, whoever dies meanwhile, and nothing is unless it was asked for.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace noetl::e2e;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::map<std::string, std::string> publishing{{"NOETL_PUBLISH_EVENTS", "on"}};

json stream_of(Stack& stack) { return stack.nats().request("$JS.API.STREAM.INFO.NOETL_EVENTS"); }

std::uint64_t messages(Stack& stack) {
  const auto found = stream_of(stack);
  return found.contains("state") ? found.at("state").at("messages").get<std::uint64_t>() : 0;
}

std::string base64_decoded(const std::string& text) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto at = alphabet.find(c);
    if (at == std::string::npos) break;
    bits = (bits << 6U) | static_cast<unsigned>(at);
    count += 6;
    if (count >= 8) bytes += static_cast<char>((bits >> static_cast<unsigned>(count -= 8)) & 0xFFU);
  }
  return bytes;
}

struct Seen {
  std::string subject, headers;
  json body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = headers.find("\r\n" + name + ": ") + name.size() + 4;
    return headers.substr(at, headers.find("\r\n", at) - at);
  }
};

std::vector<Seen> all(Stack& stack) {
  std::vector<Seen> seen;
  for (std::uint64_t sequence = 1; sequence <= messages(stack); ++sequence) {
    const auto message =
        stack.nats().request("$JS.API.STREAM.MSG.GET.NOETL_EVENTS", json{{"seq", sequence}}.dump()).at("message");
    seen.push_back({.subject = message.at("subject"),
                    .headers = base64_decoded(message.at("hdrs")),
                    .body = json::parse(base64_decoded(message.at("data")))});
  }
  return seen;
}

std::int64_t stored(Stack& stack) {
  return stack.sql_number("select count(*) from noetl.event where execution_id is not null");
}

void wait_for_all(Stack& stack) {
  wait_until("every event in the stream", 30s,
             [&] { return stored(stack) > 0 && messages(stack) == static_cast<std::uint64_t>(stored(stack)); });
}

// Every stored event, once.
void check_each_once(Stack& stack) {
  std::vector<std::string> ids;
  for (const auto& seen : all(stack)) ids.push_back(seen.body.at("event_id"));
  std::vector<std::string> rows;
  for (const auto& row : stack.sql("select event_id from noetl.event where execution_id is not null"))
    rows.push_back(row.at(0));
  std::ranges::sort(ids);
  std::ranges::sort(rows);
  CHECK(ids == rows);
}

// Publishing begins when a server leads; what was committed before is not in the stream.
void wait_for_publisher(Stack& stack) {
  wait_until("the first look", 20s, [&] { return stack.sql_number("select count(*) from noetl.checkpoint") == 1; });
}

}  // namespace

TEST_CASE(
    "the server makes the consumers of readers that may make none, and again when they are gone with the stream") {
  Stack stack(StackSettings{.workers = 0,
                            .env = {{"NOETL_PUBLISH_EVENTS", "on"}, {"NOETL_NATS_EVENTS_READERS", "observer,audit"}}});
  wait_for_publisher(stack);
  for (const std::string name : {"observer", "audit"}) {
    CAPTURE(name);
    const auto config = stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_EVENTS." + name).at("config");
    CHECK(config.at("ack_policy") == "explicit");
    CHECK(config.at("filter_subject") == "noetl.events.>");
    CHECK_FALSE(config.contains("deliver_subject"));
  }
  stack.server().kill();
  REQUIRE(stack.nats().request("$JS.API.STREAM.DELETE.NOETL_EVENTS").at("success") == true);
  stack.restart_server(0);
  wait_until("they are there again", 20s,
             [&] { return !stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_EVENTS.audit").contains("error"); });
}

TEST_CASE("what an execution does is published under its path, with headers, and once") {
  Stack stack(StackSettings{.env = publishing});
  wait_for_publisher(stack);
  const auto path = stack.register_playbook(playbook_of_three_steps());
  const auto id = stack.execute(path, json::object());
  (void)stack.wait_for_execution(id);
  wait_for_all(stack);
  const auto seen = all(stack);
  CHECK(seen.front().subject == "noetl.events.e2e/three_steps.playbook.initialized");
  CHECK(seen.back().subject == "noetl.events.e2e/three_steps.playbook.completed");
  CHECK(std::ranges::count_if(seen,
                              [](const Seen& one) { return one.header("X-Event-Type") == "command.completed"; }) == 3);
  for (const auto& one : seen) {
    CHECK(one.header("X-Aggregate-ID") == id);
    CHECK(one.header("X-Event-ID") == one.body.at("event_id"));
    CHECK(one.header("X-Domain") == "noetl");
    CHECK(one.headers.find("issued") == std::string::npos);
  }
  check_each_once(stack);
  const auto answer = stack.api().get("/api/v2/events?after=" + seen.at(1).header("Noetl-Position") + "&limit=2");
  CHECK(answer.status == 200);
  CHECK(answer.json().at("events").size() == 2);
  const auto rest = stack.api().get("/api/v2/events?after=" + answer.json().at("next_after").get<std::string>());
  CHECK(2 + 2 + rest.json().at("events").size() == seen.size());
  const auto metrics = stack.api().get("/metrics").body;
  CHECK(metrics.find("noetl_events_published_total " + std::to_string(seen.size())) != std::string::npos);
  CHECK(metrics.find("noetl_events_behind_seconds ") != std::string::npos);
}

TEST_CASE("nothing is published unless it was asked for") {
  Stack stack;
  const auto path = stack.register_playbook(playbook_of_three_steps());
  (void)stack.wait_for_execution(stack.execute(path, json::object()));
  CHECK(stream_of(stack).contains("error"));
  CHECK(stack.sql_number("select count(*) from noetl.checkpoint") == 0);
  CHECK(stack.api().get("/api/v2/events").status == 404);
}

TEST_CASE("garbage in place of a position is refused, by name") {
  Stack stack(StackSettings{.workers = 0, .env = publishing});
  wait_for_publisher(stack);
  for (const auto* query :
       {"after=x", "after=1.2.3.4", "after=1.2.3.5:1:.1:1:", "before=1.1.1.1:1:.1:1:&after=%00", "after=1&limit=0"}) {
    const auto answer = stack.api().get(std::string("/api/v2/events?") + query);
    CHECK(answer.status == 422);
  }
}

TEST_CASE("servers and nats-server that are killed lose no event and repeat none") {
  Stack stack(StackSettings{.servers = 2, .workers = 2, .env = publishing});
  wait_for_publisher(stack);
  const auto path = stack.register_playbook(playbook_of_three_steps());
  std::vector<std::string> ids;
  const auto run = [&](std::size_t server, int count) {
    for (int i = 0; i < count; ++i) {
      const auto answer = stack.api(server).post("/api/v2/execute", {{"path", path}});
      REQUIRE(answer.status < 300);
      ids.push_back(answer.json().at("execution_id"));
    }
  };
  for (int round = 0; round < 3; ++round) {
    run(1, 20);
    (void)stack.server(0).kill();
    run(1, 20);
    stack.restart_server(0);
    stack.nats().stop();
    run(0, 20);
    stack.nats().start();
    run(0, 20);
    (void)stack.server(1).kill();
    run(0, 20);
    stack.restart_server(1);
  }
  for (const auto& id : ids) (void)stack.wait_for_execution(id, 60s);
  wait_for_all(stack);
  check_each_once(stack);
}
