// What users bring is data: it is stored and handed to the tool as it is, whatever it looks like.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Json trap{{"a", {{"$template", "{{ 7*7 }}"}}},
                {"b", {{"$template", "{{ keychain.x.y }}"}, {"$names", Json::object()}}},
                {"c", "{{ 7*7 }}"}};
constexpr const char* echo = "def main(**given):\n  return given";

Json ended(const Stack& stack, const std::string& id) {
  Json command;
  wait_until("the end of command " + id, 20s, [&] {
    command = stack.api().get("/api/v2/commands/" + id).json();
    return command.at("status") != "queued" && command.at("status") != "running";
  });
  return command;
}

// A tool's result calls such a member $template_ (docs/guides/credentials.md).
Json renamed(const Json& value) {
  std::string text = value.dump();
  for (std::size_t at = 0; (at = text.find("\"$template\"", at)) != std::string::npos; at += 12)
    text.insert(at + 10, "_");
  return Json::parse(text);
}

}  // namespace

TEST_CASE(
    "an object that looks like a deferred template is data in a plain command: by HTTP, by SQL, and redriven "
    "with edits") {
  const Stack stack;

  const auto by_http = stack.enqueue({{{"tool", {{"kind", "python"}, {"code", echo}}}, {"input", trap}}}).front();
  const auto by_sql = stack
                          .sql("select noetl.enqueue('" + Json{{"kind", "python"}, {"code", echo}}.dump() + "', '" +
                               trap.dump() + "')::text")
                          .front()
                          .front();
  CHECK(ended(stack, by_http).at("result") == renamed(trap));
  CHECK(ended(stack, by_sql).at("result") == renamed(trap));

  const auto dead =
      stack.enqueue({{{"tool", {{"kind", "python"}, {"code", "raise ValueError()"}}}, {"max_attempts", 1}}}).front();
  CHECK(ended(stack, dead).at("status") == "dead");
  const auto answer = stack.api().post(
      "/api/v2/dead/redrive", {{"queue_ids", {dead}}, {"edit", {{"tool", {{"code", echo}}}, {"input", trap}}}});
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  const std::string again = answer.json().at("commands").at(0).at("redriven_as");
  CHECK(ended(stack, again).at("result") == renamed(trap));
}

TEST_CASE("a value that a playbook's step passes on stays data, also when a text reads as such an object") {
  const Stack stack;
  const auto path = stack.register_playbook(R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: t, path: security/data}
workload: {text: ""}
workflow:
  - step: start
    tool:
      kind: python
      code: |
        def main(given, text):
          return {"given": given, "text": text, "nested": [given]}
      input: {given: "{{ workload.text }} ", text: "{{ workload.text | string }}"}
    next: [{step: second}]
  - step: second
    tool:
      kind: python
      code: "def main(**given):\n  return given"
      input: {first: "{{ start.given }}", all: "{{ start }}", again: "{{ workload.text }}"}
)");

  const auto execution =
      stack.wait_for_execution(stack.execute(path, {{"text", R"({"$template": "{{ 7*7 }}", "$names": {}})"}}));

  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  const std::string stored =
      stack.sql("select coalesce(string_agg(payload::text, ' '), '') from noetl.event").front().front();
  CHECK(stored.find("7*7") != std::string::npos);
  CHECK(stored.find("49") == std::string::npos);
}
