#include <doctest/doctest.h>

#include "shared/engine/engine.hpp"
#include "tests/engine/state_json.hpp"

namespace noetl::engine {
namespace {

State some_state() {
  State state;
  state.variables = Json{{"n", 1}};
  state.results["a"] = {.value = Json{{"x", "y"}}, .reference = {}, .loop = {}};
  state.results["b"] = {.value = {}, .reference = {42}, .loop = {}};
  state.results["c"] = {.value = {}, .reference = {}, .loop = {}};
  state.outstanding["d#2"] = "d";
  state.visits["d"] = 2;
  state.completed_steps = {"a", "b"};
  state.current_step = "d";
  state.notes.arrivals = {{.step = "e"}};
  return state;
}

TEST_CASE("A state comes back from its JSON as it was") {
  const auto back = state_from_text(state_text(some_state()));

  REQUIRE(back);
  CHECK(to_json(*back) == to_json(some_state()));
  CHECK(back->results.at("b").reference == base::ResultId{42});
}

TEST_CASE("A state whose names need escapes comes back as well") {
  auto state = some_state();
  state.results["say \"hi\"\n"] = {.value = Json{{"é", "\t"}}, .reference = {}, .loop = "a\\b[1]"};
  state.outstanding["tab\there"] = "quote\"d";
  const auto back = state_from_text(state_text(state));

  REQUIRE(back);
  CHECK(to_json(*back) == to_json(state));
}

// As the release before writes and reads it.
constexpr const char* text_with_notes =
    R"({"bookkeeping":{"aliases":{"loop_results":"each","pages":"fetch"},)"
    R"("arrivals":[{"args":{"n":1},"step":"join"},{"args":{},"is_of_item":true,"step":"note","waits_its_turn":true}],)"
    R"("failure":{"kind":"exception","message":"no","step":"a"},"finished":"failed","last_result_step":"fetch","loops":{)"
    R"("claim#2":{"args":{"day":"Monday"},"claiming":1,"claims":3,"completed":4,"failed":0,"frame":{"max_rows":5},)"
    R"("lanes":2,"limit":8,"next":6,"rows_at_once":4,"running":2,"step":"claim","total":6},)"
    R"("each":{"completed":1,"failed":2,"first_error":{"index":0,"kind":"x"},"handled":1,"limit":3,"next":4,)"
    R"("routed":[{"args":{},"step":"end"}],"running":1,"step":"each","total":9}},)"
    R"("result_step":"sum","scopes":{"fetch":{"page":2}}},"completed_steps":["a"],"current_step":"a","decisions":7,)"
    R"("outstanding":{"claim#2":"claim","each":"each"},"version":1,"visits":{"a":1},"variables":{},"results":{}})";

TEST_CASE("The notes of a state are read and written as the release before has them") {
  const auto state = state_from_text(text_with_notes);

  REQUIRE(state);
  CHECK(state_text(*state) == text_with_notes);
  const auto& notes = state->notes;
  CHECK(notes.arrivals.at(1).waits_its_turn);
  CHECK(notes.arrivals.at(0).args == Json{{"n", 1}});
  CHECK(notes.loops.at("claim#2").cursor->claims == 3);
  CHECK(notes.loops.at("claim#2").under_way() == 3);
  CHECK_FALSE(notes.loops.at("claim#2").is_in_line());
  CHECK(notes.loops.at("each").routed->at(0).step == "end");
  CHECK_FALSE(notes.loops.at("each").cursor);
  CHECK(notes.scopes.at("fetch") == Json{{"page", 2}});
}

TEST_CASE("A state whose members stand in another order is the same") {
  const auto sorted = Json::parse(text_with_notes).dump();
  const auto state = state_from_text(sorted);

  REQUIRE(state);
  CHECK(sorted != text_with_notes);
  CHECK(state_text(*state) == text_with_notes);
}

TEST_CASE("What a step adds to a state stands before the results of the steps before it") {
  auto state = some_state();
  const auto before = state_text(state);
  state.results["aa"] = {.value = Json{{"new", true}}, .reference = {}, .loop = {}};
  state.completed_steps.emplace_back("aa");
  state.current_step = "aa";
  state.visits["aa"] = 1;

  const auto after = state_text(state);

  const auto old_results = R"("b":{"reference":"42"},"a":{"value":{"x":"y"}},"c":{"value":null}}})";
  CHECK(before.ends_with(std::string(R"("results":{)") + old_results));
  CHECK(after.ends_with(std::string(R"("results":{"aa":{"value":{"new":true}},)") + old_results));
  CHECK(to_json(state_from_text(after).value()) == to_json(state));
}

TEST_CASE("Notes that a later release has added stay in the state") {
  auto json = Json::parse(text_with_notes);
  json["bookkeeping"]["weather"] = Json{{"rain", {1, 2}}};
  const auto state = state_from_text(json.dump());

  REQUIRE(state);
  CHECK(to_json(*state) == json);
}

TEST_CASE("A state of which something is missing or of another kind is refused") {
  for (const auto* member :
       {"bookkeeping", "completed_steps", "current_step", "outstanding", "results", "variables", "version", "visits"}) {
    CAPTURE(member);
    auto without = Json::parse(text_with_notes), other = without;
    without.erase(member);
    other[member] = true;

    CHECK_FALSE(state_from_text(without.dump()));
    CHECK_FALSE(state_from_text(other.dump()));
  }
  const std::string whole = text_with_notes;
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) CHECK_FALSE(state_from_text(whole.substr(0, bytes)));
  CHECK_FALSE(state_from_text(whole + "}"));
}

TEST_CASE("A result that nobody reads is stored as the text that it came as") {
  State state;
  state.results["a"].value = json::LazyJson::of_text(R"({"b": 1.50, "a": ["}", "\\", "\u00e9"]})");
  const auto text = state_text(state);
  const auto back = state_from_text(text);

  REQUIRE(back);
  CHECK(text.find(R"({"b": 1.50, "a": ["}", "\\", "\u00e9"]})") != std::string::npos);
  CHECK(state_text(*back) == text);
  CHECK(back->results.at("a").value.get() == Json{{"b", 1.5}, {"a", {"}", "\\", "é"}}});
}

TEST_CASE("A text that is no state is refused and says why") {
  const auto newer = [] {
    auto json = to_json(some_state());
    json["version"] = 99;
    return json;
  }();

  for (const Json& json : {Json(), Json(7), Json::array(), Json::object(), Json{{"version", 1}}, newer}) {
    const auto state = state_from_text(json.dump());
    REQUIRE_FALSE(state);
    CHECK(state.error().code == base::ErrorCode::internal);
    CHECK(state.error().message.find("stored state") != std::string::npos);
  }
}

TEST_CASE("Only results above the limit move out, and only once") {
  State state;
  state.results["small"] = {.value = Json("x"), .reference = {}, .loop = {}};
  state.results["large"] = {.value = Json(std::string(5000, 'x')), .reference = {}, .loop = {}};
  const domain::Playbook playbook;
  std::int64_t next = 0;
  const auto new_id = [&] { return base::ResultId{++next}; };

  const auto moved = move_out_large(playbook, state, 4096, new_id);
  const auto again = move_out_large(playbook, state, 4096, new_id);

  REQUIRE(moved.size() == 1);
  CHECK(moved[0].step == "large");
  CHECK(Json::parse(moved[0].json) == Json(std::string(5000, 'x')));
  CHECK(state.results["large"].reference == moved[0].result_id);
  CHECK(state.results["large"].value.is_null());
  CHECK(state.results["small"].value.get() == "x");
  CHECK(again.empty());
}

}  // namespace
}  // namespace noetl::engine
