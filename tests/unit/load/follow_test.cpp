// Following commands to their end, on a server that the test writes.
#include "cli/load/follow.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>

#include "tests/support/local_http.hpp"

namespace noetl::load {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

Json row(int id, bool has_ended) {
  Json command{{"queue_id", std::to_string(id)},
               {"status", has_ended ? "done" : "running"},
               {"created_at", "2026-01-31T12:00:00.000000Z"},
               {"claimed_at", "2026-01-31T12:00:00.250000Z"},
               {"finished_at", nullptr}};
  if (has_ended) command["finished_at"] = "2026-01-31T12:00:01.500000Z";
  return command;
}

// Commands 7, 8 and 9, as `rows` says at each look at the list.
struct Commands {
  std::function<Json(int look)> rows;
  std::atomic<int> looks{0};
  support::LocalHttp http;

  explicit Commands(std::function<Json(int)> shown) : rows(std::move(shown)) {
    http.server.Get(R"(/api/v2/commands/(\d+))", [this](const httplib::Request& request, httplib::Response& response) {
      for (const auto& command : rows(looks)) {
        if (command.at("queue_id") == request.matches[1].str())
          return response.set_content(command.dump(), "application/json");
      }
      response.status = 404;
      response.set_content(R"({"code":"not_found","detail":"gone"})", "application/problem+json");
    });
    http.server.Get("/api/v2/commands", [this](const httplib::Request& request, httplib::Response& response) {
      CHECK(request.get_param_value("pool") == "blue");
      response.set_content(Json{{"commands", rows(looks++)}}.dump(), "application/json");
    });
    http.listen();
  }

  Followed follow(std::chrono::milliseconds patience) {
    return load::follow({.target = {.origin = http.url("")},
                         .kind = commands(),
                         .filter = "pool=blue",
                         .ids = {"8", "9", "7"},
                         .patience = patience});
  }
};

}  // namespace

TEST_CASE("all are followed to their end, with the server's times, whatever others stand between") {
  // Command 7 ends after the first look at the list; 10 is somebody else's.
  Commands server([](int look) { return Json{row(10, true), row(9, true), row(8, true), row(7, look > 0)}; });

  const auto followed = server.follow(10s);

  CHECK_FALSE(followed.problem);
  CHECK(followed.unfinished.empty());
  CHECK(followed.vanished == 0);
  REQUIRE(followed.ended.size() == 3);
  CHECK(followed.ended[0].id == "9");
  CHECK(followed.ended[2].id == "7");
  CHECK(followed.ended[2].claimed - followed.ended[2].created == 250ms);
  CHECK(followed.ended[2].finished - followed.ended[2].created == 1500ms);
}

TEST_CASE("what is not there any more is not waited for") {
  Commands server([](int) { return Json{row(8, true)}; });

  const auto followed = server.follow(10s);

  CHECK_FALSE(followed.problem);
  CHECK(followed.ended.size() == 1);
  CHECK(followed.vanished == 2);
}

TEST_CASE("who does not end in time is named, and those who did are told") {
  Commands server([](int) { return Json{row(9, false), row(8, true), row(7, true)}; });

  const auto followed = server.follow(50ms);

  REQUIRE(followed.problem);
  CHECK(followed.problem->code == base::ErrorCode::timeout);
  CHECK(followed.problem->message.find("1 of 3 have not ended, the newest of them 9") != std::string::npos);
  CHECK(followed.ended.size() == 2);
  CHECK(followed.unfinished == std::vector<std::string>{"9"});
}

TEST_CASE("a time of the API is read to the microsecond, and nothing else is") {
  CHECK(parse_instant("1970-01-02T00:00:01.000250Z") == Instant{24h + 1s + 250us});
  CHECK(parse_instant("2026-01-31T12:00:00Z").has_value());
  CHECK_FALSE(parse_instant(""));
  CHECK_FALSE(parse_instant("2026-02-31T12:00:00Z"));
  CHECK_FALSE(parse_instant("2026-01-31 12:00:00"));
}

}  // namespace noetl::load
