#include "shared/language/lint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "shared/language/vocabulary/tool_vocabulary.hpp"
#include "test_paths.hpp"

// What `noetlctl playbook lint` says of a text: generation, place, suggestion.
namespace noetl::language {

namespace {

// A playbook whose workflow is `steps`, which begin in line 6.
std::string playbook(const std::string& steps) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: p, path: t/p}\n"
         "workload: {city: Rome, amount: 3}\nworkflow:\n" +
         steps;
}

const LintFinding* find(const LintReport& report, const std::string& part) {
  const auto found = std::ranges::find_if(
      report.findings, [&](const LintFinding& one) { return one.detail.message.find(part) != std::string::npos; });
  return found == report.findings.end() ? nullptr : &*found;
}

struct Expected {
  bool is_error = false;
  int line = 0;
  int column = 0;
  std::string suggestion = {};
};

void check_finding(const std::string& text, const std::string& part, const Expected& expected) {
  CAPTURE(text);
  CAPTURE(part);
  const auto report = lint_playbook(text);
  const auto* found = find(report, part);
  if (found == nullptr) {
    for (const auto& one : report.findings) MESSAGE(one.detail.message);
    FAIL_CHECK("no such finding");
    return;
  }
  CHECK(found->is_error == expected.is_error);
  CHECK(found->detail.line == expected.line);
  CHECK(found->detail.column == expected.column);
  CHECK(found->detail.suggestion.find(expected.suggestion) != std::string::npos);
}

}  // namespace

TEST_CASE("a playbook without mistakes has a generation, a path and no findings") {
  const auto v10 = lint_playbook(
      playbook("  - step: start\n    tool: {kind: noop}\n    next: {arcs: [{step: end}]}\n  - step: end\n"));
  CHECK(v10.findings.empty());
  CHECK(v10.generation == "v10");
  CHECK(v10.path == "t/p");
  CHECK(v10.steps == 2);
  CHECK_FALSE(v10.has_errors());

  CHECK(
      lint_playbook(playbook("  - step: start\n    tool: {kind: noop}\n    next: [end]\n  - step: end\n")).generation ==
      "v2era");
  CHECK(lint_playbook(playbook("  - step: start\n    set: {x: 1}\n    next: [end]\n  - step: end\n")).generation ==
        "mixed");
}

TEST_CASE("a playbook that is refused still has its generation and every finding, in the order of the text") {
  const auto report = lint_playbook(
      playbook("  - step: start\n    tool: {kind: pyhton, code: x}\n    next:\n      arcs: [{step: ende}]\n"
               "  - step: end\n    colour: red\n    next: {arcs: [{step: nowhere}]}\n"));

  CHECK(report.generation == "v10");
  CHECK(report.has_errors());
  REQUIRE(report.findings.size() >= 4);
  CHECK(std::ranges::is_sorted(report.findings, {}, [](const LintFinding& one) { return one.detail.line; }));
}

TEST_CASE("slips have their place and a suggestion") {
  check_finding(playbook("  - step: start\n    next: [edn]\n  - step: end\n"), "there is no step 'edn'",
                {.is_error = true, .line = 7, .column = 12, .suggestion = "'end'"});
  check_finding(playbook("  - step: start\n    tool: {kind: pyhton, code: x}\n"), "tool kind 'pyhton'",
                {.is_error = false, .line = 7, .column = 18, .suggestion = "'python'"});
  check_finding(playbook("  - step: start\n    tol: {kind: noop}\n"), "the key 'tol'",
                {.is_error = true, .line = 7, .column = 5, .suggestion = "'tool'"});
  check_finding(playbook("  - step: start\n    loop: {in: [1], spec: {max_in_fligth: 2}}\n    tool: {kind: noop}\n"),
                "the key 'max_in_fligth'",
                {.is_error = true, .line = 7, .column = 28, .suggestion = "'max_in_flight'"});
  check_finding(playbook("  - step: start\n    next: {spec: {mod: exclusive}, arcs: []}\n"), "the key 'mod'",
                {.is_error = true, .line = 7, .column = 19, .suggestion = "'mode'"});
  check_finding(playbook("  - step: start\n    tool: {kind: noop, spec: {policy: {rules: [{else: {do: retry, "
                         "atempts: 2}}]}}}\n"),
                "the key 'atempts'", {.is_error = true, .line = 7, .column = 67, .suggestion = "'attempts'"});
  check_finding(playbook("  - step: start\n    case:\n      - when: '{{ true }}'\n        then: {retry: "
                         "{max_atempts: 2}}\n"),
                "the key 'max_atempts'", {.is_error = true, .line = 9, .column = 24, .suggestion = "'max_attempts'"});
  check_finding(playbook("  - step: start\n    case:\n      - when: '{{ true }}'\n        then: {collect: "
                         "{strategy: apend}}\n"),
                "found 'apend'", {.is_error = true, .line = 9, .column = 36, .suggestion = "'append'"});
}

TEST_CASE("an option that a tool does not have is told, wherever it stands; tools of a worker's own take any") {
  check_finding(playbook("  - step: start\n    tool: {kind: http, url: x, vrify_ssl: false}\n"),
                "the http tool has no option",
                {.is_error = true, .line = 7, .column = 32, .suggestion = "'verify_ssl'"});
  check_finding(playbook("  - step: start\n    tool: {kind: shell, command: x, spec: {polcy: {}}}\n"),
                "no option 'polcy'", {.is_error = true, .line = 7, .column = 44, .suggestion = "'policy'"});
  CHECK(
      lint_playbook(playbook("  - step: start\n    tool: {kind: shell, command: x, x-mine: 1, env: {}, timeout: 3}\n"))
          .findings.empty());
  const auto own = lint_playbook(playbook("  - step: start\n    tool: {kind: weigh, grams: 5}\n"));
  CHECK(find(own, "grams") == nullptr);
}

TEST_CASE("the tools' options are those of docs/reference/tools.md") {
  std::ifstream file(std::string(NOETL_SOURCE_DIR) + "/docs/reference/tools.md");
  std::string kind;
  int seen = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("<!-- options of ")) kind = line.substr(16, line.find(' ', 16) - 16);
    if (line.starts_with("<!-- end of options")) kind.clear();
    if (kind.empty() || !line.starts_with("| `")) continue;
    const auto option = line.substr(3, line.find('`', 3) - 3);
    CAPTURE(kind);
    CAPTURE(option);
    CHECK(vocabulary::contains(vocabulary::tool_options_of(kind), option));
    ++seen;
  }
  CHECK(seen > 50);
}

TEST_CASE("a template that does not parse is shown where it stands in the playbook") {
  SUBCASE("in quotes") {
    check_finding(playbook("  - step: start\n    set: {ctx.x: \"a {{ 1 + }}\"}\n"), "does not parse",
                  {.is_error = true, .line = 7, .column = 28});
  }
  SUBCASE("without quotes") {
    check_finding(playbook("  - step: start\n    set:\n      ctx.x: a {{ 1 + }}\n"), "does not parse",
                  {.is_error = true, .line = 8, .column = 23});
  }
  SUBCASE("in a block, below its first line") {
    check_finding(playbook("  - step: start\n    set:\n      ctx.x: |\n        first\n          {{ 1 + }}\n"),
                  "does not parse", {.is_error = true, .line = 10, .column = 18});
  }
  SUBCASE("in a block that begins with an empty line and is indented itself") {
    check_finding(playbook("  - step: start\n    set:\n      ctx.x: |2\n\n          {{ 1 + }}\n"), "does not parse",
                  {.is_error = true, .line = 10, .column = 18});
  }
  SUBCASE("in a folded text only the text's own place is known") {
    check_finding(playbook("  - step: start\n    set:\n      ctx.x: >\n        one\n        {{ 1 + }}\n"),
                  "does not parse", {.is_error = true, .line = 9, .column = 1});
  }
  SUBCASE("a filter that is not there has a suggestion") {
    check_finding(playbook("  - step: start\n    set: {ctx.x: \"{{ city | uper }}\"}\n"), "there is no filter",
                  {.is_error = true, .line = 7, .column = 29, .suggestion = "'upper'"});
  }
  SUBCASE("in program text it is a warning") {
    check_finding(playbook("  - step: start\n    tool: {kind: python, code: \"x = {{ 1 + }}\"}\n"), "does not parse",
                  {.is_error = false, .line = 7, .column = 44});
  }
}

TEST_CASE("a name in a template that nothing brings and that is near to one that is there is worth a word") {
  check_finding(playbook("  - step: start\n    set: {ctx.x: \"{{ wrokload.city }}\"}\n"), "is called 'wrokload'",
                {.is_error = false, .line = 7, .column = 22, .suggestion = "'workload'"});
  check_finding(playbook("  - step: fetch_all\n    tool: {kind: noop}\n    next: [done]\n  - step: done\n    tool:\n"
                         "      kind: shell\n      command: |\n        echo {{ fetch_al.n }}\n"),
                "is called 'fetch_al'", {.is_error = false, .line = 13, .column = 17, .suggestion = "'fetch_all'"});

  for (const char* good :
       {"{{ city }}", "{{ ctx.total }} {{ total }}", "{{ iter.round }} {{ round }}",
        "{% for row in range(amount) %}{{ row }}{% endfor %}", "{{ zzyzx }}", "{{ start.x }} {{ now() }}"}) {
    CAPTURE(good);
    const auto report = lint_playbook(
        playbook("  - step: start\n    loop: {in: [1], iterator: round}\n    tool: {kind: noop, data: \"" +
                 std::string(good) + "\"}\n    set: {ctx.total: 1}\n"));
    for (const auto& one : report.findings) FAIL_CHECK(one.detail.message);
  }
}

TEST_CASE("what is no playbook at all has one finding and no generation") {
  for (const char* text : {"", "a: [", "- 1", "{{ x }}: 1"}) {
    CAPTURE(text);
    const auto report = lint_playbook(text);
    CHECK(report.has_errors());
    CHECK(report.generation.empty());
  }
  CHECK(lint_playbook("a: [").findings.size() == 1);
}

TEST_CASE("members that the playbook does not have are told, with the nearest that it has") {
  const auto slip = [](const std::string& expression) {
    return playbook(
        "  - step: fetch\n    tool: {kind: noop}\n    set: {ctx.total: 1}\n    next: {arcs: [{step: end}]}\n"
        "  - step: end\n    tool: {kind: noop, input: {apiurl: \"{{ " +
        expression + " }}\"}}\n");
  };
  check_finding(slip("workload.amout"), "'workload' has no 'amout'",
                {.is_error = false, .line = 11, .column = 44, .suggestion = "'amount'"});
  check_finding(slip("workload['amout']"), "'workload' has no 'amout'",
                {.is_error = false, .line = 11, .column = 44, .suggestion = "'amount'"});
  check_finding(slip("ctx.totl"), "'ctx' has no 'totl'",
                {.is_error = false, .line = 11, .column = 44, .suggestion = "'total'"});
  check_finding(slip("steps.fecth.data"), "'steps' has no 'fecth'",
                {.is_error = false, .line = 11, .column = 44, .suggestion = "'fetch'"});
  check_finding(slip("error.mesage"), "'error' has no 'mesage'",
                {.is_error = false, .line = 11, .column = 44, .suggestion = "'message'"});
  check_finding(slip("fecth.results"), "nothing in this playbook is called 'fecth'",
                {.is_error = false, .line = 11, .column = 44, .suggestion = "'fetch'"});
}

TEST_CASE("members that may well be missing, or that the input may bring, are no slips") {
  for (const char* good :
       {"workload.amout | default(1)", "workload.amout is defined", "workload.amout or 1", "1 if workload.amout else 2",
        "workload.get('amout')", "workload.customer", "workload.items()", "ctx.total", "ctx.other", "workload.total",
        "workload.city", "steps.fetch", "error.line"}) {
    CAPTURE(good);
    const auto report = lint_playbook(playbook(
        std::string(
            "  - step: fetch\n    tool: {kind: noop}\n    set: {ctx.total: 1}\n    next: {arcs: [{step: end}]}\n"
            "  - step: end\n    tool: {kind: noop, input: {x: \"{{ ") +
        good + " }}\"}}\n"));
    CHECK(std::ranges::none_of(report.findings,
                               [](const auto& one) { return one.detail.message.find("has no") != std::string::npos; }));
  }
}

}  // namespace noetl::language
