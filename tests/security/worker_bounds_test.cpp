// What a worker, or somebody who says to be one, can fill: the line of long polls, the pools, the audit.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <pqxx/pqxx>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

HttpAnswer register_as(const Stack& stack, const std::string& worker_id, const std::string& pool = "default") {
  return stack.api().post("/api/v2/workers", {{"worker_id", worker_id}, {"pool", pool}, {"slots", 4}});
}

Json poll(const std::string& worker_id, bool direct_dispatch, int wait_seconds) {
  Json request{{"worker_id", worker_id}, {"pool", "default"}, {"slots", 1}, {"wait", wait_seconds}};
  if (direct_dispatch) request["direct_dispatch"] = true;
  return request;
}

double metric(const Stack& stack, const std::string& name) {
  const auto text = stack.api().get("/metrics").body;
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

// A poll whose caller sends it and says nothing more.
class SilentPoll {
 public:
  SilentPoll(int port, const Json& request) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const auto body = request.dump();
    const auto head =
        "POST /api/v2/commands/claim HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    REQUIRE(::send(socket_, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()));
  }
  ~SilentPoll() { ::close(socket_); }
  SilentPoll(const SilentPoll&) = delete;
  SilentPoll& operator=(const SilentPoll&) = delete;

 private:
  int socket_;
};

int port_of(const Stack& stack) {
  const auto url = stack.api().url();
  return std::stoi(url.substr(url.rfind(':') + 1));
}

}  // namespace

TEST_CASE("a worker waits in one long poll at a time: a second one ends the first") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  REQUIRE(register_as(stack, "w").status == 200);

  for (const bool direct_dispatch : {false, true}) {
    const auto start_poll = [&](int seconds) {
      return std::async(std::launch::async, [&stack, direct_dispatch, seconds] {
        return stack.api().post("/api/v2/commands/claim", poll("w", direct_dispatch, seconds));
      });
    };
    const auto has_ended = [](const auto& call) { return call.wait_for(0s) == std::future_status::ready; };
    // Which of the two the server takes first is nobody's to say.
    auto one = start_poll(20), other = start_poll(20);
    wait_until("one of them has ended", 5s, [&] { return has_ended(one) || has_ended(other); });
    CHECK(has_ended(one) != has_ended(other));

    auto third = start_poll(2);
    wait_until("both have ended", 5s, [&] { return has_ended(one) && has_ended(other); });
    CHECK(one.get().status == 200);
    CHECK(other.get().status == 200);
    CHECK(third.get().status == 200);
  }
}

TEST_CASE("a long poll whose caller has gone ends within a second or so, and others find room") {
  Stack stack(StackSettings{.workers = 0, .env = {{"NOETL_HTTP_THREADS", "16"}, {"NOETL_LEASE", "30s"}}});
  for (int i = 0; i < 6; ++i) REQUIRE(register_as(stack, "gone" + std::to_string(i)).status == 200);

  for (const bool direct_dispatch : {false, true}) {
    {
      std::vector<std::unique_ptr<SilentPoll>> polls;
      for (int i = 0; i < 6; ++i)
        polls.push_back(
            std::make_unique<SilentPoll>(port_of(stack), poll("gone" + std::to_string(i), direct_dispatch, 30)));
      wait_until("they wait", 5s, [&] { return metric(stack, "noetl_http_in_flight") >= 7; });
    }
    const auto left_at = std::chrono::steady_clock::now();
    wait_until("they are gone", 5s, [&] { return metric(stack, "noetl_http_in_flight") <= 1; });
    CHECK(std::chrono::steady_clock::now() - left_at < 2s);
  }
}

TEST_CASE("registrations make no more pools than they may, and are told what to do; an operator's pool is welcome") {
  Stack stack(StackSettings{.workers = 0, .env = {{"NOETL_POOLS_MAX", "3"}, {"NOETL_WORKERS_MAX", "6"}}});
  for (int i = 0; i < 3; ++i)
    REQUIRE(register_as(stack, "w" + std::to_string(i), "pool" + std::to_string(i)).status == 200);

  const auto refused = register_as(stack, "w3", "pool3");
  CHECK(refused.status == 409);
  CHECK_MESSAGE(refused.body.find("pools-max") != std::string::npos, refused.body);
  CHECK(register_as(stack, "w4", "pool2").status == 200);
  CHECK(register_as(stack, "w5").status == 200);  // the default pool
  (void)stack.sql("insert into noetl.pool (pool) values ('pool3')");
  CHECK(register_as(stack, "w3", "pool3").status == 200);

  const auto too_many = register_as(stack, "w6");
  CHECK(too_many.status == 409);
  CHECK_MESSAGE(too_many.body.find("workers-max") != std::string::npos, too_many.body);
}

TEST_CASE("what an operator does, and who is refused a secret, is in the audit with the address") {
  Stack stack(StackSettings{.workers = 0, .env = {{"NOETL_ENCRYPTION_KEY", std::string(43, 'A') + "="}}});
  REQUIRE(register_as(stack, "w").status == 200);
  CHECK(stack.api().post("/api/v2/workers/w/drain", Json::object()).status == 200);
  CHECK(
      stack.api()
          .post("/api/credentials", {{"name", "victim"}, {"type", "generic"}, {"data", {{"password", "S3cret-value"}}}})
          .status == 200);
  CHECK(stack.api().get("/api/credentials/victim?include_data=true&worker_id=w&execution_id=42").status == 200);
  CHECK(stack.api().remove("/api/credentials/victim").status == 200);

  const auto count = [&](const std::string& where) {
    return stack.sql_number("select count(*) from noetl.event where payload->>'from' like '127.0.0.1%' and " + where);
  };
  CHECK(count("event_type = 'audit.drainWorker' and payload->>'object' = 'w'") == 1);
  CHECK(count("event_type = 'audit.putCredential'") == 1);
  CHECK(count("event_type = 'audit.deleteCredential' and payload->>'object' = 'victim'") == 1);
  // What the caller only says of itself is no fact.
  CHECK(count("event_type = 'credential.read' and worker_id is null and payload->'said'->>'worker_id' = 'w'") == 1);
  CHECK(stack.sql_number("select count(*) from noetl.event e where e::text like '%S3cret-value%'") == 0);
}

TEST_CASE("notifications of any role only wake: a flood of them, and silence, cost no command more than moments") {
  Stack stack(StackSettings{.workers = 1, .env = {{"NATS_URL", "none"}}});
  (void)stack.sql("create role noisy login");
  auto url = stack.database_url();
  pqxx::connection noisy(url.replace(url.find("postgres@"), 8, "noisy"));
  {
    pqxx::work flood(noisy);
    flood.exec("select pg_notify('noetl_enqueued', 'forged' || n) from generate_series(1, 20000) as n");
    flood.exec("notify noetl_enqueued, 'no pool: '' or 1=1'");
    flood.commit();
  }
  const auto done = [&](std::int64_t count) {
    return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == count;
  };

  (void)stack.sql("select noetl.enqueue('{\"kind\": \"noop\"}')");
  wait_until("the first", 3s, [&] { return done(1); });
  (void)stack.sql("set noetl.doorbell = off; select noetl.enqueue('{\"kind\": \"noop\"}')");
  wait_until("the one that nobody was told of", 3s, [&] { return done(2); });
}
