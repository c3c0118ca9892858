#include <doctest/doctest.h>

#include <chrono>
#include <memory>

#include "support.hpp"
#include "worker/tools/builtin/instant_tools.hpp"
#include "worker/tools/results.hpp"

using namespace noetl::tools;

TEST_CASE("a registry finds a tool by its kind and lists the kinds") {
  Registry registry;
  registry.add(std::make_unique<NoopTool>());
  registry.add(std::make_unique<EventLogTool>());

  CHECK(registry.find("noop")->kind() == "noop");
  CHECK(registry.find("unknown") == nullptr);
  CHECK(registry.kinds() == std::vector<std::string>{"event_log", "noop"});
}

TEST_CASE("noop answers ok at once, or with its data") {
  NoopTool noop;

  CHECK(noop.is_instant());
  CHECK(noop.run(call_of({{"kind", "noop"}})).result == R"({"status":"ok"})");
  CHECK(noop.run(call_of({{"kind", "noop"}, {"data", {1, 2}}})).result == "[1,2]");
}

TEST_CASE("event_log returns its input") {
  EventLogTool log;

  CHECK(log.is_instant());
  CHECK(log.run(call_of({{"kind", "event_log"}}, {{"status", "success"}})).result == R"({"status":"success"})");
}

TEST_CASE("noop is cheap enough to run without a thread of its own") {
  NoopTool noop;
  const ToolCall call = call_of({{"kind", "noop"}});
  const auto began = std::chrono::steady_clock::now();
  constexpr int calls = 100'000;

  for (int i = 0; i < calls; ++i) (void)noop.run(call);

  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  MESSAGE("noop calls/s: " << calls / took.count());
  CHECK(took.count() < 10.0);
}

TEST_CASE("text that Postgres would refuse is made storable") {
  CHECK(storable_text("plain ünïcode \xF0\x9F\x98\x80") == "plain ünïcode \xF0\x9F\x98\x80");
  CHECK(storable_text(std::string("a\0b", 3)) ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(storable_text("\xFF\xC0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(storable_text("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  CHECK(storable_text("\xE2\x82") == "\xEF\xBF\xBD\xEF\xBF\xBD");  // cut in the middle
}

TEST_CASE("output above its bound is cut with a mark that says how much there was") {
  BoundedOutput output(200);
  output.append(std::string(150, 'a').data(), 150);
  CHECK_FALSE(output.is_cut());
  output.append(std::string(150, 'b').data(), 150);

  CHECK(output.is_cut());
  CHECK(output.text().size() <= 200);
  CHECK(output.text().find("[output cut: 300 bytes in all") != std::string::npos);
}

TEST_CASE("output is cut between characters, and a tail begins with a line") {
  BoundedOutput output(200);
  for (int i = 0; i < 104; ++i) output.append("\xC3\xBC", 2);
  BoundedOutput odd(201);
  for (int i = 0; i < 104; ++i) odd.append("\xC3\xBC", 2);

  CHECK(odd.text().find("\xEF\xBF\xBD") == std::string::npos);
  CHECK(odd.text().substr(0, 104) == output.text().substr(0, 104));
  CHECK(last_lines("one\ntwo\nthree", 9) == "three");
  CHECK(last_lines("one\ntwo\nthree", 100) == "one\ntwo\nthree");
  CHECK(last_lines("three", 3).empty());
}
