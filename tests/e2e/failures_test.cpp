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

TEST_CASE("a delayed execution is scheduled with its due time in list and get, and execute says when it begins") {
  const Stack stack;
  (void)stack.register_playbook(two_steps_one_of_which_raises);

  const auto started = noetlctl(stack, "execute e2e/shop --start-at 2099-01-31T12:00:00Z");
  const auto id = started.substr(10, started.find(' ', 10) - 10);

  CHECK(started == "execution " + id + " scheduled, begins at 2099-01-31T12:00:00Z\n");
  const auto listed = noetlctl(stack, "execution list --status scheduled");
  CAPTURE(listed);
  CHECK(listed.starts_with("EXECUTION"));
  CHECK(listed.find("  SCHEDULED  2099-01-31T12:00:00") != std::string::npos);
  CHECK(noetlctl(stack, "execution list --status running").find(id) == std::string::npos);
  const auto got = noetlctl(stack, "execution get " + id);
  CAPTURE(got);
  CHECK(got.find("\nstatus: SCHEDULED\n") != std::string::npos);
  CHECK(got.find("\ndue_at: 2099-01-31T12:00:00") != std::string::npos);
  CHECK(got.find("started_at") == std::string::npos);
  const auto waited = noetlctl(stack, "execute e2e/shop --delay 1h --wait --timeout 100ms");
  CHECK(waited.find(" is SCHEDULED after 100ms: due at 2") != std::string::npos);
}

TEST_CASE(
    "execution rerun --wait shows the end as execute --wait does, with the same exit code, and stops waiting as that "
    "does") {
  const Stack stack;
  (void)stack.register_playbook(two_steps_one_of_which_raises);
  const auto with_code = [&](const std::string& arguments) { return noetlctl(stack, arguments + "; echo code $?"); };
  const auto first = with_code("execute e2e/shop --wait");
  const auto id = first.substr(14, first.find('\n') - 14);

  const auto rerun = with_code("execution rerun " + id + " --from transform --wait");

  CAPTURE(rerun);
  REQUIRE(first.starts_with("execution_id: "));
  CHECK(rerun.starts_with("execution_id: "));
  CHECK(rerun.ends_with(first.substr(first.find("\nerror: "))));
  CHECK(rerun.ends_with("KeyError: 'prise'\ncode 1\n"));
  CHECK(with_code("execution rerun " + id + " --wait --timeout soon").ends_with("code 2\n"));
  CHECK(noetlctl(stack, "execution rerun " + id).find(" started\n") != std::string::npos);
  (void)stack.register_playbook(playbook_with_shell("e2e/slow", "sleep 1"));
  const auto slow = Json::parse(noetlctl(stack, "-o json execute e2e/slow")).at("execution_id").get<std::string>();
  CHECK(with_code("execution watch " + slow).ends_with("code 0\n"));
  CHECK(with_code("execution rerun " + slow + " --wait --timeout 100ms").ends_with("code 6\n"));
  CHECK(with_code("execution rerun " + slow + " --wait").ends_with("code 0\n"));
  const auto key = noetlctl(stack, "execution rerun " + slow + " --idempotency-key once");
  CHECK(noetlctl(stack, "execution rerun " + slow + " --idempotency-key once") ==
        key.substr(0, key.find(" started")) + " duplicate\n");
}

TEST_CASE("a command that is waited for in vain says why it does not run, and one of an unknown kind which was meant") {
  const Stack stack;

  CHECK(noetlctl(stack, "command enqueue noop --pool nobody --wait --wait-timeout 100ms")
            .find(" is queued after 100ms: no worker in pool 'nobody'; look again with: noetlctl command get ") !=
        std::string::npos);
  const auto unknown = noetlctl(stack, "command enqueue nop --wait");
  CAPTURE(unknown);
  CHECK(unknown.find("has no tool of kind 'nop'; did you mean 'noop'? It has ") != std::string::npos);
}
