// How Python code fails: always with its kind, its message and its lines, and taken for memory only when memory it was.
#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support.hpp"
#include "worker/tools/python/python_tool.hpp"

using namespace noetl::tools;

namespace {

PythonSettings settings() {
  return {.interpreter = python_path(),
          .pool_size = 2,
          .warm_size = 1,
          .recycle_after_calls = 10'000,
          .is_reused = is_python_reused(),
          .limits = {}};
}

PythonTool& tool() {
  static PythonTool shared(settings());
  return shared;
}

ToolResult failure_of(const std::string& code) {
  ToolResult result = tool().run(python(code));
  INFO(code << "\nresult: " << result.result);
  REQUIRE(result.error);
  return result;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an exception with the name of a file that is not UTF-8 keeps its kind, message and traceback") {
  const ToolResult result = failure_of(
      "import os, tempfile\nfolder = tempfile.mkdtemp()\nopen(os.fsencode(folder) + b'/caf\\xe9.txt', 'w').close()\n"
      "name = os.listdir(folder)[0]\nos.remove(os.path.join(folder, name)); os.rmdir(folder)\n"
      "raise RuntimeError('cannot read ' + name)");

  CHECK(result.error->kind == "exception");
  CHECK(result.error->message == "RuntimeError: cannot read caf\\udce9.txt");
  CHECK(says(result.error->traceback, "line 6"));
}

TEST_CASE("whatever an exception's text does, its kind and its traceback are there") {
  struct Case {
    const char* code;
    const char* message;
  };
  for (const Case& one : {
           Case{"class E(Exception):\n  def __str__(self): raise ValueError('x')\nraise E()",
                "E: <its text raised ValueError>"},
           Case{"class E(Exception):\n  def __str__(self): return 5\nraise E()", "E: <its text raised TypeError>"},
           Case{"class E(Exception):\n  def __str__(self): raise SystemExit(1)\nraise E()",
                "E: <its text raised SystemExit>"},
           Case{"class S(str):\n  def encode(self, *a): raise OSError()\n  def __len__(self): raise OSError()\n"
                "class E(Exception):\n  def __str__(self): return S('odd')\nraise E()",
                "E: odd"},
           Case{"raise ValueError('a\\x00b')",
                "ValueError: a\xEF\xBF\xBD"
                "b"},
           Case{"raise ValueError('\\ud800')", "ValueError: \\ud800"},
           Case{"raise type('\\u00e9', (Exception,), {})('x')", "\xC3\xA9: x"},
           Case{"raise KeyError('\\ud800')", "KeyError: '\\ud800'"},
           Case{"raise ExceptionGroup('several', [ValueError(1), KeyError('\\ud800')])",
                "ExceptionGroup: several (2 sub-exceptions)"},
           Case{"raise KeyboardInterrupt()", "KeyboardInterrupt"},
           Case{"raise GeneratorExit()", "GeneratorExit"},
           Case{"raise SystemExit('out')", "SystemExit: out"},
           Case{"import asyncio\nasync def main(): raise asyncio.CancelledError()", "CancelledError"},
           Case{"import json\njson.dumps = json.JSONEncoder.encode = None\nraise ValueError('still told')",
                "ValueError: still told"},
           Case{"import sys\nsys.stdout.close()\nraise ValueError('no stdout')", "ValueError: no stdout"},
       }) {
    INFO(one.code);
    const ToolResult result = failure_of(one.code);
    CHECK(result.error->kind == "exception");
    CHECK(result.error->message == one.message);
    CHECK(says(result.error->traceback, "File \"<code>\""));
    CHECK(result.error->is_retryable);
  }
}

TEST_CASE("an exception says itself that it is not to be tried again, by an attribute of its class or its own") {
  for (const auto& [code, is_retryable] : std::initializer_list<std::pair<const char*, bool>>{
           {"class Hopeless(Exception): retryable = False\nraise Hopeless('no')", false},
           {"e = ValueError('no')\ne.retryable = False\nraise e", false},
           {"e = ValueError('again')\ne.retryable = True\nraise e", true},
           {"class Base(Exception): retryable = False\nclass E(Base): pass\ndef main(): raise E('no')", false},
           {"e = ValueError('a word that is none')\ne.retryable = 'no'\nraise e", true},
           {"class E(Exception):\n  @property\n  def retryable(self): raise SystemExit(1)\nraise E()", true},
       }) {
    INFO(code);
    const ToolResult result = failure_of(code);
    CHECK(result.error->kind == "exception");
    CHECK(result.error->is_retryable == is_retryable);
  }
}

TEST_CASE("endless recursion is an exception, and a message of megabytes is cut") {
  const ToolResult deep = failure_of("def main(): return main()");
  CHECK(deep.error->kind == "exception");
  CHECK(says(deep.error->message, "RecursionError: maximum recursion depth exceeded"));

  const ToolResult large = failure_of("raise ValueError('\\ud800' + 'x' * (8 << 20))");
  CHECK(large.error->kind == "exception");
  CHECK(large.error->message.size() < 5000);
  CHECK(says(large.error->message, "[output cut: "));
}

TEST_CASE("bytes that are no UTF-8 in the output of failed code are replaced, the error stays") {
  const ToolResult result = failure_of("import sys\nsys.stdout.buffer.write(b'a\\xffb\\n')\nprint('\\udce9')\n1 / 0");

  CHECK(result.error->message == "ZeroDivisionError: division by zero");
  CHECK(says(result.output,
             "a\xEF\xBF\xBD"
             "b\n"));
  CHECK(says(result.output, "\\udce9"));
}

TEST_CASE("a process that is killed is a crash with its signal, and of memory only when the kernel says so") {
  for (const int signal : {SIGKILL, SIGTERM, SIGABRT, SIGSEGV, SIGBUS, SIGHUP, SIGALRM, SIGUSR1}) {
    const ToolResult result = failure_of("import os\nos.kill(os.getpid(), " + std::to_string(signal) + ")");
    CHECK(result.error->kind == "crash");
    CHECK(says(result.error->message, "killed by signal " + std::to_string(signal) + " "));
  }

  const auto events = std::filesystem::temp_directory_path() / ("noetl-oom-" + std::to_string(getpid()));
  std::ofstream(events) << "low 0\noom 0\noom_kill 2\n";
  PythonSettings chosen = settings();
  chosen.oom_events_file = events.string();
  PythonTool counted(chosen);
  // The kernel counts, then the process dies.
  const auto kind_after = [&](const std::string& kills, const std::string& signal) {
    return error_kind(
        counted.run(python("import os\nwith open('" + events.string() + "', 'w') as f: f.write('oom 1\\noom_kill " +
                           kills + "\\n')\nos.kill(os.getpid(), " + signal + ")")));
  };
  CHECK(kind_after("2", "9") == "crash");
  CHECK(kind_after("3", "9") == "memory_limit");
  CHECK(kind_after("3", "9") == "crash");
  CHECK(kind_after("4", "15") == "crash");
  std::filesystem::remove(events);
}

TEST_CASE("code that closes or takes the interpreter's descriptors is a crash that says so, not a want of memory") {
  for (const char* code :
       {"import os\nos.closerange(3, 4096)", "import os\nos.close(3)", "import os\nos.close(3)\nresult = 1",
        "import os, time\nos.closerange(3, 4096)\ntime.sleep(30)", "import os\nos.dup2(1, 3)"}) {
    INFO(code);
    const auto began = std::chrono::steady_clock::now();
    const ToolResult result = failure_of(code);
    CHECK(result.error->kind == "crash");
    CHECK_FALSE(says(result.error->message, "signal 9"));
    CHECK(std::chrono::steady_clock::now() - began < 10s);
    CHECK(tool().run(python("result = 'fine'")).result == "\"fine\"");
  }
}

TEST_CASE("code that kills its interpreter is a crash of that call only") {
  const ToolResult result = failure_of(is_python_reused() ? "import os\nos.kill(os.getpid(), 9)"
                                                          : "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(5)");

  CHECK(result.error->kind == "crash");
  CHECK(tool().run(python("result = 'fine'")).result == "\"fine\"");
}

TEST_CASE("an error says the line of the step's code and what stands there, wherever below it was raised") {
  const auto details = [](const std::string& code) {
    const ToolResult result = tool().run(python(code));
    REQUIRE(result.error);
    return result.error->details.empty() ? Json::object() : Json::parse(result.error->details);
  };

  const Json own = details("def main():\n  rows = [{'price': 1}]\n  return sum(r['prise'] for r in rows)\n");
  CHECK(own["line"] == 3);
  CHECK(own["code"] == "return sum(r['prise'] for r in rows)");
  CHECK(details("import json\n\njson.loads('{')\n")["line"] == 3);
  CHECK(details("x = 1\ny = = 2")["line"] == 2);
  CHECK(details("x = 1\nif x == 2:\n  return 3\n\n1 / 0\n")["line"] == 5);
  CHECK(details("async def main():\n  raise ValueError('x')\n")["code"] == "raise ValueError('x')");
  CHECK(details("def main(missing): pass\n").empty());
}
