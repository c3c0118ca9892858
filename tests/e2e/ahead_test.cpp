// Loops whose workers run ahead of the server, as processes: each item once and in order, whatever happens in between.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

struct Lines {
  explicit Lines(const Stack& stack) : path((stack.folder().path() / "lines").string()) {}
  [[nodiscard]] std::vector<std::string> read() const {
    std::vector<std::string> all;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }
  const std::string path;
};

// Each item is a line in a file, by two tasks; `command` may do more with $n.
std::string line_of(int items, const std::string& file, const std::string& command = "true") {
  return R"(
metadata: {name: line, path: ahead/line}
workflow:
  - step: line
    loop: {in: "{{ range()" +
         std::to_string(items) + R"() | list }}", iterator: n, spec: {mode: sequential}}
    tool:
      - name: first
        kind: shell
        env: {n: "{{ iter.n }}"}
        command: |
          )" +
         command + "; echo $n >> " + file + R"(
      - name: second
        kind: noop
        spec: {policy: {rules: [{else: {then: {do: continue, set: {ctx.last: "{{ iter.n }}"}}}}]}}
    next: {arcs: [{step: after}]}
  - step: after
    tool: {kind: noop, data: {last: "{{ ctx.last }}", count: "{{ line.stats.success }}"}}
)";
}

std::int64_t batches(const Stack& stack) {
  return stack.sql_number("select count(distinct created_at) from noetl.queue where step = 'line'");
}

void check_items(const Stack& stack, int items) {
  CHECK(stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") == items);
  CHECK(stack.sql_number("select count(*) from noetl.loop_item") == items);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'done' and step = 'line'") == items);
  CHECK(stack.sql_number(
            "select count(*) from noetl.event_history where event_type = 'command.completed' and step = 'line'") ==
        items);
}

}  // namespace

TEST_CASE("items of a sequential loop are run by one worker, each once and in order, and reported together") {
  const Stack stack;
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(line_of(100, lines.path)), Json::object());

  const auto ended = stack.wait_for_execution(id);

  CHECK(ended.at("status") == "COMPLETED");
  CHECK(ended.at("result") == Json{{"last", 99}, {"count", 100}});
  const auto written = lines.read();
  REQUIRE(written.size() == 100);
  for (std::size_t i = 0; i < written.size(); ++i) CHECK(written[i] == std::to_string(i));
  check_items(stack, 100);
  CHECK(stack.sql_number("select count(*) from noetl.queue where step = 'line' and (epoch <> 1 or attempts <> 1)") ==
        0);
  CHECK(batches(stack) <= 40);
}

TEST_CASE("a worker that is told not to, and one whose server does not know it, run one command after the other") {
  const Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_WORKER_RUN_AHEAD", "off"}}});
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(line_of(20, lines.path)), Json::object());

  CHECK(stack.wait_for_execution(id).at("status") == "COMPLETED");
  check_items(stack, 20);
  CHECK(batches(stack) == 20);
}

TEST_CASE("an item that fails is tried again by its policy, and one that fails for good does not stop the others") {
  const Stack stack;
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(R"(
metadata: {name: tries, path: ahead/tries}
workflow:
  - step: line
    loop: {in: "{{ range(30) | list }}", iterator: n, spec: {mode: sequential}}
    tool:
      kind: shell
      env: {n: "{{ iter.n }}", attempt: "{{ _attempt }}"}
      command: |
        echo $n >> )" + lines.path + R"(
        test $n -ne 20 && { test $n -ne 7 || test $attempt -eq 3; }
      spec: {policy: {rules: [{when: "{{ output.status == 'error' }}", then: {do: retry, attempts: 3, delay: 0.05, backoff: fixed}}]}}
)"),
                                Json::object());

  const auto ended = stack.wait_for_execution(id);

  CHECK(ended.at("status") == "FAILED");
  CHECK(ended.at("error").at("item").at("index") == 20);
  CHECK(ended.at("error").at("attempts") == 3);
  CHECK(lines.read().size() == 30 + 2 + 2);
  CHECK(stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") == 29);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'failed'") == 2 + 3);
}

TEST_CASE("after a worker was killed another goes on: what was reported is not run again, and each item counts once") {
  Stack stack;
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(line_of(150, lines.path, "sleep 0.02")), Json::object());
  wait_until("some are reported", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") > 20; });

  stack.worker(0).kill();
  const auto reported = stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'");
  const auto run = static_cast<std::int64_t>(lines.read().size());
  stack.start_worker();

  CHECK(stack.wait_for_execution(id, 60s).at("status") == "COMPLETED");
  check_items(stack, 150);
  const auto written = lines.read();
  CHECK(static_cast<std::int64_t>(written.size()) <= 150 + run - reported + 1);
  std::map<std::string, std::int64_t> times;
  for (const auto& line : written) ++times[line];
  for (std::int64_t i = 0; i < reported; ++i) CHECK(times[std::to_string(i)] == 1);
}

TEST_CASE("a cancelled execution begins no more items") {
  const Stack stack;
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(line_of(1000, lines.path, "sleep 0.01")), Json::object());
  wait_until("it runs", 20s, [&] { return lines.read().size() > 20; });

  CHECK(stack.api().post("/api/v2/executions/" + id + "/cancel", Json::object()).status == 200);
  wait_until("nothing runs", 10s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 0; });
  // A heartbeat, or the answer to the next report, stops what runs; the second of these commands begins after that.
  const auto run_another = [&](int done) {
    (void)stack.enqueue({{{"tool", {{"kind", "shell"}, {"command", "sleep 1.5"}}}}});
    wait_until("it works on something else", 10s, [&] {
      return stack.sql_number("select count(*) from noetl.queue where execution_id is null and status = 'done'") ==
             done;
    });
  };
  run_another(1);
  const auto seen = lines.read().size();
  run_another(2);

  CHECK(seen < 900);
  CHECK(lines.read().size() == seen);
  CHECK(stack.wait_for_execution(id).at("status") == "CANCELLED");
}

TEST_CASE(
    "a paused execution ends what runs and begins nothing until it is resumed; then each item has been run once") {
  const Stack stack;
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(line_of(200, lines.path, "sleep 0.01")), Json::object());
  wait_until("it runs", 20s, [&] { return lines.read().size() > 20; });

  CHECK(stack.api().post("/api/v2/executions/" + id + "/pause", Json::object()).status == 200);
  wait_until("nothing runs", 10s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 0; });
  const auto paused_at = lines.read().size();
  CHECK(stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") ==
        static_cast<std::int64_t>(paused_at));
  CHECK(paused_at < 190);
  CHECK(stack.api().post("/api/v2/executions/" + id + "/resume", Json::object()).status == 200);

  CHECK(stack.wait_for_execution(id, 60s).at("status") == "COMPLETED");
  check_items(stack, 200);
  CHECK(lines.read().size() == 200);
}

TEST_CASE("a variable that is set from outside is seen by the items after it") {
  const Stack stack;
  const Lines lines(stack);
  const auto id = stack.execute(stack.register_playbook(R"(
metadata: {name: told, path: ahead/told}
workload: {word: before}
workflow:
  - step: line
    loop: {in: "{{ range(200) | list }}", iterator: n, spec: {mode: sequential}}
    tool: {kind: shell, env: {word: "{{ word }}"}, command: "sleep 0.01; echo $word >> )" +
                                                        lines.path + R"("}
)"),
                                Json::object());
  wait_until("it runs", 20s, [&] { return lines.read().size() > 20; });

  CHECK(stack.api().post("/api/vars/" + id, {{"variables", {{"word", "after"}}}}).status == 200);

  CHECK(stack.wait_for_execution(id, 60s).at("status") == "COMPLETED");
  const auto written = lines.read();
  REQUIRE(written.size() == 200);
  CHECK(written.front() == "before");
  CHECK(written.back() == "after");
  CHECK(std::is_sorted(written.rbegin(), written.rend()));
}

TEST_CASE("an item that kills its worker each time fails, and the others are run") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const Lines lines(stack);
  const auto pid_file = (stack.folder().path() / "pid").string();
  auto text = line_of(30, lines.path, "test $n -ne 9 || kill -9 $(cat " + pid_file + ") ; sleep 0.05");
  const auto id = stack.execute(stack.register_playbook(text), Json::object());
  const auto status = [&] {
    return stack.sql("select status from noetl.execution where execution_id = " + id).at(0).at(0);
  };

  for (int worker = 0; worker < 10 && status() == "running"; ++worker) {
    const auto index = stack.start_worker();
    std::ofstream(pid_file) << stack.worker(index).pid() << std::endl;
    wait_until("the worker is gone, or the execution has ended", 60s,
               [&] { return status() != "running" || !stack.worker(index).is_running(); });
  }

  CHECK(status() == "failed");
  CHECK(stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") == 29);
  CHECK(stack.sql_number("select item::text::int from noetl.loop_item where status = 'failed'") == 9);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'dead'") == 1);
}

TEST_CASE("rows of a cursor's claims are worked on by one worker, as many at once as its frame says") {
  Stack stack(StackSettings{.workers = 0, .env = {{"NOETL_EGRESS_ALLOW", "loopback,own"}}});
  stack.start_worker({{"NOETL_TOOL_POSTGRES_URL", stack.database_url()}});
  (void)stack.sql("create table public.work (id int primary key, state text, times int default 0)");
  (void)stack.sql("insert into public.work select n, 'new' from generate_series(1, 100) n");
  const auto id = stack.execute(stack.register_playbook(R"(
metadata: {name: rows, path: ahead/rows}
workflow:
  - step: line
    loop:
      cursor:
        kind: postgres
        claim: |
          update public.work set state = 'taken' where id in (select id from public.work where state = 'new' order by id
            for update skip locked limit {{ __frame_max_rows | int }}) returning id
      iterator: row
      spec: {mode: cursor, max_in_flight: 1, frame: {max_rows: 20, row_concurrency: 4}}
    tool:
      - {name: look, kind: noop, data: {id: "{{ iter.row.id }}"}}
      - {name: save, kind: postgres, command: "select pg_sleep(0.01); update public.work set state = 'done', times = times + 1 where id = %s", params: ["{{ look.id }}"]}
    next: {arcs: [{step: after}]}
  - step: after
    tool: {kind: noop, data: {count: "{{ line.stats.success }}"}}
)"),
                                Json::object());

  const auto ended = stack.wait_for_execution(id, 60s);

  CHECK(ended.at("status") == "COMPLETED");
  CHECK(ended.at("result").at("count") == 100);
  CHECK(stack.sql_number("select count(*) from public.work where state = 'done' and times = 1") == 100);
  CHECK(stack.sql_number("select count(*) from noetl.loop_item where status = 'completed'") == 100);
  CHECK(batches(stack) <= 40);
}

TEST_CASE("a worker of one's own runs ahead by HTTP alone") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto post = [&](const std::string& path, const Json& body) {
    const auto answer = stack.api().post(path, body);  // as the document says, or this throws
    REQUIRE_MESSAGE(answer.status == 200, answer.body);
    return answer.json();
  };
  const auto end_of = [](const Json& command) {
    return Json{
        {"attempt",
         {{"queue_id", command.at("queue_id")}, {"epoch", command.at("epoch")}, {"name", "command.completed"}}}};
  };
  const auto id = stack.execute(stack.register_playbook(R"(
metadata: {name: own, path: ahead/own}
workflow:
  - step: line
    loop: {in: [1, 2, 3], iterator: n, spec: {mode: sequential}}
    tool: {kind: noop}
)"),
                                Json::object());
  post("/api/v2/workers", {{"worker_id", "own"}, {"tools", Json::array({"noop"})}});
  const auto claimed =
      post("/api/v2/commands/claim", {{"worker_id", "own"}, {"slots", 1}, {"wait", 5}}).at("commands").at(0);
  const Json first{
      {"worker_id", "own"}, {"takes", true}, {"decisions_version", 1}, {"ended", Json::array({end_of(claimed)})}};

  const auto second = post("/api/v2/commands/ahead", first);
  Json ended = Json::array({end_of(second.at("commands").at(0))});
  ended.push_back({{"node_id", "line[2]"}, {"attempt", {{"name", "command.completed"}}}});
  const auto last =
      post("/api/v2/commands/ahead",
           {{"worker_id", "own"}, {"decisions_version", 1}, {"decisions", second.at("decisions")}, {"ended", ended}});

  CHECK(second.at("commands").at(0).at("node_id") == "line[1]");
  CHECK(second.at("goes_on") == true);
  CHECK(second.at("basis").at("execution_id") == id);
  CHECK(last.at("status") == "ok");
  CHECK(stack.wait_for_execution(id).at("status") == "COMPLETED");
  check_items(stack, 3);
  const auto late = post("/api/v2/commands/ahead", first);
  CHECK(late.at("status") == "refused");
  CHECK(late.contains("code"));
}
