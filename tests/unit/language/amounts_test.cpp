// Durations, counts and retry in every place of a playbook.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "shared/language/lint.hpp"
#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::language {
namespace {

std::string playbook(const std::string& workflow, const std::string& before = "") {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: test/t}\n" + before + "workflow:\n" +
         workflow;
}

struct Place {
  std::string path;
  std::string before;  // up to the value
  std::string after;
};

const std::vector<Place>& durations_of_steps() {
  static const std::vector<Place> places = {
      {"workflow[0].timeout", "- step: start\n  tool: {kind: noop}\n  timeout: ", "\n"},
      {"workflow[0].spec.timeout", "- step: start\n  tool: {kind: noop}\n  spec: {timeout: ", "}\n"},
      {"workflow[0].tool.timeout", "- step: start\n  tool: {kind: shell, command: ls, timeout: ", "}\n"},
      {"workflow[0].tool.spec.timeout", "- step: start\n  tool: {kind: shell, command: ls, spec: {timeout: ", "}}\n"},
      {"workflow[0].tool[0].timeout", "- step: start\n  tool: [{name: a, kind: noop, timeout: ", "}]\n"},
      {"workflow[0].tool[0].a.timeout", "- step: start\n  tool: [{a: {kind: noop, timeout: ", "}}]\n"},
      {"workflow[0].tool.retry.initial_delay", "- step: start\n  tool: {kind: noop, retry: {initial_delay: ", "}}\n"},
      {"workflow[0].tool.retry.max_delay", "- step: start\n  tool: {kind: noop, retry: {max_delay: ", "}}\n"},
      {"workflow[0].tool.spec.retry.delay", "- step: start\n  tool: {kind: noop, spec: {retry: {delay: ", "}}}\n"},
      {"workflow[0].spec.retry.delay", "- step: start\n  tool: {kind: noop}\n  spec: {retry: {delay: ", "}}\n"},
      {"workflow[0].tool.spec.policy.rules[0].then.delay",
       "- step: start\n  tool: {kind: noop, spec: {policy: {rules: [{when: '{{ 1 }}', then: {do: retry, "
       "delay: ",
       "}}]}}}\n"},
      {"workflow[0].tool.spec.policy.rules[0].else.then.max_delay",
       "- step: start\n  tool: {kind: noop, spec: {policy: {rules: [{else: {then: {do: retry, max_delay: ",
       "}}}]}}}\n"},
      {"workflow[0].spec.policy.rules[0].then.delay",
       "- step: start\n  tool: {kind: noop}\n  spec: {policy: {rules: [{when: '{{ 1 }}', then: {do: retry, "
       "delay: ",
       "}}]}}\n"},
      {"workflow[0].case[0].then.retry.initial_delay",
       "- step: start\n  tool: {kind: noop}\n  case: [{when: '{{ 1 }}', then: {retry: {initial_delay: ", "}}}]\n"},
      {"workflow[0].loop.spec.frame.max_seconds",
       "- step: start\n  tool: {kind: noop}\n  loop: {in: [1], spec: {frame: {max_seconds: ", "}}}\n"},
  };
  return places;
}

const std::vector<Place>& counts_of_steps() {
  static const std::vector<Place> places = {
      {"workflow[0].tool.retry", "- step: start\n  tool: {kind: noop, retry: ", "}\n"},
      {"workflow[0].tool.retry.max_attempts", "- step: start\n  tool: {kind: noop, retry: {max_attempts: ", "}}\n"},
      {"workflow[0].spec.retry", "- step: start\n  tool: {kind: noop}\n  spec: {retry: ", "}\n"},
      {"workflow[0].spec.max_attempts", "- step: start\n  tool: {kind: noop}\n  spec: {max_attempts: ", "}\n"},
      {"workflow[0].tool.spec.policy.rules[0].else.then.attempts",
       "- step: start\n  tool: {kind: noop, spec: {policy: {rules: [{else: {then: {do: retry, attempts: ", "}}}]}}}\n"},
      {"workflow[0].case[0].then.retry.max_attempts",
       "- step: start\n  tool: {kind: noop}\n  case: [{when: '{{ 1 }}', then: {retry: {max_attempts: ", "}}}]\n"},
      {"workflow[0].loop.max_in_flight",
       "- step: start\n  tool: {kind: noop}\n  loop: {in: [1], max_in_flight: ", "}\n"},
      {"workflow[0].loop.spec.max_in_flight",
       "- step: start\n  tool: {kind: noop}\n  loop: {in: [1], spec: {max_in_flight: ", "}}\n"},
      {"workflow[0].loop.spec.frame.row_concurrency",
       "- step: start\n  tool: {kind: noop}\n  loop: {in: [1], spec: {frame: {row_concurrency: ", "}}}\n"},
  };
  return places;
}

int line_of(const Place& place, const std::string& text) {
  const auto at = text.find(place.before) + place.before.size();
  return static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) + 1;
}

void check_refused(const Place& place, const std::string& value, const std::string& expected) {
  const auto text = playbook(place.before + value + place.after);
  CAPTURE(text);
  const auto loaded = load_playbook(text);
  REQUIRE_FALSE(loaded.has_value());
  REQUIRE(loaded.error().details.size() == 1);
  const auto& detail = loaded.error().details[0];
  CHECK(detail.field == place.path);
  CHECK(detail.line == line_of(place, text));
  CHECK(detail.column > 0);
  CHECK(detail.message.find(expected) != std::string::npos);
  CHECK(detail.message.find("found") != std::string::npos);
}

}  // namespace

TEST_CASE("a duration that cannot be read is refused wherever it stands") {
  for (const auto& place : durations_of_steps())
    for (const char* value : {"soon", "abc", "-1", "1 second", "PT1S", "1e3", ".inf", ".nan", "inf", "'.5'", "5min",
                              "1h30m", "31d", "99999999999999999999999", "[5]", "{seconds: 5}", "true", "''"})
      check_refused(place, value, "expected a duration");
}

TEST_CASE("a duration that can be read is taken wherever it stands") {
  for (const auto& place : durations_of_steps())
    for (const char* value :
         {"30", "2.5", ".5", "'30'", "500ms", "200ms", "2m", "1h", "1d", "1.5h", "'{{ workload.limit }}'", "null"}) {
      const auto text = playbook(place.before + value + place.after);
      CAPTURE(text);
      CHECK(load_playbook(text).has_value());
    }
}

TEST_CASE("a count that cannot be read is refused wherever it stands") {
  for (const auto& place : counts_of_steps())
    for (const char* value : {"abc", "-1", "0", "2.5", ".inf", "1e3", "'3 '", "99999999999999999999999", "''"})
      check_refused(place, value, "expected a whole number from 1");
}

TEST_CASE("a count that can be read is taken wherever it stands") {
  for (const auto& place : counts_of_steps())
    for (const char* value : {"3", "3.0", "'3'", "1", "'{{ workload.tries }}'", "null"}) {
      const auto text = playbook(place.before + value + place.after);
      CAPTURE(text);
      CHECK(load_playbook(text).has_value());
    }
}

TEST_CASE("a timeout of nothing is refused, a delay of nothing is not") {
  check_refused({"workflow[0].timeout", "- step: start\n  timeout: ", "\n"}, "0", "above 0");
  check_refused({"workflow[0].timeout", "- step: start\n  timeout: ", "\n"}, "0s", "above 0");
  CHECK(load_playbook(playbook("- step: start\n  tool: {kind: noop, retry: {delay: 0}}\n")));
}

TEST_CASE("retry says how it grows, and nothing that it does not know") {
  const Place backoff{"workflow[0].tool.retry.backoff",
                      "- step: start\n  tool: {kind: noop, retry: {backoff: ", "}}\n"};
  check_refused(backoff, "expo", "expected none, fixed, linear, exponential or a factor");
  check_refused(backoff, "-2", "expected none, fixed, linear, exponential or a factor");
  check_refused({"workflow[0].tool.retry.backoff_multiplier",
                 "- step: start\n  tool: {kind: noop, retry: {backoff_multiplier: ", "}}\n"},
                "twice", "from 1 to 100");
  for (const char* good : {"exponential", "none", "2", "1.5", "'{{ workload.b }}'"})
    CHECK(load_playbook(playbook(backoff.before + good + backoff.after)));
  check_refused({"workflow[0].tool.retry", "- step: start\n  tool: {kind: noop, retry: ", "}\n"}, "[3]",
                "found a list");
  for (const char* good : {"true", "false", "3", "{max_attempts: 3, jitter: true}"})
    CHECK(load_playbook(playbook(std::string("- step: start\n  tool: {kind: noop, retry: ") + good + "}\n")));
  const auto unknown = load_playbook(playbook("- step: start\n  tool: {kind: noop, retry: {max_atempts: 3}}\n"));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("did you mean 'max_attempts'") != std::string::npos);
}

TEST_CASE("limits of executions, priorities and lives of tokens are read at registration as well") {
  const auto refused = [](const std::string& before, const std::string& workflow) {
    const auto loaded = load_playbook(playbook(workflow, before));
    return loaded ? std::string("taken") : loaded.error().details[0].field;
  };
  const std::string step = "- step: start\n";

  CHECK(refused("executor: {spec: {timeout: soon}}\n", step) == "executor.spec.timeout");
  CHECK(refused("executor: {spec: {timeout: '{{ workload.t }}'}}\n", step) == "executor.spec.timeout");
  CHECK(refused("executor: {spec: {timeout: 2h}}\n", step) == "taken");
  CHECK(refused("", step + "  spec: {priority: high}\n") == "workflow[0].spec.priority");
  CHECK(refused("", step + "  spec: {priority: 101}\n") == "workflow[0].spec.priority");
  CHECK(refused("", step + "  spec: {priority: -5}\n") == "taken");
  CHECK(refused("keychain: [{name: a, kind: static, ttl: later}]\n", step) == "keychain[0].ttl");
  CHECK(refused("keychain: [{name: a, kind: static, ttl_seconds: 90d}]\n", step) == "taken");
}

TEST_CASE("a playbook of the catalog that was taken before is still loaded, and warned of") {
  const auto text = playbook("- step: start\n  timeout: soon\n  tool: {kind: noop, retry: abc}\n");

  CHECK_FALSE(load_playbook(text));
  const auto stored = load_playbook(text, Origin::catalog);

  REQUIRE(stored);
  CHECK(stored->warnings.size() == 2);
}

TEST_CASE("lint has no word against a retry or a timeout in any built-in tool") {
  for (const char* tool :
       {"kind: shell, command: ls", "kind: python, code: 'result = 1'", "kind: http, url: 'http://x/'",
        "kind: postgres, command: select 1", "kind: duckdb, command: select 1", "kind: nats, operation: kv_get",
        "kind: playbook, path: a/b", "kind: container, image: x", "kind: transfer, source: {}, target: {}",
        "kind: artifact", "kind: s3", "kind: secrets"}) {
    const auto report =
        lint_playbook(playbook(std::string("- step: start\n  tool: {") + tool + ", timeout: 200ms, retry: 3}\n"));
    CAPTURE(tool);
    CHECK_FALSE(report.has_errors());
    for (const auto& finding : report.findings) {
      CHECK(finding.detail.message.find("retry") == std::string::npos);
      CHECK(finding.detail.message.find("timeout") == std::string::npos);
    }
  }
}

}  // namespace noetl::language
