// Events on their way into a stream, with a real Postgres and a real nats-server: each once, in an order that a reader can go on in,
// whatever commits late, dies or is away.
#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/feed/event_feed.hpp"
#include "server/feed/read_feed.hpp"
#include "shared/messaging/client.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;

namespace {

// A transaction that is open until commit().
class Transaction {
 public:
  explicit Transaction(const std::string& url) : connection_(PQconnectdb(url.c_str())) { run("begin"); }
  ~Transaction() { PQfinish(connection_); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void run(const std::string& statement) {
    PGresult* result = PQexec(connection_, statement.c_str());
    const auto status = PQresultStatus(result);
    PQclear(result);
    REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
  }
  void insert(std::int64_t id, const std::string& execution) {
    run("insert into noetl.event (event_id, execution_id, event_type) values (" + std::to_string(id) + ", " +
        execution + ", 'noted')");
  }
  void commit() { run("commit"); }

 private:
  PGconn* connection_;
};

struct FeedFixture {
  TestServer server;
  support::NatsServer nats;
  std::string execution;
  std::shared_ptr<nats::Connection> connection;

  FeedFixture() {
    catalog::register_playbook(server.context, {support::single_step}).value();
    nats::ConnectionSettings settings;
    settings.url = nats.url();
    settings.reconnect_delay = 20ms;
    settings.reconnect_delay_max = 40ms;
    connection = messaging::connect(settings).value();
  }
  void start_execution() {
    wire::ExecuteRequest request;
    request.path = "tests/single";
    execution = executions::start_execution(server.context, request).value().execution_id.str();
  }
  [[nodiscard]] std::unique_ptr<feed::EventFeed> publish() const {
    nats::ConnectionSettings settings;
    settings.url = nats.url();
    return std::make_unique<feed::EventFeed>(
        feed::EventFeedSettings{.database_url = server.database_url,
                                .nats = settings,
                                .stream = {.name = "NOETL_EVENTS", .subjects = {"noetl.events.>"}},
                                .subject = "noetl.events",
                                .is_leading = [] { return true; }});
  }
  // Once it stands where the stream and Postgres are.
  [[nodiscard]] std::unique_ptr<feed::EventFeed> publish_from_now() const {
    auto feed = publish();
    support::wait_until("the first look", 10s, [&] { return feed->counts().looks > 0; });
    return feed;
  }
  [[nodiscard]] std::uint64_t messages() const {
    const auto found = nats.request("$JS.API.STREAM.INFO.NOETL_EVENTS");
    return found.contains("state") ? found.at("state").at("messages").get<std::uint64_t>() : 0;
  }
  void wait_for(std::uint64_t count) const {
    support::wait_until(std::to_string(count) + " messages", 20s, [&] { return messages() >= count; });
  }
  [[nodiscard]] std::string header(std::uint64_t sequence, const std::string& name) const {
    return messaging::header_at(*connection, "NOETL_EVENTS", sequence, name, 5s).value();
  }
  // Event ids in the order of the stream.
  [[nodiscard]] std::vector<std::int64_t> published() const {
    std::vector<std::int64_t> ids;
    const auto last = messages();
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence)
      ids.push_back(std::stoll(header(sequence, "X-Event-ID")));
    return ids;
  }
  [[nodiscard]] std::vector<std::int64_t> stored() const {
    std::vector<std::int64_t> ids;
    for (const auto& row : support::sql(server.database_url,
                                        "select event_id from noetl.event where execution_id is not null order by 1"))
      ids.push_back(std::stoll(row.at(0)));
    return ids;
  }
  // Each that is stored, once.
  void check_each_once() const {
    auto ids = published();
    std::ranges::sort(ids);
    CHECK(ids == stored());
  }
  [[nodiscard]] std::vector<std::int64_t> read(const std::string& after, const std::string& before, int limit) {
    std::vector<std::int64_t> ids;
    for (auto from = after; !from.empty();) {
      const auto page = feed::read_feed(server.context, {.after = from, .before = before, .limit = limit}).value();
      for (const auto& event : page.events) ids.push_back(event.row.event_id.value);
      from = page.next_after;
    }
    return ids;
  }
};

}  // namespace

TEST_CASE_FIXTURE(FeedFixture, "events of an execution are in the stream after their commit, under path and type") {
  const auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  const auto first = nats.request("$JS.API.STREAM.MSG.GET.NOETL_EVENTS", R"({"seq":1})").at("message");
  CHECK(first.at("subject") == "noetl.events.tests/single.playbook.initialized");
  CHECK(header(1, "X-Aggregate-ID") == execution);
  CHECK(header(1, "X-Event-Type") == "playbook.initialized");
  CHECK(header(1, "Nats-Msg-Id") == header(1, "X-Event-ID"));
  check_each_once();
}

TEST_CASE_FIXTURE(FeedFixture, "what was committed before publishing began is not published") {
  start_execution();
  const auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  CHECK(header(1, "X-Aggregate-ID") == execution);
}

TEST_CASE_FIXTURE(FeedFixture, "a transaction that commits late is published when it does, though its ids are older") {
  auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  const auto begun = messages();
  Transaction late(server.database_url);
  const auto old_id = server.ids.next();
  late.insert(old_id, execution);
  const auto new_id = server.ids.next();
  {
    Transaction quick(server.database_url);
    quick.insert(new_id, execution);
    quick.commit();
  }
  wait_for(begun + 1);
  CHECK(published().back() == new_id);
  feed = publish_from_now();  // the next server knows of the open transaction, too
  late.commit();
  wait_for(begun + 2);
  CHECK(published().back() == old_id);
  check_each_once();
}

TEST_CASE_FIXTURE(FeedFixture, "what is rolled back is not published") {
  const auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  const auto begun = messages();
  {
    Transaction open(server.database_url);
    open.insert(server.ids.next(), execution);
  }
  Transaction next(server.database_url);
  next.insert(server.ids.next(), execution);
  next.commit();
  wait_for(begun + 1);
  check_each_once();
}

TEST_CASE_FIXTURE(
    FeedFixture,
    "a server that dies between publishing and its note repeats nothing, however late the next one comes") {
  auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  feed.reset();
  const auto note = support::sql(server.database_url, "select position from noetl.checkpoint").at(0).at(0);
  // Without a window for duplicates: the stream itself says what it has.
  auto config = nats.request("$JS.API.STREAM.INFO.NOETL_EVENTS").at("config");
  config["duplicate_window"] = 100'000'000;
  REQUIRE_FALSE(nats.request("$JS.API.STREAM.UPDATE.NOETL_EVENTS", config.dump()).contains("error"));
  feed = publish_from_now();
  for (int i = 0; i < 1200; ++i) {  // several pages
    Transaction one(server.database_url);
    one.insert(server.ids.next(), execution);
    one.commit();
  }
  wait_for(stored().size());
  feed.reset();
  server.run("update noetl.checkpoint set position = '" + note + "'");
  CHECK(support::holds_for(300ms, [] { return true; }));  // longer than that window
  feed = publish_from_now();
  Transaction last(server.database_url);
  last.insert(server.ids.next(), execution);
  last.commit();
  wait_for(stored().size());
  check_each_once();
}

TEST_CASE_FIXTURE(FeedFixture, "messages of strangers in the stream do not stop it") {
  auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  const auto begun = messages();
  feed.reset();
  static_cast<void>(nats.request("noetl.events.x.y", "garbage"));
  feed = publish_from_now();
  static_cast<void>(nats.request("noetl.events.x.y", "garbage"));
  Transaction one(server.database_url);
  one.insert(server.ids.next(), execution);
  one.commit();
  wait_for(begun + 3);
  CHECK(header(begun + 3, "X-Event-ID") == std::to_string(stored().back()));
}

TEST_CASE_FIXTURE(FeedFixture, "NATS that is away costs no event") {
  const auto feed = publish_from_now();
  start_execution();
  wait_for(1);
  nats.stop();
  for (int i = 0; i < 20; ++i) start_execution();
  nats.start();
  REQUIRE(connection->wait_connected(10s));
  wait_for(stored().size());
  check_each_once();
  CHECK(feed->counts().failures > 0);
}

TEST_CASE_FIXTURE(FeedFixture, "two servers that both believe to lead publish each event once") {
  const auto first = publish_from_now();
  const auto second = publish();
  for (int i = 0; i < 100; ++i) start_execution();
  wait_for(stored().size());
  check_each_once();
}

TEST_CASE_FIXTURE(FeedFixture, "many transactions in any order, with publishers that come and go: each event once") {
  auto feed = publish_from_now();
  start_execution();
  std::vector<std::jthread> writers;
  constexpr int threads = 6;
  constexpr int rounds = 60;
  for (int thread = 0; thread < threads; ++thread) {
    writers.emplace_back([&, thread] {
      std::mt19937 random(static_cast<unsigned>(thread));  // NOLINT: the same each time
      for (int round = 0; round < rounds; ++round) {
        Transaction one(server.database_url);
        one.insert(server.ids.next(), execution);
        one.run("select pg_sleep(" + std::to_string(static_cast<double>(random() % 100) / 1000) + ")");
        one.insert(server.ids.next(), execution);
        one.commit();
      }
    });
  }
  for (int i = 0; i < 5; ++i) feed = publish_from_now();
  writers.clear();
  wait_for(stored().size());
  check_each_once();
}

TEST_CASE_FIXTURE(FeedFixture, "between any two positions Postgres has what the stream had there, page by page") {
  auto feed = publish_from_now();
  start_execution();
  for (int i = 0; i < 40; ++i) {
    Transaction late(server.database_url);
    late.insert(server.ids.next(), execution);
    Transaction quick(server.database_url);
    quick.insert(server.ids.next(), execution);
    quick.insert(server.ids.next(), execution);
    quick.commit();
    if (i % 8 == 0) wait_for(messages() + 1);
    late.commit();
  }
  wait_for(stored().size());
  const auto ids = published();
  const auto last = ids.size();
  for (const auto& [from, to] :
       {std::pair<std::size_t, std::size_t>{1, last}, {1, 2}, {3, 30}, {10, 11}, {last - 3, last}}) {
    const auto after = header(from, "Noetl-Position");
    const auto before = header(to, "Noetl-Position");
    for (const int limit : {1, 7, 1000}) {
      auto found = read(after, before, limit);
      std::vector<std::int64_t> expected(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                         ids.begin() + static_cast<std::ptrdiff_t>(to) - 1);
      std::ranges::sort(found);
      std::ranges::sort(expected);
      CHECK(found == expected);
    }
  }
  CHECK(read(header(last, "Noetl-Position"), "", 10).empty());
  CHECK(read(header(1, "Noetl-Position"), "", 10).size() == last - 1);
  CHECK(read(header(5, "Noetl-Position"), header(2, "Noetl-Position"), 10).empty());
}

TEST_CASE_FIXTURE(FeedFixture,
                  "positions that are none are refused, and so is the question before anything was published") {
  const auto error = [&](const std::string& after, const std::string& before) {
    return feed::read_feed(server.context, {.after = after, .before = before, .limit = 10}).error().code;
  };
  CHECK(error("", "") == base::ErrorCode::not_found);
  const auto feed = publish_from_now();
  CHECK(error("garbage", "") == base::ErrorCode::invalid_input);
  CHECK(error("1.2.3.1:1:.1:1:", "x") == base::ErrorCode::invalid_input);
  CHECK_FALSE(feed::read_feed(server.context, {.after = "", .before = "", .limit = 10}).value().next_after.empty());
}
