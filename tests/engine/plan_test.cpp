// What the engine works out of a playbook once.
#include "shared/engine/plan/plan.hpp"

#include <doctest/doctest.h>

#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::engine {
namespace {

using Names = std::vector<std::string>;

constexpr const char* playbook_text = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: t, path: t}
workbook:
  - name: ask
    tool: {kind: http, url: "{{ workload.url }}", args: {a: 1, b: "{{ start.b }}"}}
workflow:
  - step: start
    tool: {kind: python, code: "def main(x, event):\n  return x", args: {x: "{{ workload.x }}"}}
    set: {ctx: {seen: "{{ output.data }}"}}
    next: {arcs: [{step: chain, when: "{{ event.payload.ok and workload.y }}"}]}
  - step: chain
    tool:
      - first: {kind: noop, data: "plain text"}
      - second: {kind: noop, data: "{{ _prev.x }}"}
    next: [{step: last}]
  - step: last
    tool: {kind: workbook, name: ask, args: {b: "{{ chain.results.first }}"}, headers: "{{ keychain.token }}"}
)";

const domain::Playbook& playbook() {
  static const auto loaded = language::load_playbook(playbook_text).value().playbook;
  return loaded;
}

TEST_CASE("A playbook's plan is made once, and a copy has its own") {
  const auto copy = playbook();

  CHECK(&Plan::of(playbook()) == &Plan::of(playbook()));
  CHECK(&Plan::of(copy) != &Plan::of(playbook()));
  CHECK(Plan::of(copy).graph().successors(0) == std::vector<std::size_t>{1});
}

TEST_CASE("A plan knows the free names of conditions, sets and arguments where they stand in the playbook") {
  const auto& plan = Plan::of(playbook());
  const auto& start = *playbook().find_step("start");
  const auto& arc = start.next.front();

  const auto* when = plan.condition(arc.when);
  REQUIRE(when != nullptr);
  REQUIRE(plan.facts(*when) != nullptr);
  CHECK(plan.facts(*when)->roots == Names{"event", "workload"});
  CHECK(plan.facts(*when)->names_payload);
  CHECK_FALSE(plan.facts(*when)->names_response);
  const auto* places = plan.places(start.set);
  REQUIRE(places != nullptr);
  CHECK(*places == Json{{"ctx.seen", "{{ output.data }}"}});
  CHECK(plan.facts(*places)->roots == Names{"output"});
  const std::string elsewhere = arc.when;
  CHECK(plan.condition(elsewhere) == nullptr);
  CHECK(plan.facts(Json(elsewhere)) == nullptr);
}

TEST_CASE("A plan has each tool as it is to be run") {
  const auto& plan = Plan::of(playbook());
  const auto& last = plan.tool(playbook().find_step("last")->tools.front());

  CHECK(last.kind == "http");
  CHECK(*last.options == Json{{"url", "{{ workload.url }}"}, {"headers", "{{ keychain.token }}"}});
  CHECK(*last.input == Json{{"a", 1}, {"b", "{{ chain.results.first }}"}});
  CHECK(plan.facts(*last.options)->names_keychain);
  CHECK(plan.facts(*last.input)->roots == Names{"chain"});
  const auto& plain = plan.tool(playbook().find_step("chain")->tools.front());
  CHECK_FALSE(plan.facts(*plain.options)->has_templates);
  const auto& code = plan.tool(playbook().find_step("start")->tools.front()).code;
  CHECK(code.parameters == Names{"x", "event"});
  CHECK(code.names == Names{"def", "event", "main", "return", "x"});
}

TEST_CASE("A plan knows what of a pipeline's results is read") {
  const auto& plan = Plan::of(playbook());

  CHECK(plan.are_results_read(*playbook().find_step("chain")));
  CHECK(plan.is_previous_read(*playbook().find_step("chain")));
  CHECK_FALSE(plan.are_results_read(*playbook().find_step("start")));
}

}  // namespace
}  // namespace noetl::engine
