#include <doctest/doctest.h>

#include <string>

#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::language {

namespace {

// The first line of `workflow` is line 5.
base::Error refusal_of(const std::string& workflow, const std::string& before = "") {
  const auto loaded = load_playbook("apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: test/t}\n" +
                                    before + "workflow:\n" + workflow);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().code == base::ErrorCode::invalid_playbook);
  REQUIRE_FALSE(loaded.error().details.empty());
  return loaded.error();
}

struct Expected {
  std::string field;
  int line = 0;
  std::string message;
  std::string suggestion;
};

void check_single(const base::Error& error, const Expected& expected) {
  CAPTURE(error.message);
  CHECK(error.details.size() == 1);
  const auto& detail = error.details[0];
  CHECK(detail.field == expected.field);
  CHECK(detail.line == expected.line);
  CHECK(detail.column > 0);
  CHECK(detail.message.find(expected.message) != std::string::npos);
  CHECK(detail.suggestion.find(expected.suggestion) != std::string::npos);
  CHECK(error.message.find(detail.message) != std::string::npos);
}

}  // namespace

TEST_CASE("every mistake is reported at once, in the order of the text") {
  const auto error = refusal_of(
      "- step: start\n  next: [{step: edn}]\n- step: end\n  loop: {iterator: x}\n"
      "  tool: {code: x}\n- step: end\n");

  REQUIRE(error.details.size() == 4);
  CHECK(error.details[0].field == "workflow[0].next[0].step");
  CHECK(error.details[1].field == "workflow[1].loop");
  CHECK(error.details[2].field == "workflow[1].tool");
  CHECK(error.details[3].field == "workflow[2].step");
  CHECK(error.message.find("and 3 more") != std::string::npos);
}

TEST_CASE("an unknown target is refused with the nearest name, wherever it is named") {
  check_single(refusal_of("- step: start\n  next: {arcs: [{step: fnish}]}\n- step: finish\n"),
               {"workflow[0].next.arcs[0].step", 6, "no step 'fnish'", "'finish'"});
  check_single(
      refusal_of("- step: start\n  case:\n    - when: '{{ 1 }}'\n      then:\n        next: [{step: nowhere}]\n"),
      {"workflow[0].case[0].then.next[0].step", 9, "no step 'nowhere'; expected", ""});
  check_single(refusal_of("- step: start\n  case:\n    - when: '{{ 1 }}'\n      then: [{call: {step: helpr}}]\n"
                          "- step: helper\n"),
               {"workflow[0].case[0].then[0].call.step", 8, "no step 'helpr'", "'helper'"});
  check_single(refusal_of("- step: start\n", "executor: {spec: {entry_step: strat}}\n"),
               {"executor.spec.entry_step", 4, "no step 'strat'", "'start'"});
}

TEST_CASE("a duplicate step name is refused with both lines") {
  check_single(refusal_of("- step: start\n- step: a\n- step: a\n"),
               {"workflow[2].step", 7, "'a' is already defined in line 6", ""});
}

TEST_CASE("a tool without kind is refused") {
  check_single(refusal_of("- step: start\n  tool: {type: python, code: x}\n"),
               {"workflow[0].tool", 6, "kind is required", "'kind' instead of 'type'"});
  check_single(refusal_of("- step: start\n  tool:\n    - {name: one, knd: python}\n"),
               {"workflow[0].tool[0]", 7, "kind is required", "'kind'"});
}

TEST_CASE("options of a tool at the level of a step are refused, with or without a tool") {
  check_single(refusal_of("- step: start\n  tool: {kind: postgres, auth: x}\n  command: SELECT 1\n"),
               {"workflow[0].command", 7, "tool is required", "move it into `tool`"});
  check_single(refusal_of("- step: start\n  code: x = 1\n"),
               {"workflow[0].code", 6, "tool is required", "tool: {kind: …, code: …}"});
}

TEST_CASE("a loop needs something to go over, and a mode and a bound that make sense") {
  check_single(refusal_of("- step: start\n  loop: {iterator: x}\n  tool: {kind: noop}\n"),
               {"workflow[0].loop", 6, "needs `in`", ""});
  check_single(refusal_of("- step: start\n  loop: {in: [1], mode: paralel}\n  tool: {kind: noop}\n"),
               {"workflow[0].loop.mode", 6, "found 'paralel'", "'parallel'"});
  check_single(refusal_of("- step: start\n  loop: {in: [1], spec: {max_in_flight: 0}}\n  tool: {kind: noop}\n"),
               {"workflow[0].loop.spec.max_in_flight", 6, "whole number from 1", ""});
  check_single(refusal_of("- step: start\n  loop: {in: [1], iterator: a-b}\n  tool: {kind: noop}\n"),
               {"workflow[0].loop.iterator", 6, "expected a name", ""});
}

TEST_CASE("an unknown workbook entry is refused") {
  check_single(refusal_of("- step: start\n  tool: {kind: workbook, name: ad}\n",
                          "workbook: [{name: add, tool: {kind: python, code: x}}]\n"),
               {"workflow[0].tool.name", 7, "no workbook entry 'ad'", "'add'"});
  check_single(refusal_of("- step: start\n  tool: {kind: workbook}\n"), {"workflow[0].tool", 6, "needs `name`", ""});
}

TEST_CASE("a template that does not parse is refused where it is not a program") {
  check_single(refusal_of("- step: start\n  args: {a: '{{ 1 + }}'}\n"),
               {"workflow[0].args.a", 6, "does not parse", ""});
  check_single(refusal_of("- step: start\n  next: {arcs: [{step: start, when: '{{ (1 }}'}]}\n"),
               {"workflow[0].next.arcs[0].when", 6, "does not parse", ""});
  check_single(refusal_of("- step: start\n  tool: {kind: http, url: '{{ a.b'}\n"),
               {"workflow[0].tool.url", 6, "does not parse", ""});
}

TEST_CASE("a template inside a block is placed at its own line") {
  check_single(
      refusal_of("- step: start\n  tool:\n    kind: http\n    url: u\n    body: |\n      one\n      {{ a + }}\n"),
      {"workflow[0].tool.body", 11, "does not parse", ""});
}

TEST_CASE("next in a shape that means nothing is refused with what was expected") {
  check_single(refusal_of("- step: start\n  next:\n      -step: end\n- step: end\n"),
               {"workflow[0].next", 7, "found a mapping with '-step'", "'step'"});
  check_single(refusal_of("- step: start\n  next: {spec: {mode: exclusiv}, arcs: [{step: start}]}\n"),
               {"workflow[0].next.spec.mode", 6, "expected one of exclusive, inclusive", "'exclusive'"});
  check_single(refusal_of("- step: start\n  next: [[start]]\n"), {"workflow[0].next[0]", 6, "found a list", ""});
}

TEST_CASE("policies only do what exists, and jump only where there is something") {
  const std::string task = "- step: start\n  tool:\n    - name: one\n      kind: noop\n      spec: {policy: {rules: ";
  check_single(refusal_of(task + "[{when: '{{ 1 }}', then: {do: rety}}]}}\n"),
               {"workflow[0].tool[0].spec.policy.rules[0].then.do", 9, "found 'rety'", "'retry'"});
  check_single(refusal_of(task + "[{else: {then: {do: jump, to: on}}}]}}\n"),
               {"workflow[0].tool[0].spec.policy.rules[0].else.then.to", 9, "no task 'on'", "'one'"});
}

TEST_CASE("wrong types are refused with what was found") {
  check_single(refusal_of("- step: [start]\n"), {"workflow[0].step", 5, "expected a text, found a list", ""});
  check_single(refusal_of("- start\n"), {"workflow[0]", 5, "expected a step", ""});
  check_single(refusal_of("- step: start\n  args: 7\n"), {"workflow[0].args", 6, "found the number 7", ""});
  check_single(refusal_of("- step: start\n", "workload: [1]\n"), {"workload", 4, "found a list", ""});
  check_single(refusal_of("- step: start\n  case: [{when: '{{ 1 }}', then: end}]\n"),
               {"workflow[0].case[0].then", 6, "found the text 'end'", ""});
  check_single(refusal_of("- name: start\n"), {"workflow[0]", 5, "needs `step`", "'step' instead of 'name'"});
}

TEST_CASE("what is no playbook is refused as a whole") {
  const auto field_of = [](const std::string& text) {
    const auto loaded = load_playbook(text);
    return loaded ? "accepted" : loaded.error().details[0].field;
  };

  CHECK(field_of("") == "");
  CHECK(field_of("just text") == "");
  CHECK(field_of("- a\n- b\n") == "");
  CHECK(field_of("metadata: {name: a}\n") == "workflow");
  CHECK(field_of("metadata: {name: a}\nworkflow: []\n") == "workflow");
  CHECK(field_of("kind: Credential\nmetadata: {name: a}\nworkflow: [{step: s}]\n") == "kind");
  CHECK(field_of("apiVersion: v1\nmetadata: {name: a}\nworkflow: [{step: s}]\n") == "apiVersion");
}

TEST_CASE("findings are bounded however many mistakes there are") {
  std::string workflow;
  for (int step = 0; step < 5000; ++step)
    workflow += "- step: s" + std::to_string(step) + "\n  next: t" + std::to_string(step) + "\n";

  const auto error = refusal_of(workflow);

  CHECK(error.details.size() == 100);
  CHECK(error.message.find("and 4999 more") != std::string::npos);
}

TEST_CASE("an unknown key of a step is refused with the known ones and the nearest") {
  check_single(refusal_of("- step: start\n  toool: {kind: noop}\n"),
               {"workflow[0].toool", 6,
                "the key 'toool' is not known in a step; known are step, desc, description, tool", "'tool'"});
  check_single(refusal_of("- step: start\n  agrs: {a: 1}\n"), {"workflow[0].agrs", 6, "'agrs'", "'args'"});
  check_single(refusal_of("- step: start\n  nxt: [end]\n- step: end\n  tool: {kind: noop}\n"),
               {"workflow[0].nxt", 6, "'nxt'", "'next'"});
  check_single(refusal_of("- step: start\n  colour: red\n"), {"workflow[0].colour", 6, "'colour'", "begins with x-"});
}

TEST_CASE("what authors note down for themselves is read over, and what is near to a known key is not") {
  CHECK(load_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: test/t}\nworkflow:\n"
      "- step: start\n  name: Start\n  metadata: {owner: me}\n  x-team: a\n  acme.io/team: b\n  notes: here\n"));
  check_single(refusal_of("- step: start\n  loop: {in: [1], iteratr: x}\n  tool: {kind: noop}\n"),
               {"workflow[0].loop.iteratr", 6, "'iteratr'", "'iterator'"});
  check_single(refusal_of("- step: start\n  tool: {kind: postgres, comand: select 1, query: select 1}\n"),
               {"workflow[0].tool.comand", 6, "no option 'comand'", "'command'"});
  check_single(refusal_of("- step: start\n", "wrokload: {a: 1}\n"), {"wrokload", 4, "'wrokload'", "'workload'"});
}

TEST_CASE("a playbook of the catalog that an earlier release took goes on, whatever keys it has") {
  const auto loaded = load_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: test/t}\nworkflow:\n- step: start\n  colour: "
      "red\n",
      Origin::catalog);
  REQUIRE(loaded);
  CHECK(loaded->warnings.size() == 1);
}

}  // namespace noetl::language
