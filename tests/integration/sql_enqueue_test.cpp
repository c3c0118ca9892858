// noetl.enqueue and noetl.enqueue_many: commands come with the caller's transaction, as the API would have written them.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/doctor/check.hpp"
#include "server/postgres/node_id.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pools.hpp"
#include "shared/wire/codecs/command_json.hpp"
#include "tests/integration/doctor_fixture.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using Json = nlohmann::json;
using support::SqlRow;
using support::TestServer;

namespace {
const Json noop{{"tool", {{"kind", "noop"}}}};

Json with(const std::string& field, const Json& value) {
  Json command = noop;
  command[field] = value;
  return command;
}

Json nested(int levels) {
  Json value = Json::array();
  for (int i = 1; i < levels; ++i) value = Json::array({value});
  return value;
}

std::string quoted(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + "'";
}

std::vector<base::CommandId> enqueue_many(TestServer& server, const Json& commands) {
  std::vector<base::CommandId> ids;
  for (const auto& row :
       support::sql(server.database_url, "select * from noetl.enqueue_many(" + quoted(commands.dump()) + ")")) {
    ids.push_back({std::stoll(row.at(0))});
  }
  return ids;
}

base::CommandId enqueue(TestServer& server, const std::string& arguments) {
  return {server.number("select noetl.enqueue(" + arguments + ")")};
}

// What Postgres said; "" when it took it.
std::string refusal(TestServer& server, const std::string& call) {
  try {
    server.run("select " + call);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Everything of a command but its id and the times themselves.
SqlRow content_of(TestServer& server, base::CommandId id) {
  return support::sql(server.database_url,
                      "select step, tool_kind, pool, priority, status, epoch, attempts, max_attempts, timeout_ms, "
                      "greatest(0, round(extract(epoch from available_at - created_at) * 20))::bigint, context::jsonb, "
                      "retry::jsonb, traceparent, execution_id, node_id, redriven_from from noetl.queue where queue_id "
                      "= " +
                          id.str())
      .at(0);
}
}  // namespace

TEST_CASE("what a transaction enqueues is there when it commits and was never there when it rolls back") {
  TestServer server;

  server.run(R"(begin; select noetl.enqueue('{"kind": "noop"}'); rollback)");
  CHECK(server.number("select count(*) from noetl.queue") == 0);
  CHECK(server.number("select count(*) from noetl.queue_change") == 0);
  server.run(R"(begin; select noetl.enqueue('{"kind": "noop"}'); commit)");

  CHECK(server.number("select count(*) from noetl.queue where status = 'queued' and available_at <= now()") == 1);
  CHECK(server.number("select sum(change) from noetl.queue_change where status = 'queued'") == 1);
}

TEST_CASE("SQL writes what POST /api/v2/commands writes") {
  TestServer server;
  wire::Pool slow;
  slow.pool = "slow";
  slow.max_attempts = 9;
  slow.retry = R"({"backoff":"fixed","initial_delay":5,"multiplier":2,"max_delay":60,"jitter":false})";
  (void)queue::put_pool(server.context, slow);
  const Json commands{
      noop,
      {{"tool", {{"kind", "http"}, {"url", "https://example.com/ä"}, {"n", 1.5}, {"nothing", nullptr}}},
       {"input", {{"order", 17}, {"list", {1, "two", nullptr, true}}}}},
      {{"tool", {{"kind", "noop"}}}, {"input", nullptr}, {"pool", nullptr}},
      with("pool", "slow"),
      {{"tool", {{"kind", "noop"}}}, {"pool", "slow"}, {"max_attempts", 2}, {"retry", {{"backoff", "none"}}}},
      with("priority", -100),
      with("priority", 100),
      with("delay", 90.25),
      with("delay", 0),
      with("delay_ms", 1500),
      with("timeout", 0.0301),
      with("max_attempts", 100),
      with("retry", Json::object()),
      with("retry", {{"backoff", "linear"}, {"initial_delay", 0.0005}, {"multiplier", 1.5}, {"jitter", false}}),
      with("retry", {{"initial_delay", 3600}}),
      with("retry", {{"max_delay", 0.5}}),
      with("retry", {{"initial_delay", 5}, {"max_delay", 1}}),
      with("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
      with("idempotency_key", std::string(256, '~')),
      with("input", {{"deep", nested(90)}}),
      with("available_at", "2001-01-31T12:00:00.123456Z"),
  };

  const auto by_sql = enqueue_many(server, commands);
  server.run("update noetl.queue set idempotency_key = null");
  auto decoded = wire::decode_new_commands({{"commands", commands}}).value();
  const auto by_api = queue::enqueue_commands(server.context, decoded).value();

  REQUIRE(by_sql.size() == commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    CAPTURE(commands[i].dump().substr(0, 300));
    CHECK(content_of(server, by_sql[i]) == content_of(server, by_api[i].queue_id));
  }
}

TEST_CASE("an absolute time is the one that was asked for") {
  TestServer server;

  const auto ids = enqueue_many(
      server, Json{with("available_at", "2101-01-31T12:00:00.5+02:00"), with("available_at", "2101-01-31 10:00:00z")});
  const auto one = enqueue(server, R"('{"kind": "noop"}', available_at => '2101-01-31T10:00:00Z')");

  const auto at = [&](base::CommandId id) {
    return support::sql(server.database_url,
                        "select noetl.rfc3339(available_at) from noetl.queue where queue_id = " + id.str());
  };
  CHECK(at(ids[0])[0][0] == "2101-01-31T10:00:00.500000Z");
  CHECK(at(ids[1])[0][0] == "2101-01-31T10:00:00.000000Z");
  CHECK(at(one)[0][0] == "2101-01-31T10:00:00.000000Z");
}

TEST_CASE("the arguments of noetl.enqueue are the fields of the API") {
  TestServer server;

  const auto id = enqueue(
      server,
      R"('{"kind": "shell", "command": "true"}', '{"a": 1}', pool => 'blue', priority => 7, delay => '90 seconds', )"
      R"(max_attempts => 5, retry => '{"backoff": "fixed"}', timeout => '1.5 seconds', idempotency_key => 'order 17', )"
      R"(traceparent => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')");

  const auto api =
      wire::decode_new_command({{"tool", {{"kind", "shell"}, {"command", "true"}}},
                                {"input", {{"a", 1}}},
                                {"pool", "blue"},
                                {"priority", 7},
                                {"delay", 90},
                                {"max_attempts", 5},
                                {"retry", {{"backoff", "fixed"}}},
                                {"timeout", 1.5},
                                {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  const auto same = queue::enqueue_commands(server.context, {api.value()}).value();
  CHECK(content_of(server, id) == content_of(server, same[0].queue_id));
  CHECK(server.number("select count(*) from noetl.queue where idempotency_key = 'order 17'") == 1);
}

TEST_CASE("what the API refuses SQL refuses, says what and where, and enqueues nothing of the call") {
  TestServer server;
  const Json wrong{
      Json::object(),
      {{"tool", "noop"}},
      {{"tool", Json::object()}},
      {{"tool", {{"kind", 7}}}},
      {{"tool", {{"kind", "no such\nkind"}}}},
      with("input", Json::array()),
      with("pool", ""),
      with("pool", std::string(65, 'p')),
      with("pool", 7),
      with("priority", 101),
      with("priority", 1.5),
      with("priority", "1"),
      with("delay", -1),
      with("delay", 31622401),
      with("delay_ms", 0.5),
      {{"tool", {{"kind", "noop"}}}, {"delay", 1}, {"delay_ms", 1000}},
      {{"tool", {{"kind", "noop"}}}, {"delay", 1}, {"available_at", "2026-01-31T12:00:00Z"}},
      with("available_at", "tomorrow"),
      with("available_at", "2026-02-30T12:00:00Z"),
      with("available_at", "2026-01-31T24:00:00Z"),
      with("available_at", "2026-01-31T12:00:00"),
      with("available_at", "infinity"),
      with("max_attempts", 0),
      with("max_attempts", 101),
      with("retry", 3),
      with("retry", {{"backoff", "sometimes"}}),
      with("retry", {{"initial_delay", -1}}),
      with("retry", {{"multiplier", 0.5}}),
      with("retry", {{"jitter", "yes"}}),
      with("retry", {{"delay", 5}}),
      with("timeout", -1),
      with("timeout", 2592001),
      with("idempotency_key", ""),
      with("idempotency_key", "line\nbreak"),
      with("idempotency_key", std::string(257, 'k')),
      with("traceparent", "00-1-2-3"),
      with("prio", 1),
  };

  for (const auto& command : wrong) {
    CAPTURE(command.dump());
    CHECK_FALSE(wire::decode_new_command(command));
    const auto said = refusal(server, "noetl.enqueue_many(" + quoted(Json{noop, command, command}.dump()) + ")");
    CAPTURE(said);
    CHECK(said.find("noetl.enqueue_many refuses the commands: '/1") != std::string::npos);
  }
  CHECK(server.number("select count(*) from noetl.queue") == 0);
}

TEST_CASE("a refusal names the argument, what is allowed and what was found") {
  TestServer server;
  const auto says = [&](const std::string& call, const std::string& text) {
    const auto said = refusal(server, call);
    CAPTURE(call);
    CAPTURE(said);
    CHECK(said.find(text) != std::string::npos);
  };

  says(R"(noetl.enqueue('{"kind": "noop"}', priority => 101))",
       "noetl.enqueue refuses the command: 'priority' must be an integer from -100 to 100, found number 101");
  says(R"(noetl.enqueue('{"kind": "noop"}', pool => 'a b'))",
       "'pool' must be a pool's name (letters, digits, _ and -, at most 64), found string 'a b'");
  says("noetl.enqueue(null)", R"('tool' must be an object such as {"kind": "noop"}, found nothing)");
  says(R"(noetl.enqueue_many('[{"tool": {"kind": "noop"}, "group": "x"}]'))",
       "'/0/group' is not a known field; known are tool, input, pool,");
  says("noetl.enqueue_many('{}')", "must be an array of 1 to 10000 commands, found an object");
  says("noetl.enqueue_many('[]')", "must be an array of 1 to 10000 commands, found an array of 0 items");
  says("noetl.enqueue_many((select jsonb_agg(n) from generate_series(1, 10001) as n))",
       "found an array of 10001 items");
}

TEST_CASE("what no reader of JSON would take does not get into the queue") {
  TestServer server;

  CHECK(refusal(server, R"(noetl.enqueue('{"kind": "noop", "n": 1e400}'))").find("no double holds") !=
        std::string::npos);
  CHECK(refusal(server, R"(noetl.enqueue('{"kind": "noop", "n": 1e308}'))").empty());
  CHECK(refusal(server, R"(noetl.enqueue('{"kind": "noop", "text": "\u0000"}'))").find("\\u0000") != std::string::npos);
  const auto deep = [&](int levels) { return quoted(Json{{"kind", "noop"}, {"deep", nested(levels)}}.dump()); };
  CHECK(refusal(server, "noetl.enqueue(" + deep(98) + ")").empty());
  CHECK(refusal(server, "noetl.enqueue(" + deep(99) + ")").find("deeper than 100 levels") != std::string::npos);
}

TEST_CASE("a known idempotency key gives the first command, whoever enqueued it") {
  TestServer server;
  const auto first = server.enqueue(3, "order-17");

  const auto again = enqueue(server, R"('{"kind": "noop"}', idempotency_key => 'order-17')");
  const auto many =
      enqueue_many(server, Json{with("idempotency_key", "order-18"), noop, with("idempotency_key", "order-17"),
                                with("idempotency_key", "order-18")});
  const auto by_api = server.enqueue(3, "order-18");

  CHECK(again == first);
  CHECK(many[2] == first);
  CHECK(many[3] == many[0]);
  CHECK(by_api == many[0]);
  CHECK(server.number("select count(*) from noetl.queue") == 3);
  CHECK(server.number("select sum(change) from noetl.queue_change where status = 'queued'") == 3);
}

TEST_CASE("many commands come in one call, each with an id of its own, in their order") {
  TestServer server;
  Json commands = Json::array();
  for (int i = 0; i < 10'000; ++i) commands.push_back({{"tool", {{"kind", "noop"}}}, {"input", {{"nth", i}}}});

  const auto ids = enqueue_many(server, commands);

  REQUIRE(ids.size() == 10'000);
  CHECK(std::set(ids.begin(), ids.end()).size() == 10'000);
  CHECK(server.number("select (context #>> '{input,nth}')::bigint from noetl.queue where queue_id = " +
                      ids[4711].str()) == 4711);
}

TEST_CASE("ids of SQL and of servers never meet: each has node numbers of its own, and times of the same epoch") {
  TestServer server;
  const auto before =
      base::IdGenerator::first_id_at(server.number("select (extract(epoch from now()) * 1000)::bigint"));

  const auto ids = enqueue_many(server, Json(100, noop));

  for (const auto id : ids) {
    CHECK(((id.value >> 12) & 1023) >= 1008);
    CHECK(id.value >= before);
    CHECK(id.value < before + base::IdGenerator::first_id_at(base::IdGenerator::epoch_ms + 60'000));
  }
  server.run("select setval('noetl.node_id', 1006)");
  CHECK(postgres::take_node_id(server.connections) == 1007);
  CHECK(postgres::take_node_id(server.connections) == 0);
}

TEST_CASE("an id that is taken already is drawn anew") {
  TestServer server;
  const auto taken = enqueue(server, R"('{"kind": "noop"}')");
  server.run("create sequence noetl.drawn");
  // The first and the third draw give an id that is there.
  server.run(
      "create or replace function noetl.next_command_id() returns bigint language sql volatile return "
      "case nextval('noetl.drawn') when 1 then " +
      taken.str() + " when 3 then " + taken.str() + " else currval('noetl.drawn') end");

  const auto ids = enqueue_many(server, Json{noop, with("idempotency_key", "a"), noop, with("pool", "blue")});

  CHECK(std::set(ids.begin(), ids.end()).size() == 4);
  CHECK(std::find(ids.begin(), ids.end(), taken) == ids.end());
  CHECK(server.number("select count(*) from noetl.queue") == 5);
  CHECK(server.number("select sum(change) from noetl.queue_change where status = 'queued'") == 5);
  CHECK(server.number("select count(*) from noetl.queue where pool = 'blue' and queue_id = " + ids[3].str()) == 1);
}

TEST_CASE("a role enqueues with these two functions alone, and without them not at all") {
  TestServer server;
  server.run(
      "do $$ begin if not exists (select from pg_roles where rolname = 'shop') then create role shop; end "
      "if; end $$");
  const std::string as_shop = "set role shop; select noetl.enqueue('{\"kind\": \"noop\"}')";
  server.run("grant usage on schema noetl to shop");

  CHECK_THROWS(server.run(as_shop));
  server.run("grant execute on function noetl.enqueue, noetl.enqueue_many to shop");
  server.run(as_shop);
  server.run(R"(set role shop; select noetl.enqueue_many('[{"tool": {"kind": "noop"}}]'))");

  CHECK(server.number("select count(*) from noetl.queue") == 2);
  CHECK_THROWS(server.run("set role shop; select count(*) from noetl.queue"));
  CHECK_THROWS(server.run(R"(set role shop; select noetl.insert_checked_commands('[{"tool": {"kind": "noop"}}]'))"));
  // Nothing that the caller puts in the search path is called in the owner's name.
  server.run("create schema trap authorization shop");
  CHECK_THROWS(
      server.run("set role shop; create function trap.clock_timestamp() returns timestamptz language plpgsql "
                 "as $$ begin raise "
                 "exception 'trapped as %', current_user; end $$; set search_path = trap, pg_catalog; select "
                 "clock_timestamp()"));
  server.run("set role shop; set search_path = trap, pg_catalog; select noetl.enqueue('{\"kind\": \"noop\"}')");
}

TEST_CASE(
    "a command that SQL enqueued is claimed, retried, dead and told of as any other; the doctor finds "
    "nothing") {
  TestServer server;
  server.add_worker("w");
  support::Doctor doctor(server);
  const auto id = enqueue(
      server,
      R"('{"kind": "noop"}', max_attempts => 2, retry => '{"backoff": "fixed", "initial_delay": 30, "jitter": false}')");
  const auto good = enqueue(server, R"('{"kind": "noop"}')");

  (void)server.report(support::failed(server.claim("w", id), "exception"));
  CHECK(server.status_of(id) == "queued");
  CHECK(server.number("select (extract(epoch from available_at - now()) * 10)::int from noetl.queue where queue_id = " +
                      id.str()) >= 280);
  server.run("update noetl.queue set available_at = now() where queue_id = " + id.str());
  (void)server.report(support::failed(server.claim("w", id), "exception"));
  (void)server.report(support::completed(server.claim("w", good)));
  (void)enqueue_many(server, Json(50, noop));

  CHECK(server.status_of(id) == "dead");
  CHECK(server.status_of(good) == "done");
  CHECK(server.number("select attempts from noetl.dead_letter where queue_id = " + id.str()) == 2);
  for (const auto& check : doctor::check_rules(doctor.connections, true)) {
    INFO(check.name << ": " << check.summary);
    CHECK(check.verdict != doctor::Verdict::broken);
  }
  CHECK(doctor.rule("counters of the queue").verdict == doctor::Verdict::ok);
  CHECK(doctor.rule("clocks of servers").verdict == doctor::Verdict::ok);
}
