// Requests for executions in the work-queue stream: each message_id starts one execution, whatever dies meanwhile.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "shared/nats/connection.hpp"
#include "shared/nats/requests/parted_message.hpp"
#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

namespace e2e = noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

json message_of(int id) {
  return {
      {"message_id", "msg_" + std::to_string(id)}, {"message", "hello"}, {"context", {{"playbook", "chat/answer"}}}};
}

// Until JetStream says that it has stored it: as a client must that may lose nothing.
void submit(const NatsServer& nats, const std::string& session, const std::string& message) {
  wait_until("the message is stored", 60s, [&] {
    return nats.request("noetl.workflow.submit." + session, message).value("stream", "") == "NOETL_EXECUTIONS";
  });
}

std::int64_t stored(const NatsServer& nats) {
  return nats.request("$JS.API.STREAM.INFO.NOETL_EXECUTIONS").at("state").at("messages").get<std::int64_t>();
}

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace

TEST_CASE(
    "a message that was submitted starts one execution and leaves the stream; one that cannot is refused and counted") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  stack.register_playbook(e2e::playbook_of_sessions());
  submit(stack.nats(), "sess_1", message_of(1).dump());
  submit(stack.nats(), "sess_1", message_of(1).dump());
  wait_until("it has ended", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.execution where status = 'completed'") == 1; });
  wait_until("the stream is empty", 10s, [&] { return stored(stack.nats()) == 0; });

  auto of_another_session = message_of(2);
  of_another_session["session_id"] = "other";
  auto unknown = message_of(3);
  unknown["context"]["playbook"] = "chat/nothing";
  const std::vector<std::string> bad{
      "", "[", "{}", "\xff\xfe", std::string(200'000, '['), of_another_session.dump(), unknown.dump()};
  for (const auto& text : bad) submit(stack.nats(), "sess_1", text);
  wait_until("the stream is empty", 10s, [&] { return stored(stack.nats()) == 0; });
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 1);
  const auto stats = stack.nats().request("$SRV.STATS.noetl-server");
  for (const auto& endpoint : stats.at("endpoints")) {
    if (endpoint.at("name") != "submit") continue;
    CHECK(endpoint.at("num_requests") == 2 + bad.size());
    CHECK(endpoint.at("num_errors") == bad.size());
  }
}

TEST_CASE("where a token is asked for, a message without it is refused and leaves the stream, and one with it starts") {
  const std::string token(32, 'k');
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.register_playbook(e2e::playbook_of_sessions());
  stack.server().kill();
  stack.restart_server(0, {{"NOETL_WORKER_TOKEN", token}});
  submit(stack.nats(), "sess_1", message_of(1).dump());
  wait_until("the stream is empty", 10s, [&] { return stored(stack.nats()) == 0; });
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 0);

  noetl::nats::ConnectionSettings settings;
  settings.url = stack.nats().url();
  const auto connection = noetl::nats::Connection::open(settings).value();
  REQUIRE(connection->wait_connected(5s));
  REQUIRE(noetl::nats::publish_with_headers(*connection, "noetl.workflow.submit.sess_1", nullptr,
                                            {{"Authorization", "Bearer " + token}}, message_of(2).dump())
              .has_value());
  wait_until("it is started", 20s, [&] { return stack.sql_number("select count(*) from noetl.execution") == 1; });
  wait_until("the stream is empty", 10s, [&] { return stored(stack.nats()) == 0; });
}

TEST_CASE("a message waits while Postgres is away, and is not lost") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.register_playbook(e2e::playbook_of_sessions());
  shared_postgres().stop();
  submit(stack.nats(), "sess_1", message_of(1).dump());
  CHECK(holds_for(1s, [&] { return stored(stack.nats()) == 1; }));
  shared_postgres().start();
  wait_until("it is started", 30s, [&] { return stack.sql_number("select count(*) from noetl.execution") == 1; });
  wait_until("the stream is empty", 10s, [&] { return stored(stack.nats()) == 0; });
}

// NOETL_TEST_SUBMITTED=10000 is the long form: nine tenths of them are distinct, and something is killed every 5 s.
TEST_CASE(
    "of requests with repeated ids each id starts one execution, while server and nats-server are killed in turn") {
  const int count = number_from("NOETL_TEST_SUBMITTED", 600);
  const int distinct = count * 9 / 10;
  const int kills_min = count > 1000 ? 20 : 2;
  const auto interval = count > 1000 ? 5000ms : 700ms;
  Stack stack(StackSettings{.workers = 1, .env = {}});
  stack.register_playbook(e2e::playbook_of_sessions());
  submit(stack.nats(), "sess_0", message_of(0).dump());

  std::atomic<int> kills{0};
  std::jthread submitting([&] {
    for (int i = 1; i < count; ++i) {
      wait_until("its share of the kills", 120s, [&] { return kills >= i * kills_min / count; });
      submit(stack.nats(), "sess_" + std::to_string(i % distinct % 7), message_of(i % distinct).dump());
    }
  });
  const auto began = [&] { return stack.sql_number("select count(*) from noetl.execution"); };
  for (; kills < kills_min; ++kills) {
    if (kills % 2 == 0) {
      stack.server().kill();
      stack.restart_server(0);
    } else {
      stack.nats().stop();
      stack.nats().start();
    }
    CHECK(holds_for(interval, [&] { return stack.server().is_running(); }));
  }
  submitting.join();

  wait_until("each has started", 120s, [&] { return began() == distinct; });
  // A nats-server that was killed may show acknowledged messages for a while. It does not deliver them again.
  wait_until("all are acknowledged", 60s, [&] {
    const auto info = stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_EXECUTIONS.noetl-server");
    return info.at("num_pending") == 0 && info.at("num_ack_pending") == 0;
  });
  CHECK(began() == distinct);
  CHECK(stack.sql_number("select count(distinct idempotency_key) from noetl.execution") == distinct);
  MESSAGE(count << " requests, " << distinct << " ids, " << kills.load() << " kills");
}
