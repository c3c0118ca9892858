// Requests and answers of any size between a Requester and a Responder.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "shared/nats/requests/requester.hpp"
#include "shared/nats/requests/responder.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/subject.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using base::ErrorCode;
using support::subject;

namespace {

constexpr std::size_t mib = 1024 * 1024;

// Two clients of one server: one asks, the other answers with what it was sent, in capitals.
struct RequestsFixture {
  support::NatsServer server;
  std::unique_ptr<nats::Connection> client{open()};
  std::unique_ptr<nats::Connection> host{open()};
  std::atomic<int> served{0};
  bool is_silent = false;
  std::unique_ptr<nats::Responder> responder = std::make_unique<nats::Responder>(
      *host,
      [this](nats::Responder& self, nats::Responder::Incoming request) {
        if (!request.is_whole()) {
          CHECK(self.receive_rest(request).has_value());
          return;
        }
        ++served;
        std::string bytes = request.bytes;
        for (char& c : bytes) c = c == 'a' ? 'A' : c;
        if (!is_silent) self.answer(request, {{"Seen", std::string(nats::header_of(request.headers, "told"))}}, bytes);
      },
      "echo.parts");
  std::unique_ptr<nats::Requester> requester{nats::Requester::open(*client).value()};

  RequestsFixture() {
    REQUIRE(responder->listen(subject("echo.it"), "group").has_value());
    REQUIRE(host->flush(2s).has_value());
  }
  ~RequestsFixture() { responder.reset(); }  // its threads use the others

  [[nodiscard]] std::unique_ptr<nats::Connection> open() const {
    nats::ConnectionSettings settings;
    settings.url = server.url();
    settings.reconnect_delay = 20ms;
    settings.reconnect_delay_max = 40ms;
    settings.sends_asap = true;
    return nats::Connection::open(settings).value();
  }
};

}  // namespace

TEST_CASE("a request and its answer have headers, and bodies of any size") {
  RequestsFixture fixture;
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{5}, mib - 16 * 1024, mib - 16 * 1024 + 1, mib, 7 * mib + 3}) {
    CAPTURE(bytes);
    const auto answer = fixture.requester->request(subject("echo.it"), {{"Told", "x=1"}}, std::string(bytes, 'a'), 20s);
    REQUIRE(answer.has_value());
    CHECK(answer->bytes == std::string(bytes, 'A'));
    CHECK(nats::header_of(answer->headers, "seen") == "x=1");
  }
}

TEST_CASE("many requests at a time get each its own answer") {
  RequestsFixture fixture;
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        const nats::ThreadScope scope;
        for (int i = 0; i < 50; ++i) {
          const std::string body =
              std::to_string(thread) + "/" + std::to_string(i) + std::string(i == 25 ? 2 * mib : 10, 'b');
          const auto answer = fixture.requester->request(subject("echo.it"), {}, body, 20s);
          if (answer && answer->bytes == body) ++right;
        }
      });
    }
  }
  CHECK(right == 8 * 50);
}

TEST_CASE("where nobody listens a request fails at once, and where nobody answers after its patience") {
  RequestsFixture fixture;
  const auto begin = std::chrono::steady_clock::now();
  const auto nobody = fixture.requester->request(subject("echo.nobody"), {}, "x", 20s);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().code == ErrorCode::unavailable);

  fixture.is_silent = true;
  const auto silent = fixture.requester->request(subject("echo.it"), {}, "x", 50ms);
  REQUIRE_FALSE(silent.has_value());
  CHECK(silent.error().code == ErrorCode::timeout);
  CHECK(silent.error().message.find("echo.it") != std::string::npos);
}

TEST_CASE("a request that is under way when NATS goes away fails long before its patience ends") {
  RequestsFixture fixture;
  fixture.is_silent = true;
  std::optional<base::Result<nats::Requester::Answer>> answer;
  std::jthread asking([&] {
    const nats::ThreadScope scope;
    answer.emplace(fixture.requester->request(subject("echo.it"), {}, "x", 120s));
  });
  support::wait_until("it is served", 10s, [&] { return fixture.served == 1; });

  fixture.server.stop();

  asking.join();
  REQUIRE_FALSE(answer->has_value());
  CHECK(answer->error().code == ErrorCode::unavailable);
  fixture.server.start();
}

TEST_CASE("it is found out at once that who asked waits no more") {
  RequestsFixture fixture;
  std::optional<nats::Responder::Incoming> seen;
  auto host = fixture.open();
  nats::Responder slow(*host, [&](nats::Responder&, nats::Responder::Incoming request) { seen = std::move(request); });
  REQUIRE(slow.listen(subject("slow.it"), "group").has_value());
  REQUIRE(host->flush(2s).has_value());
  {
    auto asker = fixture.open();
    auto requester = nats::Requester::open(*asker).value();
    CHECK_FALSE(requester->request(subject("slow.it"), {}, "x", 200ms).has_value());
    slow.stop();  // the handler has ended
    REQUIRE(seen.has_value());
    CHECK(slow.is_waiting(*seen));
  }
  CHECK_FALSE(slow.is_waiting(*seen));
}

TEST_CASE("an answer goes to inboxes alone, whatever subject a request asks it to be sent to") {
  RequestsFixture fixture;
  auto stream = fixture.client->subscribe(subject("noetl.commands")).value();
  REQUIRE(fixture.client->publish_request(subject("echo.it"), subject("noetl.commands"), "forged").has_value());
  const auto answer = fixture.requester->request(subject("echo.it"), {}, "a", 10s);  // after it, on the same way
  REQUIRE(answer.has_value());
  CHECK(fixture.served == 1);
  CHECK_FALSE(stream->next(50ms)->has_value());
}

TEST_CASE("a request that says it has parts which never come is not served, nor any other held up") {
  RequestsFixture fixture;
  for (std::size_t i = 0; i <= nats::Responder::uploads_max; ++i) {
    const nats::Headers headers = nats::with_part({}, {.number = 1, .count = 3, .bytes_total = 30});
    const auto reply = fixture.client->new_inbox();
    if (i < nats::Responder::uploads_max)
      REQUIRE(nats::publish_with_headers(*fixture.client, "echo.it", reply.c_str(), headers, "0123456789").has_value());
  }
  const auto answer = fixture.requester->request(subject("echo.it"), {}, "a", 10s);
  REQUIRE(answer.has_value());
  CHECK(fixture.served == 1);
}
