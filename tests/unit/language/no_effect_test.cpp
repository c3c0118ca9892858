#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "shared/language/lint.hpp"
#include "shared/language/loading/option_names.hpp"
#include "shared/language/loading/playbook_loader.hpp"

// Lint never says ok to what has no effect.
namespace noetl::language {

namespace {

std::string playbook(const std::string& step) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: p, path: t/p}\nworkload: {n: "
         "1}\nworkflow:\n"
         "  - step: start\n" +
         step;
}

// error, warning, or nothing when lint does not say it.
std::string said(const std::string& text, const std::string& part) {
  const auto report = lint_playbook(text);
  const auto found = std::ranges::find_if(
      report.findings, [&](const LintFinding& one) { return one.detail.message.find(part) != std::string::npos; });
  if (found == report.findings.end()) return report.findings.empty() ? "" : report.findings.front().detail.message;
  return found->is_error ? "error" : "warning";
}

std::string cursor(const std::string& frame, const std::string& claim = "x") {
  return playbook("    loop: {cursor: {kind: postgres, auth: a, claim: \"" + claim +
                  "\"}, iterator: r, spec: {mode: cursor, frame: " + frame + "}}\n    tool: {kind: noop}\n");
}

std::string rule(const std::string& then) {
  return playbook("    tool: {kind: noop}\n    case: [{when: \"{{ event.name == 'call.done' }}\", then: " + then +
                  "}]\n");
}

}  // namespace

TEST_CASE("frames say what they can do, and lint what has no effect in them") {
  CHECK(said(cursor("{max_rows: 3, max_bytes: 100, max_seconds: 2.5, process: frame}"), "?").empty());
  CHECK(said(cursor("{max_rows: \"{{ n }}\", row_concurrency: 2, process: row}"), "?").empty());
  CHECK(said(cursor("{process: batch}"), "expected one of row, frame") == "error");
  CHECK(said(cursor("{max_rows: 0}"), "expected a whole number from 1") == "error");
  CHECK(said(cursor("{lease_seconds: 9}"), "`lease_seconds` has no effect") == "warning");
  CHECK(said(cursor("{heartbeat_seconds: 9}"), "`heartbeat_seconds` has no effect") == "warning");
  CHECK(said(cursor("{max_bytes: 9}"), "`process: frame` alone") == "warning");
  CHECK(said(cursor("{row_concurrency: 2, process: frame}"), "`row_concurrency` has no effect") == "warning");
  CHECK(said(playbook("    loop: {in: [1], iterator: r, spec: {frame: {max_rows: 2}}}\n    tool: {kind: noop}\n"),
             "over a cursor alone") == "warning");
}

TEST_CASE("names of the server's own are known, and no other that begins so") {
  CHECK(said(cursor("{max_rows: 3}", "limit {{ __frame_max_rows | default(1) }}"), "?").empty());
  CHECK(said(cursor("{max_rows: 3}", "limit {{ __frame_max_row }}"), "'__frame_max_row'") == "warning");
  CHECK(said(cursor("{max_rows: 3}", "limit {{ __rows }}"), "'__rows'") == "warning");
}

TEST_CASE("a sink that says where to write names a tool") {
  for (const char* good : {"{sink: {tool: event, args: {a: 1}}}", "{sink: {kind: event}}", "{sink: {args: {a: 1}}}",
                           "{sink: }", "{sink: {tool: {kind: event_log}}}", "{sink: {backend: postgres, table: t}}"}) {
    CAPTURE(good);
    CHECK(said(rule(good), "?").empty());
  }
  CHECK(said(rule("{sink: {table: t}}"), "names no tool") == "error");
  CHECK(said(rule("{sink: {tool: postgers, table: t}}"), "is not built in") == "warning");
}

TEST_CASE("a scope is set by a map") {
  CHECK(said(rule("{set: {ctx: {a: 1}, iter: \"{{ response }}\"}}"), "?").empty());
  CHECK(said(rule("{set: {ctx: 5}}"), "`ctx` is a scope") == "error");
  CHECK(said(playbook("    tool: {kind: noop}\n    set: {iter: [1]}\n"), "`iter` is a scope") == "error");
  CHECK(said(rule("{collect: {from: result}}"), "needs `into`") == "error");
}

TEST_CASE("nothing renders the workload, and lint says so") {
  const auto text = playbook("    tool: {kind: noop}\n");
  const std::string with = "workload: {n: 1, deep: [{x: \"{{ n }}\"}]}";
  CHECK(said(std::string(text).replace(text.find("workload: {n: 1}"), 16, with), "are not rendered") == "warning");
}

TEST_CASE("options with their unit are the options without it") {
  for (const char* good :
       {"    tool: {kind: http, url: x, timeout_seconds: 1}\n",
        "    tool: {kind: http, url: x, spec: {timeout_ms: 5}}\n", "    timeout_seconds: 1\n    tool: {kind: noop}\n",
        "    spec: {timeout_minutes: 1}\n    tool: {kind: noop}\n",
        "    tool: {kind: python, code: x, retry: {max_attempts: 2, delay_seconds: 1}}\n"}) {
    CAPTURE(good);
    CHECK(said(playbook(good), "?").empty());
  }
  CHECK(said(playbook("    tool: {kind: http, url: x, timeout: 2, timeout_seconds: 1}\n"), "say the same") ==
        "warning");
  CHECK(said(playbook("    tool: {kind: http, url: x, timeout_second: 1}\n"), "no option 'timeout_second'") == "error");

  const auto loaded =
      load_playbook(playbook("    timeout_ms: \"{{ n }}\"\n    tool: {kind: http, url: x, timeout_seconds: 3}\n"));
  REQUIRE(loaded);
  CHECK(loaded->playbook.workflow[0].spec["timeout"] == "{{ n }}ms");
  CHECK(loaded->playbook.workflow[0].tools[0].options["timeout"] == 3);
  CHECK_FALSE(loaded->playbook.workflow[0].tools[0].options.contains("timeout_seconds"));
}

}  // namespace noetl::language
