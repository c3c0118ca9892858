// What Python code changes of its process is gone when its call ends: the process is, or, where one serves many calls, it is noticed.
#include <doctest/doctest.h>

#include "support.hpp"
#include "worker/tools/python/python_tool.hpp"

using namespace noetl::tools;

namespace {

// One interpreter for all calls: what one leaves, the next one would meet.
PythonSettings lone() {
  return {.interpreter = python_path(),
          .pool_size = 1,
          .warm_size = 1,
          .recycle_after_calls = 10'000,
          .is_reused = is_python_reused(),
          .limits = {}};
}

struct Change {
  const char* what;
  const char* code;
  const char* look;  // gives what a later call sees of it
};

const Change changes[] = {
    // NOLINT: a table
    {"the mask of new files", "import os\nos.umask(0o777)", "import os\nm = os.umask(0o22)\nos.umask(m)\nresult = m"},
    {"a limit of descriptors", "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))",
     "import resource\nresult = resource.getrlimit(resource.RLIMIT_NOFILE)[0]"},
    {"a function of json", "import json\njson.dumps = lambda *a, **k: 'mine'", "import json\nresult = json.dumps([1])"},
    {"a method of json's decoder", "import json.decoder\njson.decoder.scanstring = None",
     "import json.decoder\nresult = json.decoder.scanstring is None"},
    {"a function of os", "import os\nos.getlogin = lambda: 'nobody'", "import os\nresult = os.getlogin.__name__"},
    {"a builtin", "import builtins\nbuiltins.ascii = lambda x: 42", "result = ascii('a')"},
    {"the default timeout of sockets", "import socket\nsocket.setdefaulttimeout(0.5)",
     "import socket\nresult = socket.getdefaulttimeout()"},
    {"the time zone", "import os, time\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()",
     "import time\nresult = time.timezone"},
    {"a signal's handler", "import signal\nsignal.signal(signal.SIGUSR1, lambda *a: None)",
     "import signal\nresult = str(signal.getsignal(signal.SIGUSR1))"},
    {"an ignored signal", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
     "import signal\nresult = str(signal.getsignal(signal.SIGTERM))"},
    {"a blocked signal", "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])",
     "import signal\nresult = len(signal.pthread_sigmask(signal.SIG_BLOCK, []))"},
    {"an alarm", "import signal\nsignal.alarm(1000)",
     "import signal\nresult = signal.getitimer(signal.ITIMER_REAL)[0]"},
    {"a timer of processor time", "import signal\nsignal.setitimer(signal.ITIMER_PROF, 1000)",
     "import signal\nresult = signal.getitimer(signal.ITIMER_PROF)[0]"},
    {"the bound of recursion", "import sys\nsys.setrecursionlimit(777)",
     "import sys\nresult = sys.getrecursionlimit()"},
    {"where modules are looked for", "import sys\nsys.path.insert(0, '/tmp/x')", "import sys\nresult = sys.path"},
    {"the locale",
     "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8' if locale.setlocale(locale.LC_ALL) == 'C' else 'C')",
     "import locale\nresult = locale.setlocale(locale.LC_ALL)"},
    {"a profiler", "import sys\nsys.setprofile(lambda *a: None)", "import sys\nresult = sys.getprofile() is None"},
    {"the priority", "import os\nos.nice(3)", "import os\nresult = os.nice(0)"},
    {"the processors", "import os\nos.sched_setaffinity(0, [min(os.sched_getaffinity(0))])",
     "import os\nresult = len(os.sched_getaffinity(0))"},
    {"the folder", "import os\nos.chdir('/')", "import os\nresult = os.getcwd()"},
    {"a variable of the environment", "import os\nos.environ['HTTP_PROXY'] = 'http://mine'",
     "import os\nresult = os.environ.get('HTTP_PROXY')"},
    {"the driver", "import sys\nsys.modules['__main__'].simpler = lambda v: 'stolen'",
     "import sys\nresult = sys.modules['__main__'].simpler.__name__"},
};

}  // namespace

TEST_CASE("what a call changes of its process is not met by a later one") {
  for (const Change& change : changes) {
    INFO(change.what);
    PythonTool tool(lone());
    const ToolResult before = tool.run(python(change.look));
    REQUIRE_MESSAGE(!before.error, before.error->message);

    const ToolResult changed = tool.run(python(std::string(change.code) + "\nresult = 'changed'"));
    REQUIRE_MESSAGE(!changed.error, changed.error->message);
    const ToolResult after = tool.run(python(change.look));

    REQUIRE_MESSAGE(!after.error, after.error->message);
    CHECK(after.result == before.result);
  }
}

TEST_CASE("a timer that one call starts ends no later call") {
  for (const char* code : {"import signal\nsignal.alarm(1)\nresult = 1",
                           "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\nresult = 1",
                           "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)\nraise ValueError()"}) {
    INFO(code);
    PythonTool tool(lone());
    (void)tool.run(python(code));
    for (int i = 0; i < 3; ++i) {
      const ToolResult later = tool.run(python("import time\ntime.sleep(0.5)\nresult = 2"));
      CHECK_MESSAGE(later.result == "2", (later.error ? later.error->message : ""));
    }
  }
}

TEST_CASE("an interpreter is kept when a call changed nothing of it, imports included") {
  PythonTool tool(lone());
  const auto pid = [&] { return tool.run(python(interpreter_pid_code())).result; };
  const std::string first = pid();

  for (const char* code :
       {"result = 1", "import asyncio, socket, decimal, subprocess, logging, csv, random, resource\nresult = 2",
        "import asyncio\nasync def main():\n  await asyncio.sleep(0)\n  return 1", "raise ValueError('x')",
        "import subprocess\nresult = subprocess.run(['true']).returncode", "print('words')", "result = {1: object()}",
        "import json, datetime\nresult = json.dumps({'d': str(datetime.datetime.now())})"}) {
    INFO(code);
    (void)tool.run(python(code));
    CHECK(pid() == first);
  }
}
