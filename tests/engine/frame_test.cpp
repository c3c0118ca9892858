#include "shared/engine/state/frame.hpp"

#include <doctest/doctest.h>

namespace noetl::engine {
namespace {

// As the release before writes and reads them.
constexpr const char* stored[] = {
    R"({"index":3,"item":{},"loop":"each","node":"each[3]","step":"each","total":9})",
    R"({"args":{"day":"Monday"},"attempt":2,"attempts":5,"collected":[1],"commands":7,"iter":{"x":null},"node":"a#2",)"
    R"("overrides":{"params":{"page":2}},"parts_stored":1,"previous":"text","requests":4,"results":{"one":1},"step":"a",)"
    R"("task":2})",
    R"({"claim":true,"node":"each","step":"each"})",
    R"({"ended":{"arrivals":[{"args":{},"is_of_item":true,"step":"b","waits_its_turn":true}],"error":{"kind":"x"},)"
    R"("is_handled":true,"is_routed":false,"made":null,"result":{"b":1.50, "a":2},"retry_ms":250},"node":"a",)"
    R"("sinks":[{"input":{"x":1},"templates":["/tool/url"],"tool":{"kind":"http"}},{"input":{},"tool":{"kind":"noop"}}],)"
    R"("step":"a"})",
    R"({"node":"say \"hi\"","step":"a"})",
};

TEST_CASE("A frame is read and written as the release before has it") {
  for (const std::string text : stored) {
    CAPTURE(text);
    const auto frame = frame_from_text(text);

    REQUIRE(frame);
    CHECK(whole_frame_text(*frame) == text);
  }
}

TEST_CASE("A frame brings back what its command was issued for") {
  const auto item = frame_from_text(stored[0]).value();
  CHECK(item.is_iteration());
  CHECK(item.index == 3);
  CHECK(item.commands == 1);
  CHECK(frame_from_text(stored[2])->is_claim);
  CHECK(is_claim_frame(stored[2]));
  CHECK_FALSE(is_claim_frame(stored[0]));
  CHECK_FALSE(is_claim_frame(""));
  CHECK(attempt_of_frame(stored[1]) == 2);
  CHECK(attempt_of_frame(stored[0]) == 1);
  CHECK(attempt_of_frame("") == 1);

  const auto held = frame_from_text(stored[3]).value();
  REQUIRE(held.ended);
  CHECK(held.ended->result.get() == Json{{"a", 2}, {"b", 1.5}});
  CHECK(held.ended->tokens.at(0).waits_its_turn);
  CHECK(held.ended->retry_ms == 250);
  CHECK(held.sinks.at(0).templates == std::vector<std::string>{"/tool/url"});
}

TEST_CASE("A plain step's first command carries no frame") {
  Frame frame;
  frame.node = "a";
  frame.step = "a";
  frame.commands = 1;
  CHECK(frame_text(frame).empty());
  CHECK(whole_frame_text(frame) == R"({"node":"a","step":"a"})");

  frame.attempt = 2;
  CHECK(frame_text(frame) == R"({"attempt":2,"node":"a","step":"a"})");
}

TEST_CASE("A text that is no frame is refused and says why") {
  for (const auto* text :
       {"", "null", "7", "{}", R"({"node":"a"})", R"({"node":7,"step":"a"})", R"({"node":"a","step":"a","task":"b"})",
        R"({"node":"a","step":"a"} more)", R"({"node":"a","step":"a","item":[1,]})"}) {
    CAPTURE(text);
    const auto frame = frame_from_text(text);
    REQUIRE_FALSE(frame);
    CHECK(frame.error().message.find("the stored frame cannot be read: ") == 0);
  }
}

}  // namespace
}  // namespace noetl::engine
