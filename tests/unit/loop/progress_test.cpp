#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/loop/worker_fixture.hpp"
#include "worker/loop/progress/command_progress.hpp"
#include "worker/loop/progress/progress_reporter.hpp"

using namespace noetl;
using namespace noetl::loop_test;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

// A command that is looked at by hand: its teller does not run.
struct Spoken {
  ScriptedTransport transport;
  loop::WorkerCounts counts;
  loop::ProgressReporter teller{{}, transport, counts};
  loop::CommandProgress command{&teller, {.queue_id = base::CommandId{7}, .epoch = 2}, [](std::string text) {
                                  const auto at = text.find("hunter2");
                                  return at == std::string::npos ? text : text.replace(at, 7, "***");
                                }};

  std::optional<Json> after(std::chrono::milliseconds time) {
    const auto note = command.take(std::chrono::steady_clock::now() + time, 1000ms);
    return note ? std::optional(Json::parse(note->payload)) : std::nullopt;
  }
};

}  // namespace

TEST_CASE("a worker tells what a running command says, in one note, and reports its end as before") {
  WorkerFixture fixture;
  fixture.settings.progress_interval = 20ms;
  fixture.server.add(1, "talking");

  fixture.start();
  fixture.wait("it is told", [&] { return !fixture.server.notes().empty(); });
  fixture.talking->held.let_go();
  fixture.wait("it is reported", [&] { return fixture.server.reported() == 1; });
  fixture.finish();

  const auto notes = fixture.server.notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].lease == domain::Lease{.queue_id = base::CommandId{1}, .epoch = 1});
  CHECK(notes[0].name == "command.log");
  Json said = Json::parse(notes[0].payload);
  said.erase("running_seconds");
  CHECK(said == Json{{"output", "first line\nsecond line\n"}, {"fraction", 0.5}, {"rows", 40}, {"text", "half"}});
  CHECK(fixture.worker->counts().progress_told == 1);
}

TEST_CASE("a command that ends within the interval says nothing") {
  WorkerFixture fixture;
  fixture.talking->held.let_go();
  for (int i = 1; i <= 50; ++i) fixture.server.add(i, "talking");

  fixture.start();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 50; });
  fixture.finish();

  CHECK(fixture.server.notes().empty());
}

TEST_CASE("a server that cannot be told costs the command nothing") {
  WorkerFixture fixture;
  fixture.settings.progress_interval = 20ms;
  fixture.server.reports_to_fail = 1;
  fixture.server.add(1, "talking");

  fixture.start();
  fixture.wait("a call failed", [&] { return fixture.worker->counts().progress_failures == 1; });
  fixture.talking->held.let_go();
  fixture.wait("it is reported", [&] { return fixture.server.reported() == 1; });
  fixture.finish();

  CHECK(fixture.server.row(1).reports[0].outcome == domain::Outcome::completed);
}

TEST_CASE("nothing is said twice, nor before its time, nor more often the longer it runs") {
  Spoken spoken;
  spoken.command.print("a\n");
  CHECK_FALSE(spoken.after(500ms));
  CHECK(spoken.after(1500ms)->at("output") == "a\n");
  CHECK_FALSE(spoken.after(9000ms));
  spoken.command.print("b\n");
  CHECK_FALSE(spoken.after(2000ms));
  CHECK(spoken.after(3000ms)->at("output") == "b\n");
  spoken.command.print("c\n");
  CHECK(spoken.after(1000s)->at("output") == "c\n");
  spoken.command.print("d\n");
  CHECK_FALSE(spoken.after(1015s));
  CHECK(spoken.after(1025s)->at("output") == "d\n");
}

TEST_CASE("of a flood the newest lines are told, whole, with the size of the rest; an endless line is left out") {
  Spoken spoken;
  for (int i = 0; i < 10'000; ++i) spoken.command.print("line " + std::to_string(i) + "\n");
  spoken.command.print(std::string(100'000, 'x'));
  spoken.command.print("tail of it\nlast\n");

  const auto said = spoken.after(2s);

  const auto output = said->at("output").get<std::string>();
  CHECK(output.size() <= loop::CommandProgress::lines_bytes_max);
  CHECK(output.starts_with("line 9"));
  CHECK(output.ends_with("line 9999\nlast\n"));
  CHECK(said->at("dropped_bytes").get<std::size_t>() + output.size() == 98'890 + 100'010 + 5);
}

TEST_CASE("secrets in lines are masked even when a line comes in pieces, and NUL and broken UTF-8 do no harm") {
  Spoken spoken;
  spoken.command.print("password hun");
  spoken.command.print("ter2\n");
  spoken.command.print(std::string_view("\0\xFF\n", 3));

  CHECK(spoken.after(2s)->at("output") == "password ***\n \xEF\xBF\xBD\n");
}

TEST_CASE("the newest note counts, and is repeated with later lines") {
  Spoken spoken;
  spoken.command.tell({.fraction = 0.1, .rows = {}, .text = {}});
  spoken.command.tell({.fraction = 7.0, .rows = 5, .text = {}});
  CHECK(spoken.after(2s)->at("fraction") == 1.0);
  spoken.command.print("x\n");
  CHECK(spoken.after(4s)->at("rows") == 5);
}
