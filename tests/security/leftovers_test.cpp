// What a step left behind ends with it, and what it may use has bounds.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <sstream>

#include "steps.hpp"

using namespace noetl::support;
using namespace noetl::security;
using namespace std::chrono_literals;

namespace {

// Prints the number of a process that has left session, group, parent and all descriptors of the step.
const char* const daemonise = R"(setsid sh -c 'setsid sh -c "sleep 271 >/dev/null 2>&1 </dev/null & echo \$!"')";

void check_ends(int pid) {
  REQUIRE(pid > 1);
  wait_until("end of process " + std::to_string(pid), 5s, [&] { return !is_alive(pid); });
}

}  // namespace

TEST_CASE("a daemon of a shell step is gone when the step is done") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});

  check_ends(std::stoi(printed_by(stack, daemonise)));
  check_ends(std::stoi(printed_by(stack, "setsid nohup sleep 271 >/dev/null 2>&1 & echo $!")));
  check_ends(std::stoi(printed_by(stack, "(trap '' TERM HUP INT; exec sleep 271) >/dev/null 2>&1 & echo $!")));
  // A whole tree of them.
  std::istringstream pids(printed_by(stack, std::string("for i in 1 2 3 4 5; do ") + daemonise + "; done"));
  for (int pid = 0; pids >> pid;) check_ends(pid);
}

TEST_CASE("a daemon of a step that fails, or that its deadline ends, is gone too") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto file = stack.folder().path() / "pid";

  CHECK(run(stack, shell(std::string(daemonise) + " > " + file.string() + "; exit 3")).at("status") == "dead");
  check_ends(std::stoi(read_text(file)));
  Json late = shell(std::string(daemonise) + " > " + file.string() + "; sleep 60");
  late["tool"]["timeout"] = 1;
  CHECK(run(stack, late).at("status") == "dead");
  check_ends(std::stoi(read_text(file)));
}

TEST_CASE("a daemon of Python code and of a program of tool-exec is gone when the call is done") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto program = stack.folder().path() / "daemonises";
  write_text(program, std::string("#!/bin/sh\npid=$(") + daemonise + ")\necho \"{\\\"result\\\": $pid}\"\n");
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  stack.start_worker({{"NOETL_TOOL_EXEC", "daemonises=" + program.string()}});

  check_ends(run(stack, {{"tool", {{"kind", "daemonises"}}}}).at("result"));
  check_ends(run(stack, python("import subprocess\nresult = int(subprocess.run(['sh', '-c', " + Json(daemonise).dump() +
                               "], capture_output=True).stdout)"))
                 .at("result"));
  check_ends(
      run(stack, python("import subprocess\nresult = subprocess.Popen(['sleep', '271'], start_new_session=True).pid"))
          .at("result"));
}

TEST_CASE("what a step runs ends with a worker that is killed") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto folder = stack.folder().path();
  stack.enqueue({shell(std::string(daemonise) + " > " + (folder / "daemon").string() + "; echo $$ > " +
                       (folder / "shell").string() + "; exec sleep 272"),
                 python("import time\nopen('" + (folder / "python").string() +
                        "', 'w').write(str(os.getpid()))\ntime.sleep(272)")});
  const auto pid_in = [&](const char* name) { return std::atoi(read_text(folder / name).c_str()); };
  wait_until("both steps run", 20s,
             [&] { return pid_in("daemon") > 1 && pid_in("shell") > 1 && pid_in("python") > 1; });

  stack.worker().kill();

  for (const char* name : {"daemon", "shell", "python"}) check_ends(pid_in(name));
}

TEST_CASE("files, processor time and processes of a step have the bounds of the worker's settings") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto worker = worker_of_step_user(
      stack, {{"NOETL_TOOL_FILE_MAX", "64KiB"}, {"NOETL_TOOL_CPU_MAX", "1s"}, {"NOETL_TOOL_PROCESSES_MAX", "512"}});

  const std::string limits = printed_by(stack, "sed 's/  */ /g' /proc/self/limits");
  for (const char* line :
       {"Max core file size 0 0 ", "Max processes 512 512 ", "Max file size 65536 65536 ", "Max cpu time 1 2 "}) {
    CHECK_MESSAGE(limits.find(line) != std::string::npos, line, " not in ", limits);
  }
  CHECK(run(stack, shell("f=$(mktemp); trap \"rm -f $f\" EXIT; head -c 1000000 /dev/zero > $f; echo $?"))
            .at("result")
            .at("stdout") != "0\n");
  CHECK(run(stack, shell("while :; do :; done")).dump().find("signal 24") != std::string::npos);
  CHECK(run(stack, python("while True: pass")).dump().find("signal 24") != std::string::npos);
  CHECK(run(stack, python("result = 1")).at("result") == 1);
}
