#include <doctest/doctest.h>

#include <future>
#include <thread>

#include "support.hpp"
#include "worker/tools/python/python_tool.hpp"

using namespace noetl::tools;

namespace {

PythonSettings settings() {
  PythonSettings chosen{.interpreter = python_path(),
                        .pool_size = 2,
                        .warm_size = 1,
                        .recycle_after_calls = 10'000,
                        .is_reused = is_python_reused(),
                        .limits = {}};
  chosen.limits.memory_bytes_max = 256UL * 1024 * 1024;
  chosen.limits.result_bytes_max = 1024 * 1024;
  return chosen;
}

PythonTool& tool() {
  static PythonTool shared(settings());
  return shared;
}

void check_works() { CHECK(tool().run(python("result = 'fine'")).result == "\"fine\""); }

}  // namespace

TEST_CASE("a timeout kills the call's interpreter only") {
  auto other = std::async(std::launch::async,
                          [] { return tool().run(python("import time\ntime.sleep(1.3)\nresult = 'other'")); });
  // Long enough for a second interpreter to start on a busy machine.
  const auto began = std::chrono::steady_clock::now();
  const ToolResult result = tool().run(python("print('began')\nwhile True: pass", Json::object(), 1s));

  CHECK(error_kind(result) == "timeout");
  CHECK(result.error->is_retryable);
  CHECK(result.output == "began\n");
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK(other.get().result == "\"other\"");
  check_works();
}

TEST_CASE("the option timeout shortens the deadline") {
  ToolCall call = python("import time\ntime.sleep(20)");
  call.tool["timeout"] = "0.2";
  CHECK(error_kind(tool().run(call)) == "timeout");
  call.tool["timeout"] = "soon";
  CHECK(error_kind(tool().run(call)) == "invalid_input");
}

TEST_CASE("code that blocks signals and ignores exceptions is ended nevertheless") {
  CHECK(error_kind(tool().run(python("import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
                                     "while True:\n  try: time.sleep(9)\n  except BaseException: pass",
                                     Json::object(), 300ms))) == "timeout");
}

TEST_CASE("a stop ends the call at once as cancelled") {
  std::stop_source source;
  ToolCall call = python("import time\ntime.sleep(20)");
  call.stop = source.get_token();
  auto running = std::async(std::launch::async, [&] { return tool().run(call); });
  const auto began = std::chrono::steady_clock::now();
  source.request_stop();
  const ToolResult result = running.get();

  CHECK(result.outcome == noetl::domain::Outcome::cancelled);
  CHECK(error_kind(result) == "cancelled");
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK(tool().run(call).outcome == noetl::domain::Outcome::cancelled);
  check_works();
}

TEST_CASE("a stop ends the wait for a free interpreter too") {
  std::stop_source source;
  auto first = std::async(std::launch::async, [] { return tool().run(python("import time\ntime.sleep(1)")); });
  auto second = std::async(std::launch::async, [] { return tool().run(python("import time\ntime.sleep(1)")); });
  ToolCall call = python("result = 1", Json::object(), 100ms);
  call.stop = source.get_token();
  auto third = std::async(std::launch::async, [&] { return tool().run(call); });
  source.request_stop();

  CHECK(third.get().outcome == noetl::domain::Outcome::cancelled);
  (void)first.get();
  (void)second.get();
}

TEST_CASE("a call that finds every interpreter busy until its deadline is a timeout") {
  auto first = std::async(std::launch::async, [] { return tool().run(python("import time\ntime.sleep(0.5)")); });
  auto second = std::async(std::launch::async, [] { return tool().run(python("import time\ntime.sleep(0.5)")); });
  int timeouts = 0;
  while (first.wait_for(0s) != std::future_status::ready && second.wait_for(0s) != std::future_status::ready) {
    timeouts += error_kind(tool().run(python("result = 1", Json::object(), 50ms))) == "timeout" ? 1 : 0;
  }

  CHECK(timeouts > 0);
  (void)first.get();
  (void)second.get();
}

TEST_CASE("a memory hog gets memory_limit and the next call a fresh interpreter") {
  const ToolResult result = tool().run(python("hog = []\nwhile True: hog.append(bytearray(16 << 20))"));

  CHECK(error_kind(result) == "memory_limit");
  CHECK(result.error->is_retryable);
  check_works();
}

TEST_CASE("os._exit, a crash and a kill are told apart and survived") {
  const ToolResult exited = tool().run(python("import os\nprint('last words', flush=True)\nos._exit(9)"));
  CHECK(error_kind(exited) == "crash");
  CHECK(exited.error->message.find("code 9") != std::string::npos);
  CHECK(exited.output == "last words\n");

  const ToolResult crashed = tool().run(python("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"));
  CHECK(error_kind(crashed) == "crash");
  CHECK(crashed.error->message.find("signal 11") != std::string::npos);

  const ToolResult killed = tool().run(python("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"));
  CHECK(error_kind(killed) == "crash");
  CHECK(killed.error->message.find("signal 9") != std::string::npos);
  check_works();
}

TEST_CASE("os._exit is seen at once even when a forked child keeps the descriptors open") {
  const auto began = std::chrono::steady_clock::now();
  const ToolResult result = tool().run(python("import os, time\nif os.fork() == 0: time.sleep(60)\nos._exit(1)"));

  CHECK(error_kind(result) == "crash");
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("a forked child that hangs does not hold the call and does not outlive it") {
  const ToolResult result =
      tool().run(python("import os, time\npid = os.fork()\nif pid == 0: time.sleep(60)\nresult = pid"));

  CHECK(result.outcome == noetl::domain::Outcome::completed);
  CHECK(ends_soon(Json::parse(result.result).get<int>()));
  check_works();
}

TEST_CASE("a forked child that returns does not answer in place of its parent") {
  for (int i = 0; i < 20; ++i) {
    const ToolResult result =
        tool().run(python("import os\ndef main():\n  me = os.getpid()\n  pid = os.fork()\n  if pid: "
                          "os.waitpid(pid, 0)\n  return me == os.getpid()"));
    CHECK(result.result == "true");
  }
}

TEST_CASE("a background process of the code dies with its call, orphaned or not") {
  const ToolResult result =
      tool().run(python("import subprocess\nresult = int(subprocess.run(['/bin/sh', '-c', 'sleep 60 "
                        ">/dev/null 2>&1 & echo $!'], capture_output=True).stdout)"));

  CHECK(result.outcome == noetl::domain::Outcome::completed);
  CHECK(ends_soon(Json::parse(result.result).get<int>()));
}

TEST_CASE("a thread left behind does not reach the next call") {
  (void)tool().run(
      python("import threading, time\ndef noise():\n  while True: print('noise'); "
             "time.sleep(0.001)\nthreading.Thread(target=noise, daemon=True).start()"));
  for (int i = 0; i < 5; ++i) CHECK(tool().run(python("result = 1")).output.empty());
}

TEST_CASE("a result above the bound is output_limit") {
  const ToolResult result = tool().run(python("result = 'x' * (2 << 20)"));
  CHECK(error_kind(result) == "output_limit");
  check_works();
}

TEST_CASE("garbage written into the channel is a crash of that call only") {
  for (const char* bytes : {"b'\\xff' * 64", "b'\\0\\0\\0\\0'", "b'\\x03\\0\\0\\0\\x01{]'", "b'\\x02\\0\\0\\0\\x00['",
                            "(13).to_bytes(4, 'little') + bytes(8) + b'\\x01null'"}) {
    INFO(bytes);
    const ToolResult result =
        tool().run(python(std::string("import os, time\nos.write(3, ") + bytes + ")\ntime.sleep(0.2)"));
    CHECK(error_kind(result) == "crash");
    check_works();
  }
}

TEST_CASE("an interpreter that cannot be started is an error, not a wait") {
  PythonTool missing({.interpreter = "/nonexistent/python3",
                      .pool_size = 1,
                      .warm_size = 0,
                      .recycle_after_calls = 1,
                      .is_reused = is_python_reused(),
                      .limits = {}});
  const ToolResult result = missing.run(python("result = 1"));

  CHECK(error_kind(result) == "internal");
  CHECK(result.error->message.find("/nonexistent/python3") != std::string::npos);
}

TEST_CASE("an interpreter that dies while idle is replaced without a failed call") {
  PythonTool lone({.interpreter = python_path(),
                   .pool_size = 1,
                   .warm_size = 1,
                   .recycle_after_calls = 10'000,
                   .is_reused = is_python_reused(),
                   .limits = {}});
  const int pid = Json::parse(lone.run(python(interpreter_pid_code())).result).get<int>();
  kill(pid, SIGKILL);
  REQUIRE(ends_soon(pid));

  CHECK(lone.run(python("result = 1")).result == "1");
}

TEST_CASE("interpreters are recycled after their number of calls") {
  PythonTool lone({.interpreter = python_path(),
                   .pool_size = 1,
                   .warm_size = 1,
                   .recycle_after_calls = 2,
                   .is_reused = is_python_reused(),
                   .limits = {}});
  const auto pid = [&] { return lone.run(python(interpreter_pid_code())).result; };
  const std::string first = pid();

  CHECK(pid() == first);
  CHECK(pid() != first);
}

TEST_CASE("an interpreter outlives the thread that first used it") {
  PythonTool lone({.interpreter = python_path(),
                   .pool_size = 1,
                   .warm_size = 0,
                   .recycle_after_calls = 100,
                   .is_reused = is_python_reused(),
                   .limits = {}});
  std::string first;
  std::jthread([&] { first = lone.run(python(interpreter_pid_code())).result; }).join();

  CHECK(lone.run(python(interpreter_pid_code())).result == first);
}

TEST_CASE("no process remains when a pool is gone") {
  const int before = living_children_of_ours();
  {
    PythonTool some({.interpreter = python_path(),
                     .pool_size = 3,
                     .warm_size = 3,
                     .recycle_after_calls = 100,
                     .is_reused = is_python_reused(),
                     .limits = {}});
    CHECK(some.run(python("result = 1")).result == "1");
    CHECK(living_children_of_ours() > before);
  }
  CHECK(living_children_of_ours() == before);
}
