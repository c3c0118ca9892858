#include <doctest/doctest.h>

#include <string>

#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::language {

namespace {

using domain::Json;

LoadedPlaybook load(const std::string& workflow, const std::string& before = "") {
  auto loaded = load_playbook("apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: test/t}\n" + before +
                              "workflow:\n" + workflow);
  if (!loaded) FAIL(loaded.error().message);
  return *std::move(loaded);
}

domain::Step first_step(const std::string& workflow) { return load(workflow).playbook.workflow[0]; }

}  // namespace

TEST_CASE("the path is metadata.path, else path, else metadata.name") {
  const auto path_of = [](const std::string& head) {
    const auto loaded = load_playbook(head + "\nworkflow: [{step: start}]\n");
    return loaded ? loaded->playbook.path : "refused: " + loaded.error().field;
  };

  CHECK(path_of("metadata: {name: n, path: a/b}\npath: c/d") == "a/b");
  CHECK(path_of("metadata: {name: n}\npath: c/d") == "c/d");
  CHECK(path_of("metadata: {name: n}") == "n");
  CHECK(path_of("metadata: {}") == "refused: metadata.path");
}

TEST_CASE("top-level maps are kept: workload, executor, keychain, and others for templates") {
  const auto playbook = load("- step: start\n",
                             "workload: {n: 1}\nexecutor: {profile: local}\nkeychain: [{name: k, kind: oauth}]\n"
                             "spec: {limit: 5}\n")
                            .playbook;

  CHECK(playbook.workload == Json{{"n", 1}});
  CHECK(playbook.executor == Json{{"profile", "local"}});
  CHECK(playbook.keychain[0]["name"] == "k");
  CHECK(playbook.extra == Json{{"spec", {{"limit", 5}}}});
}

TEST_CASE("plain next takes a name, a list of names, and steps with args") {
  const auto step = first_step(
      "- step: start\n  next: [a, {step: b}, {step: c, args: {x: '{{ 1 }}'}}]\n"
      "- step: a\n  next: b\n- step: b\n- step: c\n");

  REQUIRE(step.next.size() == 3);
  CHECK(step.next[0].step == "a");
  CHECK(step.next[1].step == "b");
  CHECK(step.next[2].args == Json{{"x", "{{ 1 }}"}});
  CHECK(step.next_mode == domain::NextMode::inclusive);
  CHECK_FALSE(step.has_next_arcs);
}

TEST_CASE("arcs are exclusive unless the mode says otherwise, and carry when and set") {
  const auto loaded = load(
      "- step: start\n  next: {spec: {mode: inclusive}, arcs: [{step: a}, {step: b}]}\n"
      "- step: a\n  next:\n    arcs:\n      - {step: b, when: '{{ x }}', set: {ctx.y: 1}}\n"
      "- step: b\n");

  const auto& workflow = loaded.playbook.workflow;
  CHECK(workflow[0].next_mode == domain::NextMode::inclusive);
  CHECK(workflow[1].next_mode == domain::NextMode::exclusive);
  CHECK(workflow[1].has_next_arcs);
  CHECK(workflow[1].next[0].when == "{{ x }}");
  CHECK(workflow[1].next[0].set == Json{{"ctx.y", 1}});
  CHECK(loaded.playbook.generation == "v10");
}

TEST_CASE("a map of actions is flattened into the order in which they act") {
  const auto step = first_step(
      "- step: start\n  case:\n    - when: \"{{ event.name == 'call.done' }}\"\n      then:\n"
      "        next: [{step: end, args: {a: 1}}]\n        sink: {tool: event_log}\n        set: {x: 1}\n"
      "        collect: {path: data}\n- step: end\n");

  REQUIRE(step.cases.size() == 1);
  const auto& then = step.cases[0].then;
  REQUIRE(then.size() == 4);
  CHECK(then[0].kind == "collect");
  CHECK(then[1].kind == "set");
  CHECK(then[2].kind == "sink");
  CHECK(then[3].kind == "next");
  CHECK(then[3].arcs[0].args == Json{{"a", 1}});
}

TEST_CASE("set may be a list of names and values") {
  const auto step = first_step(
      "- step: start\n  case:\n    - when: '{{ x }}'\n      then:\n"
      "        - set: [{name: a, value: '{{ 1 }}'}, {name: b, value: null}]\n");

  CHECK(step.cases[0].then[0].spec == Json{{"a", "{{ 1 }}"}, {"b", nullptr}});
}

TEST_CASE("a tool is a map, its args and spec apart from its options") {
  const auto step = first_step(
      "- step: start\n  args: {a: 1}\n  tool:\n    kind: http\n    url: u\n    args: {b: 2}\n"
      "    input: {c: 3}\n    spec: {timeout: 5, policy: {rules: [{else: {do: continue}}]}}\n");

  REQUIRE(step.tools.size() == 1);
  CHECK_FALSE(step.is_pipeline);
  CHECK(step.args == Json{{"a", 1}});
  const auto& tool = step.tools[0];
  CHECK(tool.kind == "http");
  CHECK(tool.options == Json{{"url", "u"}});
  CHECK(tool.input == Json{{"b", 2}, {"c", 3}});
  CHECK(tool.spec["timeout"] == 5);
  CHECK(tool.spec["policy"]["rules"].size() == 1);
}

TEST_CASE("options under tool.spec count as the tool's own") {
  const auto tool = first_step(
                        "- step: start\n  tool:\n    kind: python\n    spec:\n      input: {a: 1}\n"
                        "      code: result = 1\n      policy: {rules: []}\n")
                        .tools[0];

  CHECK(tool.options == Json{{"code", "result = 1"}});
  CHECK(tool.input == Json{{"a", 1}});
  CHECK(tool.spec == Json{{"policy", {{"rules", Json::array()}}}});
}

TEST_CASE("a tool may be a plain word with its options beside it") {
  const auto loaded =
      load("- step: start\n  tool: python\n  code: result = 1\n  args: {x: 1}\n  next: end\n- step: end\n");

  const auto& step = loaded.playbook.workflow[0];
  CHECK(step.tools[0].kind == "python");
  CHECK(step.tools[0].options == Json{{"code", "result = 1"}});
  CHECK(step.args == Json{{"x", 1}});
  CHECK(loaded.warnings.empty());
  CHECK(loaded.playbook.generation == "v2era");
}

TEST_CASE("a pipeline's tasks are named beside their kind or around it") {
  const auto step = first_step(
      "- step: start\n  tool:\n    - {name: one, kind: noop, set: {a: 1}}\n"
      "    - two: {kind: shell, command: ls, input: {x: 1}}\n    - {kind: noop}\n");

  REQUIRE(step.tools.size() == 3);
  CHECK(step.is_pipeline);
  CHECK(step.tools[0].label == "one");
  CHECK(step.tools[0].set == Json{{"a", 1}});
  CHECK(step.tools[0].options == Json::object());
  CHECK(step.tools[1].label == "two");
  CHECK(step.tools[1].kind == "shell");
  CHECK(step.tools[1].input == Json{{"x", 1}});
  CHECK(step.tools[2].label == "task_3");
}

TEST_CASE("a workbook tool carries the entry's name, and the entry its tool") {
  const auto playbook = load(
                            "- step: start\n  tool: {kind: workbook, name: add, args: {a: 1}}\n"
                            "- step: old\n  tool: workbook\n  name: add\n",
                            "workbook:\n  - {name: add, tool: {kind: python, code: result = 1}}\n")
                            .playbook;

  REQUIRE(playbook.workbook.size() == 1);
  CHECK(playbook.workbook[0].tool.kind == "python");
  CHECK(playbook.workflow[0].tools[0].options["name"] == "add");
  CHECK(playbook.workflow[1].tools[0].options["name"] == "add");
}

TEST_CASE("loops of both generations read alike") {
  const auto workflow =
      load(
          "- step: a\n  loop: {in: '{{ x }}', iterator: n, mode: parallel}\n  tool: {kind: noop}\n"
          "- step: b\n  loop: {in: [1, 2], spec: {mode: parallel, max_in_flight: 3}}\n  tool: {kind: noop}\n"
          "- step: c\n  loop: {cursor: {kind: postgres}, iterator: row}\n  tool: {kind: noop}\n")
          .playbook.workflow;

  CHECK(workflow[0].loop->in == "{{ x }}");
  CHECK(workflow[0].loop->iterator == "n");
  CHECK(workflow[0].loop->mode == "parallel");
  CHECK(workflow[1].loop->in == Json::array({1, 2}));
  CHECK(workflow[1].loop->iterator == "item");
  CHECK(workflow[1].loop->mode == "parallel");
  CHECK(workflow[1].loop->spec["max_in_flight"] == 3);
  CHECK(workflow[2].loop->mode == "cursor");
  CHECK(workflow[2].loop->spec["cursor"]["kind"] == "postgres");
}

TEST_CASE("a step keeps vars, set, when, spec, output and its place") {
  const auto step = first_step(
      "- step: start\n  vars: {a: '{{ result }}'}\n  set: {ctx.b: 1}\n  when: '{{ c }}'\n"
      "  spec: {policy: {admit: {rules: []}}}\n  output: {output_select: [d]}\n  timeout: 9\n");

  CHECK(step.vars == Json{{"a", "{{ result }}"}});
  CHECK(step.set == Json{{"ctx.b", 1}});
  CHECK(step.when == "{{ c }}");
  CHECK(step.spec["timeout"] == 9);
  CHECK(step.output["output_select"] == Json::array({"d"}));
  CHECK(step.mark.line == 5);
  CHECK(step.mark.column == 3);
}

TEST_CASE("the entry is executor.spec.entry_step, else start, else the first step") {
  CHECK(load("- step: a\n- step: start\n- step: b\n", "executor: {spec: {entry_step: b}}\n").playbook.entry == "b");
  CHECK(load("- step: a\n- step: start\n").playbook.entry == "start");
  CHECK(load("- step: a\n- step: b\n").playbook.entry == "a");
}

TEST_CASE("the generation follows from the words that are used") {
  CHECK(load("- step: start\n  next: end\n- step: end\n").playbook.generation == "v2era");
  CHECK(load("- step: start\n  next: {arcs: [{step: end}]}\n- step: end\n").playbook.generation == "v10");
  CHECK(load("- step: start\n  next: {arcs: [{step: end}]}\n- step: end\n  next: start\n").playbook.generation ==
        "mixed");
}

TEST_CASE("steps are found by name") {
  const auto playbook = load("- step: start\n  next: end\n- step: end\n").playbook;

  REQUIRE(playbook.find_step("end") != nullptr);
  CHECK(playbook.find_step("end")->name == "end");
  CHECK(playbook.find_step("nowhere") == nullptr);
}

TEST_CASE("unknown tool kinds and unreachable steps are warnings with a suggestion") {
  const auto loaded = load("- step: start\n  tool: {kind: pyton, code: x}\n- step: end\n");

  std::string all;
  for (const auto& warning : loaded.warnings)
    all += warning.field + ":" + std::to_string(warning.line) + " " + warning.message + " " + warning.suggestion + "\n";
  CAPTURE(all);
  CHECK(all.find("did you mean 'python'?") != std::string::npos);
  CHECK(all.find("nothing leads to the step 'end'") != std::string::npos);
}

TEST_CASE("braces in a program that are no template are a warning") {
  const auto loaded = load(
      "- step: start\n  tool:\n    kind: python\n    code: |\n      x = 1\n"
      "      print(f\"{{not a template\")\n");

  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0].field == "workflow[0].tool.code");
  CHECK(loaded.warnings[0].line == 10);
}

TEST_CASE("braces above the workflow are no reason to refuse a playbook") {
  const auto loaded = load_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\n"
      "metadata: {name: t, description: 'write {{ to begin a template'}\n"
      "workflow: [{step: start}]\n");

  REQUIRE(loaded.has_value());
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(loaded->warnings[0].field == "metadata.description");
}

TEST_CASE("a case without a condition in braces is warned of, since it always holds") {
  const auto loaded = load("- step: start\n  case: [{when: result.ok, then: {next: end}}]\n- step: end\n");

  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0].suggestion == "did you mean \"{{ result.ok }}\"?");
}

}  // namespace noetl::language
