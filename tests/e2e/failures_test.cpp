// Finding out why an execution failed, and what one is doing, with noetlctl alone.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "test_paths.hpp"
#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

// Whatever its exit code; stdout and stderr.
std::string noetlctl(const Stack& stack, const std::string& arguments) {
  const std::string program =
      std::string(NOETL_BIN_DIR) + "/noetlctl --server-url " + stack.api().url() + " " + arguments;
  return run_program(
      {.command = {"sh", "-c", program + " 2>&1; true"}, .env = {}, .log_file = {}, .work_folder = {}, .user = {}},
      60s);
}

constexpr const char* two_steps_one_of_which_raises = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: shop, path: e2e/shop}
workflow:
  - step: start
    tool: {kind: python, code: "result = [{'price': n} for n in range(400)]"}
    next: {arcs: [{step: transform}]}
  - step: transform
    tool:
      kind: python
      args: {rows: "{{ start }}"}
      code: |
        def main(rows):
          total = 0
          for row in rows:
            total += row["prise"]
          return total
)";

}  // namespace

TEST_CASE("execute --wait and execution get end with the error: message, place, line and traceback") {
  const Stack stack;
  (void)stack.register_playbook(two_steps_one_of_which_raises);

  const auto waited = noetlctl(stack, "execute e2e/shop --wait");
  const auto id = Json::parse(noetlctl(stack, "-o json execution list"))
                      .at("executions")
                      .at(0)
                      .at("execution_id")
                      .get<std::string>();
  const auto got = noetlctl(stack, "execution get " + id);

  for (const auto& text : {waited, got}) {
    CAPTURE(text);
    CHECK(text.find("\nerror: KeyError: 'prise'\n  step transform, attempt 1 of 1\n  kind exception\n  line 4: total "
                    "+= row[\"prise\"]\n"
                    "    Traceback (most recent call last):\n      File \"<code>\", line 4, in main\n") !=
          std::string::npos);
    CHECK(text.ends_with("KeyError: 'prise'\n"));
    CHECK(text.find("\nresult:") == std::string::npos);
  }
  CHECK(waited.size() < 1000);
}

TEST_CASE("execution watch shows what runs while it runs, what it prints, what fails, and ends with the error") {
  const Stack stack;
  (void)stack.register_playbook(
      playbook_with_shell("e2e/slow", "echo first; sleep 3; echo second; echo gone wrong >&2; exit 3"));
  const auto started = Json::parse(noetlctl(stack, "-o json execute e2e/slow"));
  const auto id = started.at("execution_id").get<std::string>();

  wait_until("the step's beginning in the events", 2s,
             [&] { return noetlctl(stack, "execution events " + id).find("step.enter") != std::string::npos; });
  CHECK(stack.api().get("/api/v2/executions/" + id).json().at("status") == "RUNNING");
  const auto text = noetlctl(stack, "execution watch " + id);

  CAPTURE(text);
  const auto entered = text.find("step.enter  start"), printed = text.find("command.log  start  first"),
             failed = text.find("call.error  start");
  REQUIRE(entered != std::string::npos);
  REQUIRE(printed != std::string::npos);
  REQUIRE(failed != std::string::npos);
  CHECK(entered < printed);
  CHECK(printed < failed);
  CHECK(text.find("the command exited with code 3: gone wrong", failed) != std::string::npos);
  CHECK(text.find("error: the command exited with code 3", failed) != std::string::npos);
  std::string before;
  for (const auto& event : stack.api().get("/api/v2/executions/" + id + "/events?limit=1000").json().at("events")) {
    const auto at = event.at("created_at").get<std::string>();
    CHECK(before <= at);
    before = at;
  }
}
