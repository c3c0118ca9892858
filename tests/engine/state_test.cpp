#include <doctest/doctest.h>

#include "server/engine/engine.hpp"

namespace noetl::engine {
namespace {

State some_state() {
  State state;
  state.variables = Json{{"n", 1}};
  state.results["a"] = {.value = Json{{"x", "y"}}, .reference = {}, .loop = {}};
  state.results["b"] = {.value = nullptr, .reference = {42}, .loop = {}};
  state.results["c"] = {.value = nullptr, .reference = {}, .loop = {}};
  state.outstanding["d#2"] = "d";
  state.visits["d"] = 2;
  state.completed_steps = {"a", "b"};
  state.current_step = "d";
  state.bookkeeping["arrivals"] = Json::array({Json{{"step", "e"}, {"args", Json::object()}}});
  return state;
}

TEST_CASE("A state comes back from its JSON as it was") {
  const auto back = state_from_json(Json::parse(to_json(some_state()).dump()));

  REQUIRE(back);
  CHECK(to_json(*back) == to_json(some_state()));
  CHECK(back->results.at("b").reference == base::ResultId{42});
}

TEST_CASE("A text that is no state is refused and says why") {
  const auto newer = [] {
    auto json = to_json(some_state());
    json["version"] = 99;
    return json;
  }();

  for (const Json& json : {Json(), Json(7), Json::array(), Json::object(), Json{{"version", 1}}, newer}) {
    const auto state = state_from_json(json);
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
  CHECK(state.results["small"].value == "x");
  CHECK(again.empty());
}

}  // namespace
}  // namespace noetl::engine
