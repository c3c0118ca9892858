// Loops, pipelines and playbooks as tools, on real processes: what the engine's scenarios say one by one,
// with workers that die and many items at once.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

std::string fan_out(const std::string& path, const std::string& tool) {
  return R"yaml(
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: fan_out, path: )yaml" +
         path + R"yaml( }
workload: { count: 3 }
workflow:
  - step: start
    tool: { kind: python, code: "result = list(range(count))", input: { count: "{{ workload.count }}" } }
    next: { arcs: [{ step: each }] }
  - step: each
    loop: { in: "{{ start }}", iterator: n, spec: { mode: parallel } }
    tool: )yaml" +
         tool + R"yaml(
    next: { arcs: [{ step: end, when: "{{ event.name == 'loop.done' }}" }] }
  - step: end
    tool: { kind: python, code: "result = {'in_order': results == sorted(results), 'count': len(results), 'sum': sum(results), 'stats': stats}", input: { results: "{{ each.results }}", stats: "{{ each.stats }}" } }
)yaml";
}

std::string caller_of(const std::string& path, const std::string& called, const std::string& more = {}) {
  return R"yaml(
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: caller, path: )yaml" +
         path + R"yaml( }
workflow:
  - step: start
    tool: { kind: playbook, path: )yaml" +
         called + R"yaml(, input: { message: hi } )yaml" + more + R"yaml( }
    next: { arcs: [{ step: end }] }
  - step: end
    tool: { kind: noop, data: "{{ start }}" }
)yaml";
}

std::string called(const std::string& path, const std::string& tool) {
  return R"yaml(
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: called, path: )yaml" +
         path + R"yaml( }
workflow:
  - step: start
    tool: )yaml" +
         tool + R"yaml(
    next: { arcs: [{ step: last }] }
  - step: last
    tool: { kind: noop, data: last }
)yaml";
}

}  // namespace

TEST_CASE("a parallel loop runs every item once though a worker is killed, and its results are in order") {
  Stack stack(StackSettings{.workers = 2, .env = {}});
  stack.register_playbook(fan_out("e2e/fan_out", "{ kind: python, code: 'result = n * 2', input: { n: '{{ n }}' } }"));

  const auto id = stack.execute("e2e/fan_out", {{"count", 1500}});
  wait_until("some items are done", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") > 50; });
  (void)stack.worker(0).kill();
  const auto execution = stack.wait_for_execution(id, 60s);

  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK(execution.at("result") == Json({{"in_order", true},
                                        {"count", 1500},
                                        {"sum", 1499 * 1500},
                                        {"stats", {{"total", 1500}, {"success", 1500}, {"failed", 0}}}}));
  CHECK(stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") == 1500);
  CHECK(stack.sql_number("select count(*) from noetl.queue where node_id like 'each[%' and status = 'done'") == 1500);
}

TEST_CASE("the state of an execution does not grow with the items of its loops") {
  const Stack stack(StackSettings{.worker_slots = 32, .env = {}});
  stack.register_playbook(fan_out("e2e/fan_out", "{ kind: noop, data: '{{ n }}' }"));

  const auto few = stack.execute("e2e/fan_out", {{"count", 10}});
  (void)stack.wait_for_execution(few);
  const auto many = stack.execute("e2e/fan_out", {{"count", 3000}});
  const auto execution = stack.wait_for_execution(many, 60s);

  CHECK(execution.at("result").at("sum") == 2999 * 1500);
  const auto bytes = [&](const std::string& id) {
    return stack.sql_number(
        "select length((state::jsonb #- '{results,start}' #- '{results,end}')::text) from "
        "noetl.execution where execution_id = " +
        id);
  };
  CHECK(bytes(many) < bytes(few) + 100);
}

TEST_CASE("a playbook as a tool runs as an execution of its own and its caller goes on with its result") {
  const Stack stack;
  stack.register_playbook(called("e2e/called", "{ kind: noop, data: '{{ workload.message }} there' }"));

  SUBCASE("the execution's result") {
    stack.register_playbook(caller_of("e2e/caller", "e2e/called"));
    const auto execution = stack.wait_for_execution(stack.execute("e2e/caller", Json::object()));
    CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
    CHECK(execution.at("result") == "last");
  }
  SUBCASE("the result of one of its steps") {
    stack.register_playbook(caller_of("e2e/caller", "e2e/called", ", return_step: start"));
    const auto execution = stack.wait_for_execution(stack.execute("e2e/caller", Json::object()));
    CHECK(execution.at("result") == "hi there");
  }
  SUBCASE("not waited for") {
    stack.register_playbook(caller_of("e2e/caller", "e2e/called", ", wait: false"));
    const auto execution = stack.wait_for_execution(stack.execute("e2e/caller", Json::object()));
    CHECK(execution.at("result").at("status") == "started");
  }
  SUBCASE("one that is not registered fails the step and says so") {
    stack.register_playbook(caller_of("e2e/caller", "e2e/nobody"));
    const auto execution = stack.wait_for_execution(stack.execute("e2e/caller", Json::object()));
    CHECK(execution.at("status") == "FAILED");
    CHECK(execution.at("error").at("kind") == "not_found");
    CHECK(execution.at("error").at("message").get<std::string>().find("e2e/nobody") != std::string::npos);
  }
  CHECK(stack.sql_number("select count(*) from noetl.execution where not is_parent_told") == 0);
}

TEST_CASE("a failing child fails its caller with the child's error; one that calls itself comes to an end") {
  const Stack stack;
  stack.register_playbook(
      called("e2e/called", R"yaml({ kind: python, code: "raise ValueError('no such thing')" })yaml"));
  stack.register_playbook(caller_of("e2e/caller", "e2e/called"));
  stack.register_playbook(caller_of("e2e/itself", "e2e/itself"));

  const auto failed = stack.wait_for_execution(stack.execute("e2e/caller", Json::object()));
  CHECK(failed.at("status") == "FAILED");
  CHECK(failed.at("error").at("message").get<std::string>().find("no such thing") != std::string::npos);

  const auto endless = stack.wait_for_execution(stack.execute("e2e/itself", Json::object()));
  CHECK(endless.at("status") == "FAILED");
  CHECK(endless.at("error").at("kind") == "too_deep");
}

TEST_CASE("cancelling a caller cancels what it called") {
  const Stack stack;
  stack.register_playbook(called("e2e/called", "{ kind: shell, command: 'sleep 60' }"));
  stack.register_playbook(caller_of("e2e/caller", "e2e/called"));
  const auto id = stack.execute("e2e/caller", Json::object());
  wait_until("the child runs", 10s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 1; });

  const auto answer =
      stack.api().post("/api/v2/executions/" + id + "/cancel", {{"reason", "test"}, {"cascade", true}}).json();

  CHECK(answer.at("cancelled_executions").size() == 2);
  CHECK(stack.sql_number("select count(*) from noetl.execution where status = 'cancelled'") == 2);
}

TEST_CASE("a caller learns of its child's end though the server dies before it tells") {
  Stack stack(StackSettings{.env = {}});
  stack.register_playbook(called("e2e/called", "{ kind: shell, command: 'sleep 60' }"));
  stack.register_playbook(caller_of("e2e/caller", "e2e/called"));
  const auto id = stack.execute("e2e/caller", Json::object());
  wait_until("the child runs", 10s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 1; });
  // As it stands when the server has died between the child's last commit and telling its caller.
  (void)stack.server().kill();
  (void)stack.sql("update noetl.queue set status = 'cancelled', finished_at = now() where status = 'running'");
  (void)stack.sql(
      "update noetl.execution set status = 'completed', outstanding = 0, finished_at = now(), result = '\"by "
      "hand\"' "
      "where parent_execution_id is not null");
  stack.restart_server(0);

  const auto execution = stack.wait_for_execution(id);

  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK(execution.at("result") == "by hand");
}

TEST_CASE("a task that fails is tried again after its delay, on the way of a pipeline that jumps back") {
  const Stack stack;
  stack.register_playbook(R"yaml(
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: pages, path: e2e/pages }
workflow:
  - step: start
    tool:
      - name: init
        kind: noop
        spec: { policy: { rules: [{ else: { then: { do: continue, set: { ctx.page: 1, ctx.seen: [] } } } }] } }
      - name: fetch
        kind: python
        input: { page: "{{ ctx.page }}", attempt: "{{ _attempt }}" }
        code: |
          if page == 2 and attempt < 3:
              raise RuntimeError("not yet")
          result = {"page": page, "more": page < 3, "attempt": attempt}
        spec:
          policy:
            rules:
              - when: "{{ output.status == 'error' }}"
                then: { do: retry, attempts: 3, backoff: fixed, delay: 0.2 }
              - else:
                  then: { do: continue, set: { ctx.seen: "{{ ctx.seen + [output.data.attempt] }}" } }
      - name: again
        kind: noop
        spec:
          policy:
            rules:
              - when: "{{ fetch.more }}"
                then: { do: jump, to: fetch, set: { ctx.page: "{{ ctx.page + 1 }}" } }
    next: { arcs: [{ step: end }] }
  - step: end
    tool: { kind: noop, data: { page: "{{ ctx.page }}", attempts: "{{ ctx.seen }}" } }
)yaml");

  const auto execution = stack.wait_for_execution(stack.execute("e2e/pages", Json::object()));

  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK(execution.at("result") == Json({{"page", 3}, {"attempts", {1, 3, 1}}}));
  CHECK(execution.at("duration").get<double>() >= 0.4);
}

TEST_CASE("an execution is run again from a step, with the results of what came before it") {
  const Stack stack;
  stack.register_playbook(R"yaml(
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: again, path: e2e/again }
workload: { divisor: 0 }
workflow:
  - step: start
    loop: { in: [1, 2, 3], iterator: n, mode: parallel }
    tool: { kind: python, code: "result = n * 10", input: { n: "{{ n }}" } }
    next: [divide]
  - step: divide
    tool: { kind: python, code: "result = sum(numbers) / divisor", input: { numbers: "{{ start.results }}", divisor: "{{ workload.divisor }}" } }
)yaml");
  const auto first = stack.execute("e2e/again", Json::object());
  CHECK(stack.wait_for_execution(first).at("status") == "FAILED");

  const auto rerun = "/api/v2/executions/" + first + "/rerun";
  const auto answer = stack.api().post(rerun, {{"from_step", "divide"}, {"payload", {{"divisor", 4}}}});

  CHECK(answer.status == 200);
  const std::string second = answer.json().at("execution_id");
  const auto execution = stack.wait_for_execution(second);
  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK(execution.at("result") == 15.0);
  CHECK(stack.sql_number("select count(*) from noetl.queue where execution_id = " + second) == 1);
  CHECK(stack.api().post(rerun, {{"from_step", "nowhere"}}).status == 422);
  CHECK(stack.api().post("/api/v2/executions/7/rerun", Json::object()).status == 404);
}

TEST_CASE(
    "registration answers with the warnings of lint, a duration is refused with its place, and 200 ms hold in a tool") {
  const Stack stack;
  const auto registered = [&](const std::string& workload, const std::string& timeout) {
    return stack.api().post(
        "/api/catalog/register",
        {{"content",
          "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: e2e/t}\nworkload: {" + workload +
              "}\nworkflow:\n  - step: start\n    tool: {kind: shell, command: sleep 20, timeout: " + timeout +
              "}\n"}});
  };
  const auto taken = registered("country: NO, zip: 00501", "200ms");
  CHECK(taken.status == 200);
  const auto warnings = taken.json().at("warnings");
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].at("line") == 4);
  CHECK(warnings[1].at("message").get<std::string>().find("321") != std::string::npos);
  const auto refused = registered("a: 1", "1 second");
  CHECK(refused.status == 422);
  CHECK(refused.json().at("details")[0].at("line") == 7);

  const auto ended = stack.wait_for_execution(stack.execute("e2e/t", Json::object()));
  CHECK(ended.at("status") == "FAILED");
  CHECK(ended.at("error").at("kind") == "timeout");
  CHECK(ended.at("duration") < 15);

  // The mended playbook goes on where the old one failed.
  CHECK(registered("country: Norway", "20s").json().at("version") == 2);
  const auto rerun = "/api/v2/executions/" + ended.at("execution_id").get<std::string>() + "/rerun";
  const auto again = stack.api().post(rerun, {{"version", "latest"}});
  CHECK(again.status == 200);
  const std::string second = again.json().at("execution_id");
  CHECK(stack.api().get("/api/v2/executions/" + second).json().at("version") == 2);
  CHECK(stack.api().post(rerun, {{"version", 9}}).status == 404);
  CHECK(stack.api().post("/api/v2/executions/" + second + "/cancel", Json::object()).status == 200);
}
