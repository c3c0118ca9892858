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
  state.bookkeeping["arrivals"] = Json::array({Json{{"step", "e"}, {"args", Json::object()}}});
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
