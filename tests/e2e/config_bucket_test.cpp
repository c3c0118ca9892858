// Settings at run time from a key-value bucket of NATS: log levels and pauses of pools, put and removed while the product runs.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const json noop{{"tool", {{"kind", "noop"}}}};

// The server makes the bucket a moment after its start.
void put(Stack& stack, const std::string& key, const std::string& value, const std::string& bucket = "noetl_config") {
  wait_until("bucket " + bucket + " takes " + key, 15s, [&] {
    try {
      return stack.nats().request("$KV." + bucket + "." + key, value).contains("seq");
    } catch (const std::exception&) {
      return false;
    }
  });
}

void remove(Stack& stack, const std::string& key) {
  const auto purged =
      stack.nats().request("$JS.API.STREAM.PURGE.KV_noetl_config", json{{"filter", "$KV.noetl_config." + key}}.dump());
  REQUIRE(purged.at("success") == true);
}

std::size_t count_of(const std::string& log, const std::string& text) {
  std::size_t count = 0;
  for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + text.size())) ++count;
  return count;
}

void wait_for_line(const Process& process, const std::string& text, std::size_t times = 1) {
  wait_until("a line with " + text, 15s, [&] { return count_of(process.log(), text) >= times; });
}

std::int64_t done(Stack& stack) { return stack.sql_number("select count(*) from noetl.queue where status = 'done'"); }

}  // namespace

TEST_CASE("the log level of servers and workers follows the bucket, and a removed key restores the setting") {
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_WORKER_ID", "loud.1"}, {"NOETL_LOG_LEVEL", "info"}}});
  put(stack, "server.log_level", "debug");
  put(stack, "worker.log_level", "warn");
  put(stack, "worker.loud_1.log_level", "debug");

  wait_for_line(stack.server(),
                "log level changed level=debug before=info by=\"key server.log_level of bucket noetl_config\"");
  wait_for_line(stack.worker(),
                "log level changed level=debug before=info by=\"key worker.loud_1.log_level of bucket noetl_config\"");
  stack.enqueue({noop});
  wait_for_line(stack.server(), "DEBUG nats: notification published subject=noetl.commands");

  remove(stack, "worker.loud_1.log_level");
  wait_for_line(stack.worker(),
                "log level changed level=warn before=debug by=\"key worker.log_level of bucket noetl_config\"");
  remove(stack, "server.log_level");
  wait_for_line(stack.server(), "log level changed level=info before=debug by=log-level");
}

TEST_CASE("a pool is paused by the bucket, says so, and goes on when the key is false or gone") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto pool = [&] { return stack.api().get("/api/v2/pools/default").json(); };
  put(stack, "pool.default.paused", "true");
  wait_until("the pool is paused", 15s, [&] { return pool().at("is_paused") == true; });
  CHECK(pool().at("paused_by") == "bucket noetl_config");
  // What the worker was about to claim when the pool was paused.
  wait_until("the worker knows", 10s, [&] {
    return stack.sql_number(
               "select count(*) from noetl.worker where heartbeat_at > "
               "(select paused_at + interval '1 second' from noetl.pool where pool = 'default')") == 1;
  });

  const auto id = stack.enqueue({noop}).at(0);
  CHECK(holds_for(2s, [&] { return done(stack) == 0; }));
  const auto why = stack.api().get("/api/v2/commands/" + id).json().at("wait_message").get<std::string>();
  CHECK(why.starts_with("pool 'default' is paused since "));
  CHECK(why.find(" by bucket noetl_config") != std::string::npos);

  put(stack, "pool.default.paused", "false");
  wait_until("it is done", 15s, [&] { return done(stack) == 1; });
  CHECK(pool().at("is_paused") == false);
  CHECK(pool().at("paused_by").is_null());

  put(stack, "pool.default.paused", "true");
  wait_until("the pool is paused", 15s, [&] { return pool().at("is_paused") == true; });
  remove(stack, "pool.default.paused");
  wait_until("the pool goes on", 15s, [&] { return pool().at("is_paused") == false; });
}

TEST_CASE("what the API has paused is not resumed by the bucket") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  REQUIRE(stack.api().post("/api/v2/pools/default/pause", json::object()).status == 200);
  put(stack, "pool.default.paused", "true");
  put(stack, "pool.other.paused", "true");
  wait_until("the bucket is applied", 15s,
             [&] { return stack.api().get("/api/v2/pools/other").json().at("is_paused") == true; });
  remove(stack, "pool.default.paused");
  remove(stack, "pool.other.paused");
  wait_until("the bucket is applied", 15s,
             [&] { return stack.api().get("/api/v2/pools/other").json().at("is_paused") == false; });
  const auto pool = stack.api().get("/api/v2/pools/default").json();
  CHECK(pool.at("is_paused") == true);
  CHECK(pool.at("paused_by").is_null());
}

TEST_CASE("a bad value or an unknown key is told once and changes nothing") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  put(stack, "pool.default.paused", "true");
  wait_until("the pool is paused", 15s,
             [&] { return stack.api().get("/api/v2/pools/default").json().at("is_paused") == true; });
  put(stack, "server.log_level", "loud");
  put(stack, "pool.default.paused", "perhaps");
  put(stack, "pool.default.rate", "10");
  const std::string told = "a key of the configuration bucket is not applied key=";
  wait_for_line(stack.server(), told + "server.log_level value=loud allowed=\"trace, debug, info, warn, error, off\"");
  wait_for_line(stack.server(), told + "pool.default.paused value=perhaps allowed=\"true, false\"");
  wait_for_line(stack.server(), told + "pool.default.rate value=10 allowed=\"keys: server.log_level,");
  // Two looks more.
  CHECK(holds_for(5s, [&] { return count_of(stack.server().log(), told) == 3; }));
  CHECK(stack.api().get("/api/v2/pools/default").json().at("is_paused") == true);
  CHECK(count_of(stack.server().log(), "log level changed") == 0);
}

TEST_CASE("NATS that was away, and a bucket that was deleted, are used again by themselves") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  put(stack, "pool.default.paused", "true");
  const auto is_paused = [&] { return stack.api().get("/api/v2/pools/default").json().at("is_paused") == true; };
  wait_until("the pool is paused", 15s, is_paused);
  stack.nats().stop();
  CHECK(holds_for(3s, is_paused));
  stack.nats().start();
  CHECK(holds_for(3s, is_paused));
  wait_until("the bucket is deleted", 15s, [&] {
    try {
      return stack.nats().request("$JS.API.STREAM.DELETE.KV_noetl_config").contains("success");
    } catch (const std::exception&) {
      return false;
    }
  });
  wait_until("the pool goes on", 15s, [&] { return !is_paused(); });
  put(stack, "pool.default.paused", "true");
  wait_until("the pool is paused", 15s, is_paused);
}

TEST_CASE("without a bucket nothing is made and nothing is read") {
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_CONFIG_BUCKET", "none"}}});
  stack.enqueue({noop});
  wait_until("it is done", 10s, [&] { return done(stack) == 1; });
  CHECK(stack.nats().request("$JS.API.STREAM.INFO.KV_noetl_config").contains("error"));
}
