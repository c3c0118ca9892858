// What roles of the database may do that are not the server's: with CONNECT alone nothing to the servers, and enqueue by SQL what they
// were allowed. The statements of docs/guides/enqueue-from-sql.md that allow it are run as they stand.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <pqxx/pqxx>
#include <sstream>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

// A role that may log in and nothing else; roles are the cluster's, so each test has its own.
std::string url_of(const Stack& stack, const std::string& role) {
  (void)stack.sql("create role " + role + " login");
  const auto& url = stack.database_url();
  const auto scheme = url.find("//") + 2;
  return url.substr(0, scheme) + role + url.substr(url.find('@', scheme));
}

std::string refusal(const std::string& url, const std::string& statement) {
  pqxx::connection link(url);
  pqxx::nontransaction transaction(link);
  try {
    (void)transaction.exec(statement);
  } catch (const pqxx::insufficient_privilege& error) {
    return std::string("42501 ") + error.what();  // libpqxx tells it by the type alone
  } catch (const pqxx::sql_error& error) {
    return error.sqlstate() + " " + error.what();
  }
  return {};
}

// The first SQL block after a heading of docs/guides/enqueue-from-sql.md.
std::string documented(const std::string& heading) {
  const auto text = read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "docs/guides/enqueue-from-sql.md");
  const auto begin = text.find("```sql\n", text.find(heading)) + 7;
  return text.substr(begin, text.find("```", begin) - begin);
}

std::string enqueue_of(const std::string& kind, const std::string& pool) {
  return "select noetl.enqueue('{\"kind\": \"" + kind + "\"}', pool => '" + pool + "')";
}

}  // namespace

TEST_CASE("a role that holds the advisory locks of old stops neither start nor the background duties") {
  Stack stack(StackSettings{.workers = 0, .is_server_started = false, .env = {}});
  const auto url = url_of(stack, "app_low");
  pqxx::connection low(url);
  pqxx::nontransaction locks(low);
  locks.exec("select pg_advisory_lock(474215675244), pg_advisory_lock(474215675245)");

  stack.start_server();  // throws when it does not answer in time

  // Upkeep notifies of what SQL enqueued, and ends leases.
  stack.start_worker();
  (void)stack.sql(enqueue_of("noop", "default"));
  wait_until("what SQL enqueued to be done", 10s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 1; });
  stack.worker().kill();
  wait_until("the lease's end", 15s,
             [&] { return stack.sql_number("select count(*) from noetl.worker where status = 'lost'") == 1; });
  // Registering playbooks takes no lock that others could hold.
  const auto key = "pg_advisory_lock(hashtextextended('noetl.catalog:tests/noop', 0))";
  locks.exec(std::string("select ") + key);
  CHECK(stack.register_playbook("apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: noop, path: "
                                "tests/noop}\nworkflow:\n  - step: start\n    tool: {kind: noop}\n") == "tests/noop");
}

TEST_CASE(
    "another server has the background duties within two seconds of a leader's death, and at once when it stops") {
  Stack stack(StackSettings{.servers = 2, .workers = 0, .env = {}});
  const auto leads = [&](std::size_t server) {
    return stack.api(server).get("/metrics").body.find("\nnoetl_upkeep_leading 1") != std::string::npos;
  };
  wait_until("a leader", 10s, [&] { return leads(0) || leads(1); });
  const std::size_t leader = leads(0) ? 0 : 1;
  const auto epoch = stack.sql_number("select epoch from noetl.leader");

  stack.server(leader).kill();
  const auto died = std::chrono::steady_clock::now();
  wait_until("the other leads", 5s, [&] { return leads(1 - leader); });
  CHECK(std::chrono::steady_clock::now() - died < 3s);
  CHECK(stack.sql_number("select epoch from noetl.leader") == epoch + 1);

  stack.restart_server(leader);
  stack.server(1 - leader).send(SIGTERM);
  stack.server(1 - leader).wait(20s);
  const auto stopped = std::chrono::steady_clock::now();
  wait_until("the first leads again", 5s, [&] { return leads(leader); });
  CHECK(std::chrono::steady_clock::now() - stopped < 1500ms);
}

TEST_CASE("a role enqueues the pools and kinds that it was allowed, and with execute alone nothing") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto url = url_of(stack, "shop");

  CHECK(refusal(url, enqueue_of("noop", "default")).starts_with("42501"));
  (void)stack.sql("grant usage on schema noetl to shop");
  (void)stack.sql("grant execute on function noetl.enqueue, noetl.enqueue_many to shop");
  const auto refused = refusal(url, enqueue_of("noop", "default"));
  CHECK_MESSAGE(refused.starts_with("42501"), refused);
  CHECK_MESSAGE(refused.find("select noetl.allow_enqueue('shop', '{default}', '{noop}')") != std::string::npos,
                refused);

  (void)stack.sql(documented("## Who may call them"));
  for (const std::string pool : {"default", "blue"}) CHECK(refusal(url, enqueue_of("noop", pool)).empty());
  CHECK(refusal(url, enqueue_of("shell", "default")).starts_with("42501"));
  CHECK(refusal(url, enqueue_of("noop", "other")).starts_with("42501"));
  const auto several = R"(select noetl.enqueue_many('[{"tool": {"kind": "noop"}}, {"tool": {"kind": "shell"}}]'))";
  CHECK(refusal(url, several).starts_with("42501"));
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 2);

  // Neither itself nor by the functions that keep the grants.
  CHECK(refusal(url, "select noetl.allow_enqueue('shop', '{*}', '{*}')").starts_with("42501"));
  CHECK(refusal(url, "insert into noetl.enqueue_grant values ('shop', '{*}', '{*}')").starts_with("42501"));
  CHECK(refusal(url, "select noetl.insert_checked_commands('[]')").starts_with("42501"));

  (void)stack.sql("select noetl.revoke_enqueue('shop')");
  CHECK(refusal(url, enqueue_of("noop", "default")).starts_with("42501"));
}

TEST_CASE(
    "a role that is made as docs/guides/enqueue-from-sql.md says has tables of its own beside the queue, enqueues, and "
    "reads none of ours") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto name = stack.database_url().substr(stack.database_url().rfind('/') + 1);
  auto made = documented("## Your tables and the product's");
  made.replace(made.find("database noetl "), 15, "database " + name + " ");
  for (std::size_t at = made.find("shop"); at != std::string::npos; at = made.find("shop", at))
    made.replace(at, 4, "kiosk");
  (void)stack.sql("revoke all on database " + name + " from public");
  (void)stack.sql(made);
  (void)stack.sql("select noetl.allow_enqueue('kiosk', '{default}', '{noop}')");
  const auto& url = stack.database_url();
  const auto kiosk = url.substr(0, url.find("//") + 2) + "kiosk" + url.substr(url.find('@'));

  CHECK(refusal(kiosk, "create table event (id int, what text)").empty());
  CHECK(refusal(kiosk, "insert into event values (1, 'a'); " + enqueue_of("noop", "default")).empty());
  CHECK(refusal(kiosk, "drop table if exists result cascade").empty());
  for (const std::string table :
       {"queue", "event", "result", "credential", "keychain", "enqueue_grant", "schema_migration"}) {
    CAPTURE(table);
    CHECK(refusal(kiosk, "select * from noetl." + table).starts_with("42501"));
    CHECK(refusal(kiosk, "drop table noetl." + table + " cascade").starts_with("42501"));
  }
  CHECK(refusal(kiosk, "create table noetl.mine (id int)").starts_with("42501"));
  CHECK(stack.sql("select to_regclass('kiosk.event') is not null and to_regclass('noetl.result') is not null")[0][0] ==
        "t");
}

TEST_CASE(
    "the role that has logged in counts: by membership it may what a group may, by set role no more than itself") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto member = url_of(stack, "clerk");
  (void)stack.sql("create role office");
  (void)stack.sql("select noetl.allow_enqueue('office', '{*}', '{noop}')");
  CHECK(refusal(member, enqueue_of("noop", "default")).starts_with("42501"));

  (void)stack.sql("grant office to clerk");
  CHECK(refusal(member, enqueue_of("noop", "anything")).empty());
  CHECK(refusal(member, "set role office; " + enqueue_of("shell", "default")).starts_with("42501"));
}

TEST_CASE("a server refuses to be a superuser, says what to run, and starts when it is allowed to") {
  Stack stack(StackSettings{.servers = 0, .workers = 0, .is_server_started = false, .env = {}});
  Process refused(
      ProcessSettings{.command = {NOETL_BIN_DIR "/noetl-server"},
                      .env = {{"NOETL_DATABASE_URL", stack.database_url()}, {"NATS_URL", "none"}, {"NOETL_PORT", "0"}},
                      .log_file = stack.folder().path() / "refused.log",
                      .work_folder = {},
                      .user = {}});
  CHECK(refused.wait(20s) != 0);
  CHECK_MESSAGE(refused.log().find("is a superuser") != std::string::npos, refused.log());
  CHECK(stack.sql_number("select count(*) from pg_namespace where nspname = 'noetl'") == 0);

  stack.start_server({{"NOETL_DATABASE_URL", stack.database_url()}, {"NOETL_ALLOW_SUPERUSER", "yes"}});
  CHECK(stack.api().get("/readyz").status == 200);
}

TEST_CASE("a database that a superuser's server has made is given to another role as docs/operations/upgrade.md says") {
  Stack stack(StackSettings{.servers = 0, .workers = 0, .is_server_started = false, .env = {}});
  const auto index =
      stack.start_server({{"NOETL_DATABASE_URL", stack.database_url()}, {"NOETL_ALLOW_SUPERUSER", "yes"}});
  stack.server(index).send(SIGTERM);
  stack.server(index).wait(20s);
  auto text = read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "docs/operations/upgrade.md");
  const auto begin = text.find("```sql\n", text.find("refuses a superuser")) + 7;
  text = text.substr(begin, text.find("```", begin) - begin);
  text = text.substr(text.find("alter database"));  // the role is there
  const auto name = stack.database_url().substr(stack.database_url().rfind('/') + 1);
  text.replace(text.find("database noetl "), 15, "database " + name + " ");

  (void)stack.sql(text);
  stack.restart_server(index);  // as noetl_server

  stack.start_worker();
  const auto id = stack.enqueue({Json{{"tool", {{"kind", "noop"}}}}}).at(0);
  wait_until("its end", 10s, [&] { return stack.api().get("/api/v2/commands/" + id).json().at("status") == "done"; });
}
