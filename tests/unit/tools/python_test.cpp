#include <doctest/doctest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <thread>

#include "shared/base/guarded.hpp"
#include "support.hpp"
#include "worker/tools/python/python_tool.hpp"

using namespace noetl::tools;

namespace {

PythonSettings settings() {
  return {.interpreter = python_path(),
          .pool_size = 3,
          .warm_size = 1,
          .recycle_after_calls = 10'000,
          .is_reused = is_python_reused(),
          .limits = {}};
}

// One tool for all cases of this file: what one leaves behind, the next would meet.
PythonTool& tool() {
  static PythonTool shared(settings());
  return shared;
}

Json result_of(const ToolCall& call) {
  const ToolResult result = tool().run(call);
  INFO("error: " << (result.error ? result.error->kind + ": " + result.error->message + "\n" + result.error->traceback
                                  : "none"));
  REQUIRE(result.outcome == noetl::domain::Outcome::completed);
  return Json::parse(result.result);
}

}  // namespace

TEST_CASE("main gets its arguments by name, defaults stay, the rest goes to **kwargs") {
  CHECK(result_of(python("def main(a, b=5):\n  return {'sum': a + b}", {{"a", 1}})) == Json{{"sum", 6}});
  CHECK(result_of(python("def main(b, *, a):\n  return [a, b]", {{"a", 1}, {"b", 2}, {"c", 3}})) == Json{1, 2});
  CHECK(result_of(python("def main(a, **kwargs):\n  return kwargs", {{"a", 1}, {"b", 2}})) == Json{{"b", 2}});
  CHECK(result_of(python("def main(**kwargs):\n  return kwargs", {{"a", 1}})) == Json{{"a", 1}});
  CHECK(result_of(python("def main(a, /, b):\n  return [a, b]", {{"a", 1}, {"b", 2}})) == Json{1, 2});
  CHECK(result_of(python("def main():\n  return None")).is_null());
}

TEST_CASE("main may be asynchronous") {
  CHECK(result_of(python("import asyncio\nasync def main(a):\n  await asyncio.sleep(0)\n  return a * 2", {{"a", 4}})) ==
        Json(8));
}

TEST_CASE("a lone parameter input_data gets the whole input, unless the input has that name") {
  CHECK(result_of(python("def main(input_data):\n  return input_data", {{"a", 1}})) == Json{{"a", 1}});
  CHECK(result_of(python("def main(input_data):\n  return input_data", {{"input_data", 3}})) == Json(3));
}

TEST_CASE("a parameter that the input lacks is named in the error, with what there is") {
  const ToolResult result = tool().run(python("def main(wanted):\n  pass", {{"given", 1}}));

  CHECK(error_kind(result) == "invalid_input");
  CHECK(result.error->message == "main() needs the argument 'wanted', which the input does not have; it has: given");
}

TEST_CASE("context, workload, execution_id and step are there as arguments and as globals") {
  CHECK(result_of(python("def main(context, workload):\n  return [context['step'], workload['colour']]")) ==
        Json{"test_step", "red"});
  CHECK(result_of(python("result = [execution_id, step, context.get('execution_id'), args, input_data]", {{"a", 1}})) ==
        Json{"7", "test_step", "7", {{"a", 1}}, {{"a", 1}}});
}

TEST_CASE("without main the variable result counts, and the input's keys are globals") {
  CHECK(result_of(python("result = {'doubled': num * 2}", {{"num", 21}})) == Json{{"doubled", 42}});
  CHECK(result_of(python("x = 1")).is_null());
  CHECK(result_of(python("def helper(n):\n  return n + offset\noffset = 2\nresult = helper(num)", {{"num", 1}})) ==
        Json(3));
  CHECK(result_of(python("total = result['a'] + 1", {{"result", {{"a", 1}}}})).is_null());
  CHECK(result_of(python("result = result['a'] + 1", {{"result", {{"a", 1}}}})) == Json(2));
}

TEST_CASE("a top-level return gives the result and keeps the variables those of the module") {
  CHECK(result_of(python("if num > 1:\n  return {'big': num}\nreturn {'small': num}", {{"num", 5}})) ==
        Json{{"big", 5}});
  CHECK(result_of(python("num = num + 1\ndef add():\n  global num\n  num += 1\nadd()\nreturn num", {{"num", 1}})) ==
        Json(3));
  CHECK(result_of(python("text = '''a\n  b'''\nreturn text")) == Json("a\n  b"));
  CHECK(result_of(python("from __future__ import annotations\nn: int = 4\nreturn [n + i for i in range(2)]")) ==
        Json{4, 5});
  CHECK(result_of(python("if False:\n  return 1\nresult = 2")) == Json(2));
}

TEST_CASE("libs are imported under their alias before the code runs") {
  ToolCall call = python("result = [j.dumps({}), datetime(2020, 1, 2).year]");
  call.tool["libs"] = {{"j", "json"}, {"datetime", {{"from", "datetime"}, {"import", "datetime"}}}};
  CHECK(result_of(call) == Json{"{}", 2020});

  call = python("result = 1");
  call.tool["libs"] = {"psycopg2-binary"};
  CHECK(result_of(call) == Json(1));
}

TEST_CASE("options may stand under spec, and the input inside the tool") {
  CHECK(
      result_of(call_of(
          {{"kind", "python"}, {"spec", {{"code", "result = a + b"}}}, {"args", {{"a", 1}}}, {"input", {{"b", 2}}}})) ==
      Json(3));
}

TEST_CASE("what is no JSON gets the nearest form that is") {
  const Json result = result_of(python(R"(
import datetime, decimal, uuid, pathlib, dataclasses, enum, collections
class Colour(enum.Enum):
  red = 'r'
@dataclasses.dataclass
class Point:
  x: int
class Numpyish:
  def tolist(self): return [1, 2]
result = {
  'date': datetime.datetime(2024, 1, 2, 3, 4, 5), 'span': datetime.timedelta(seconds=90),
  'decimal': [decimal.Decimal('1.5'), decimal.Decimal('3')], 'uuid': uuid.UUID(int=1),
  'bytes': [b'text', b'\xff'], 'set': {3, 1, 2}, 'path': pathlib.Path('/x'), 'enum': Colour.red,
  'point': Point(4), 'array': Numpyish(), 'keys': {'a': 1}.keys(), 'tuple': (1, 2),
  'order': collections.OrderedDict(a=1), 'nan': [float('nan'), float('inf'), 1.5], 7: 'seven', (1, 2): 'pair'})"));

  CHECK(result == Json::parse(R"json({"date":"2024-01-02T03:04:05","span":90.0,"decimal":[1.5,3],
    "uuid":"00000000-0000-0000-0000-000000000001","bytes":["dGV4dA==","/w=="],"set":[1,2,3],"path":"/x","enum":"r",
    "point":{"x":4},"array":[1,2],"keys":["a"],"tuple":[1,2],"order":{"a":1},"nan":["NaN","Infinity",1.5],
    "7":"seven","(1, 2)":"pair"})json"));
}

TEST_CASE("a result that cannot be stored is refused with its reason") {
  for (const char* code : {"result = object()", "result = []\nresult.append(result)", "result = 'a\\x00b'",
                           "result = '\\ud800'", "result = x = []\nfor _ in range(100000): x.append([]); x = x[0]"}) {
    INFO(code);
    const ToolResult refused = tool().run(python(code));
    CHECK(error_kind(refused) == "invalid_result");
    CHECK_FALSE(refused.error->message.empty());
  }
  CHECK(result_of(python("result = 'a\\\\u0000b'")) == Json("a\\u0000b"));
}

TEST_CASE("whatever is printed is captured: print, stderr, descriptors, child processes") {
  const ToolResult result = tool().run(
      python("import os, sys, subprocess\nprint('one')\nprint('two', file=sys.stderr)\nos.write(1, b'three\\n')\n"
             "subprocess.run(['echo', 'four'])\nprint('no newline', end='')\nresult = 1"));

  CHECK(result.result == "1");
  CHECK(result.output == "one\ntwo\nthree\nfour\nno newline");
  CHECK(tool().run(python("result = 1")).output.empty());
}

TEST_CASE("a hundred megabytes of prints are cut, not kept and not waited on") {
  const ToolResult result =
      tool().run(python("line = 'x' * (1 << 20)\nfor _ in range(100): print(line)\nresult = 'done'"));

  CHECK(result.result == "\"done\"");
  CHECK(result.output.size() <= ToolLimits{}.output_bytes_max);
  CHECK(result.output.find("[output cut: 104857700 bytes in all") != std::string::npos);
}

TEST_CASE("an exception carries its text and the user's line, source included") {
  const ToolResult result = tool().run(
      python("def inner():\n  raise ValueError('bad thing')\n\ndef main():\n  print('before')\n  inner()\n"));

  CHECK(error_kind(result) == "exception");
  CHECK(result.error->message == "ValueError: bad thing");
  CHECK(result.error->traceback.find("File \"<code>\", line 6, in main") != std::string::npos);
  CHECK(result.error->traceback.find("raise ValueError('bad thing')") != std::string::npos);
  CHECK(result.error->traceback.find("python_driver") == std::string::npos);
  CHECK(result.error->traceback.find("/dev/fd") == std::string::npos);
  CHECK(result.output == "before\n");
}

TEST_CASE("the line of an exception after a top-level return statement is the user's too") {
  const ToolResult result = tool().run(python("x = 1\nif x == 2:\n  return 3\n\n1 / 0\n"));

  CHECK(result.error->message == "ZeroDivisionError: division by zero");
  CHECK(result.error->traceback.find("line 5") != std::string::npos);
}

TEST_CASE("a long message is cut with a mark, and a long traceback at a line") {
  const ToolResult result = tool().run(python("raise ValueError('k' * 5000 + '\\n' + 'z' * 15990)"));

  REQUIRE(result.error);
  CHECK(result.error->message.find("kk\n[output cut: 21003 characters in all, the first 4000 kept]") !=
        std::string::npos);
  CHECK(result.error->traceback == "…\n" + std::string(15990, 'z') + "\n");
}

TEST_CASE("code that does not compile says where") {
  const ToolResult result = tool().run(python("x = 1\ny = = 2"));

  CHECK(error_kind(result) == "exception");
  CHECK(result.error->message.find("line 2") != std::string::npos);
}

TEST_CASE("sys.exit fails the call and not the interpreter") {
  const ToolResult result = tool().run(python("import sys, builtins, os\nbuiltins.mark = os.getpid()\nsys.exit(3)"));

  CHECK(error_kind(result) == "exception");
  CHECK(result.error->message == "SystemExit: 3");
}

TEST_CASE("nothing of one call is seen by the next") {
  PythonTool lone({.interpreter = python_path(),
                   .pool_size = 1,
                   .warm_size = 1,
                   .recycle_after_calls = 10'000,
                   .is_reused = is_python_reused(),
                   .limits = {}});
  const ToolResult first =
      lone.run(python("import os, sys\nleak = 1\ndef main(a):\n  os.environ['LEAK'] = '1'\n  "
                      "os.chdir('/tmp')\n  sys.stdout = None\n  return os.getpid()",
                      {{"a", 1}}));
  const ToolResult second =
      lone.run(python("import os\nresult = [os.getpid(), 'leak' in globals(), 'a' in globals(), 'main' in "
                      "globals(), 'LEAK' in os.environ, os.getcwd() == '/tmp']\nprint('seen')"));

  const Json seen = Json::parse(second.result);
  CHECK((seen[0] == Json::parse(first.result)) == is_python_reused());
  CHECK(Json(std::vector<Json>(seen.begin() + 1, seen.end())) == Json{false, false, false, false, false});
  CHECK(second.output == "seen\n");
}

TEST_CASE("a missing or wrong code option is refused") {
  CHECK(error_kind(tool().run(call_of({{"kind", "python"}}))) == "invalid_input");
  CHECK(error_kind(tool().run(call_of({{"kind", "python"}, {"code", 5}}))) == "invalid_input");
  CHECK(error_kind(tool().run(call_of("not a map"))) == "invalid_input");
}

TEST_CASE("large inputs and results pass whole") {
  const std::string text(3'000'000, 'y');
  CHECK(result_of(python("def main(t):\n  return t + 'z'", {{"t", text}})) == Json(text + "z"));
}

TEST_CASE("invalid UTF-8 in the input is replaced rather than fatal") {
  CHECK(result_of(python("def main(t):\n  return t", {{"t", "a\xFF"}})) == Json("a\xEF\xBF\xBD"));
}

TEST_CASE("eight threads share the pool and each gets its own answers") {
  noetl::base::Guarded<std::vector<std::string>> wrong;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([t, &wrong] {
        for (int i = 0; i < 200; ++i) {
          const auto text = std::to_string(t * 1000 + i);
          const auto result = tool().run(python("def main(n):\n  print(n)\n  return n", {{"n", t * 1000 + i}}));
          if (result.result == text && result.output == text + "\n") continue;
          wrong.with([&](auto& found) {
            found.push_back(text + ": " + result.result + ", " + result.output +
                            (result.error ? result.error->message : ""));
          });
        }
      });
    }
  }
  CHECK_MESSAGE(wrong.with([](const auto& found) { return found; }).empty(),
                wrong.with([](const auto& found) { return found.empty() ? std::string() : found.front(); }));
}

TEST_CASE("warm calls are fast") {
  constexpr int threads_count = 3;
  constexpr int calls = 4000;
  const auto began = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < threads_count; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < calls; ++i) (void)tool().run(python("def main():\n  return {}"));
      });
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  MESSAGE("python calls/s: " << threads_count * calls / took.count());
  CHECK(took.count() < 60.0);
}

TEST_CASE("the names of the playbook are globals, arguments, and members of context") {
  ToolCall call = python("result = [city, context['city'], context.get('execution_id'), context['job']['uuid']]");
  call.context["names"] = {{"city", "Oslo"}};
  CHECK(result_of(call) == Json{"Oslo", "Oslo", "7", "7"});
  call.tool["code"] = "def main(city, context={}, **kwargs):\n  return [city, context['city'], sorted(kwargs)]";
  CHECK(result_of(call) == Json{"Oslo", "Oslo", Json::array()});
  call.input = {{"city", "Rome"}};
  CHECK(result_of(call)[0] == "Rome");
  call.context["names"] = {{"result", 5}};
  call.tool["code"] = "x = 1";
  CHECK(result_of(call).is_null());
}

TEST_CASE("a playbook's name that is a builtin's leaves the builtin alone and stays in context") {
  ToolCall call = python(
      "result = [type(1).__name__, list(range(2)), id is not None, vars is not None, context['type'],"
      " context['list'], license]");
  call.context["names"] = {
      {"type", "invoice"}, {"list", {7}}, {"id", "17"}, {"vars", Json::object()}, {"license", "MIT"}};
  CHECK(result_of(call) == Json{"int", {0, 1}, true, true, "invoice", {7}, "MIT"});
  call.tool["code"] = "def main(type, list=3):\n  return [type, list]";
  CHECK(result_of(call) == Json{"invoice", 3});
  call.tool["code"] = "result = [type, list]";
  call.input = {{"type", "mine"}, {"list", 1}};
  CHECK(result_of(call) == Json{"mine", 1});
}

TEST_CASE("json, os and sys need no import, and a playbook's name wins over them") {
  CHECK(result_of(python("result = [json.loads('[1]'), os.sep, sys.maxsize > 0]")) == Json{{1}, "/", true});
  CHECK(result_of(python("result = sys", {{"sys", 5}})) == 5);
}

TEST_CASE("generators of both sorts become lists") {
  CHECK(result_of(python("def main():\n  yield 1\n  yield 2")) == Json{1, 2});
  CHECK(result_of(python("import asyncio\nasync def main():\n  yield 1\n  await asyncio.sleep(0)\n  yield 2")) ==
        Json{1, 2});
  CHECK(result_of(python("result = (x * x for x in range(3))")) == Json{0, 1, 4});
  CHECK(error_kind(tool().run(python("def main():\n  yield 1\n  raise ValueError('no')"))) == "exception");
}

TEST_CASE("a credential's fields are the name auth") {
  struct Source final : CredentialSource {
    noetl::base::Result<Credential> find(const std::string& name) override {
      return Credential{.name = name, .type = "bearer", .data = {{"token", "t0"}}};
    }
  } source;
  ToolCall call = python("def main(auth):\n  return auth['token']");
  call.tool["auth"] = "some";
  call.credentials = &source;
  CHECK(result_of(call) == "t0");
  call.tool["auth"] = Json::object();
  call.tool["code"] = "result = auth";
  CHECK(result_of(call) == Json::object());
}

TEST_CASE("variables of one call are not those of the next") {
  ToolCall call = python("import os\nresult = os.environ.get('COLOUR')");
  call.tool["env"] = {{"COLOUR", "blue"}};
  CHECK(result_of(call) == "blue");
  call.tool.erase("env");
  CHECK(result_of(call).is_null());
}

TEST_CASE("the trace of the command is a variable of the call, and of that call alone") {
  ToolCall call = python("import os\nresult = os.environ.get('TRACEPARENT')");
  call.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(result_of(call) == call.traceparent);
  call.traceparent.clear();
  CHECK(result_of(call).is_null());
}

TEST_CASE("prints are heard while the code runs") {
  struct Listener final : Progress {
    void print(std::string_view piece) override { heard += piece; }
    void tell(ProgressNote) override {}
    std::string heard;
  } listener;
  ToolCall call = python("print('one')\nprint('two')\nresult = 1");
  call.progress = &listener;
  CHECK(result_of(call) == 1);
  CHECK(listener.heard == "one\ntwo\n");
}

TEST_CASE("a step chooses among the interpreters that the worker knows") {
  PythonTool several(settings(), std::nullopt, {{"other", python_path()}});
  ToolCall call = python("result = 1");
  call.tool["python"] = "other";
  CHECK(several.run(call).result == "1");
  call.tool["python"] = "unknown";
  const ToolResult refused = several.run(call);
  CHECK(error_kind(refused) == "unsupported");
  CHECK(refused.error->message.find("other") != std::string::npos);
}

TEST_CASE("scripts come inline, and files from their folder only") {
  const auto folder = std::filesystem::temp_directory_path() / ("noetl-scripts-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "twice.py") << "def main(n):\n  return n * 2\n";
  PythonTool scripted(settings(), ScriptSource(folder, nullptr));
  const auto run = [&](Json script) {
    ToolCall call = call_of({{"kind", "python"}, {"script", std::move(script)}}, {{"n", 4}});
    return scripted.run(call);
  };

  CHECK(run({{"uri", "twice.py"}, {"source", {{"type", "file"}}}}).result == "8");
  CHECK(run({{"source", {{"type", "inline"}, {"content", "result = 3"}}}}).result == "3");
  CHECK(error_kind(run({{"uri", "/etc/hostname"}, {"source", {{"type", "file"}}}})) == "auth");
  CHECK(error_kind(run({{"uri", "x.py"}, {"source", {{"type", "gcs"}}}})) == "unsupported");
  CHECK(error_kind(run({{"uri", "http://127.0.0.1/x.py"}})) == "unsupported");
  std::filesystem::remove_all(folder);
}
