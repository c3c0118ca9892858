// What Python code gives back: each value exactly, or an error that says where it stands.
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

std::string text_of(const std::string& code) {
  const ToolResult result = tool().run(python(code));
  INFO(code << "\nerror: " << (result.error ? result.error->kind + ": " + result.error->message : "none"));
  REQUIRE(result.outcome == noetl::domain::Outcome::completed);
  return result.result;
}

void check_refused(const std::string& code, const std::string& part) {
  const ToolResult result = tool().run(python(code));
  INFO(code);
  REQUIRE(result.error);
  CHECK(result.error->kind == "invalid_result");
  CHECK_MESSAGE(result.error->message.find(part) != std::string::npos, result.error->message);
  CHECK_FALSE(result.error->is_retryable);
}

}  // namespace

TEST_CASE("integers of 64 bits are numbers, larger ones the text of their digits") {
  CHECK(text_of("result = [2**63 - 1, -2**63, 2**64 - 1]") ==
        "[9223372036854775807,-9223372036854775808,18446744073709551615]");
  CHECK(text_of("result = [2**64, -2**63 - 1, 10**20]") ==
        R"(["18446744073709551616","-9223372036854775809","100000000000000000000"])");
  CHECK(text_of("result = {'n': 2**200}") ==
        R"({"n":"1606938044258990275541962092341162602522202993782792835301376"})");
  CHECK(Json::parse(text_of("result = 2**1100")).get<std::string>().size() == 332);
  CHECK(text_of("import enum\nclass Big(enum.IntEnum):\n  a = 2**70\nresult = [Big.a, True]") ==
        R"(["1180591620717411303424",true])");
  check_refused("result = {'a': [1, 2**20000]}", "result['a'][1] is an integer of too many digits");
}

TEST_CASE("decimals are numbers where a double holds them exactly, else texts") {
  CHECK(text_of("from decimal import Decimal as D\n"
                "result = [D('1.5'), D('3'), D('1.10'), D('0.1'), D('-7E+2'), D('9007199254740993.25'), D('1E+400'), "
                "D('1E-400'),"
                " D('18446744073709551615'), D('18446744073709551616'), D('0.30000000000000000001'), D('NaN'), "
                "D('-Infinity')]") ==
        R"([1.5,3,1.1,0.1,-700,"9007199254740993.25","1E+400","1E-400",18446744073709551615,"18446744073709551616",)"
        R"("0.30000000000000000001","NaN","-Infinity"])");
}

TEST_CASE("floats come whole, and those that JSON has no number for are texts, as of SQL") {
  CHECK(text_of("result = [0.1, 1e22, 5e-324, 1.7976931348623157e308, 0.30000000000000004, -0.0]") ==
        "[0.1,1e+22,5e-324,1.7976931348623157e+308,0.30000000000000004,-0.0]");
  CHECK(text_of("result = {'a': [float('nan'), float('inf')], 'b': float('-inf')}") ==
        R"({"a":["NaN","Infinity"],"b":"-Infinity"})");
}

TEST_CASE("bytes are base64, whatever they are, as of SQL") {
  CHECK(text_of("result = [b'text', b'\\xff', bytearray(b''), memoryview(b'ab')]") ==
        R"(["dGV4dA==","/w==","","YWI="])");
}

TEST_CASE("times, spans, sets and tuples have their usual forms, and a span keeps its microseconds") {
  CHECK(
      text_of("import datetime as d\nresult = [d.date(2024, 1, 2), d.time(3, 4), d.datetime(2024, 1, 2, "
              "tzinfo=d.timezone.utc),"
              " d.timedelta(seconds=90), d.timedelta(days=999999999, microseconds=1), (1, (2,)), {3, 1}, "
              "frozenset('a')]") ==
      R"(["2024-01-02","03:04:00","2024-01-02T00:00:00+00:00",90.0,"999999999 days, 0:00:00.000001",[1,[2]],[1,3],["a"]])");
}

TEST_CASE("numpy's scalars and arrays, or what looks like them, are their values") {
  CHECK(text_of("class Array:\n  def __init__(self, v): self.v = v\n  def tolist(self): return self.v\n"
                "class datetime64:\n  def tolist(self): return 1700000000000000000\n  def __str__(self): return "
                "'2023-11-14T22:13:20'\n"
                "result = [Array([1, float('nan')]), Array(2**70), datetime64(), {'a': Array(b'x')}]") ==
        R"([[1,"NaN"],"1180591620717411303424","2023-11-14T22:13:20",{"a":"eA=="}])");
}

TEST_CASE("keys that are no texts are written as JSON does, and two that come out the same are refused") {
  CHECK(text_of("import datetime\nresult = {7: 1, None: 2, True: 3, 1.5: 4, (1, 2): 5, datetime.date(2024, 1, 2): 6, "
                "b'k': 7}") == R"json({"7":1,"null":2,"true":3,"1.5":4,"(1, 2)":5,"2024-01-02":6,"aw==":7})json");
  check_refused("result = {'rows': [{(1,): 'a', '(1,)': 'b'}]}", "result['rows'][0] has the keys (1,) and '(1,)'");
  check_refused("result = {(2,): {None: 1, 'null': 2}}", "result[(2,)] has the keys None and 'null'");
}

TEST_CASE("what has no form that can be stored is named with its place") {
  check_refused("result = {'a': [1, object()]}", "result['a'][1] has a value of type object, which has no JSON form");
  check_refused("result = {'a': {'b': 'x\\x00y'}}", "result['a']['b'] has a NUL character");
  check_refused("result = ['\\ud800']", "result[0] has text that is not Unicode");
  check_refused("result = {'k\\x00': 1}", "result has a NUL character");
  check_refused("a = {'x': []}\na['x'].append(a)\nresult = [a]", "contains itself");
  check_refused("result = x = []\nfor _ in range(100000): x.append([]); x = x[0]", "nests deeper than 100 levels");
  CHECK(text_of("result = ['\\\\u0000', '\\\\\\\\u0000']") == R"(["\\u0000","\\\\u0000"])");
}

TEST_CASE("an error of the code's own conversion is its exception") {
  const ToolResult result =
      tool().run(python("class Odd:\n  def tolist(self): raise ValueError('no list')\nresult = Odd()"));

  CHECK(error_kind(result) == "exception");
  CHECK(result.error->message == "ValueError: no list");
}

TEST_CASE("code with CR LF, or with the mark of a Windows file, is the code that it looks like") {
  CHECK(text_of("def main():\r\n  return '''a\r\nb'''\r\n") == R"("a\nb")");
  CHECK(text_of("x = 1\r\nif x:\r\n  return x\r\n") == "1");
  CHECK(text_of("\xEF\xBB\xBFresult = 1") == "1");
}

TEST_CASE("a script that is not UTF-8 is refused with the byte, not run with other texts in it") {
  const auto folder = std::filesystem::temp_directory_path() / ("noetl-latin-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "latin.py") << "# -*- coding: latin-1 -*-\nresult = 'caf\xe9'\n";
  std::ofstream(folder / "marked.py") << "\xEF\xBB\xBFresult = 'x'\r\n";
  PythonTool scripted(settings(), ScriptSource(folder, nullptr));
  const auto run = [&](const std::string& name) { return scripted.run(call_of({{"script", {{"uri", name}}}})); };

  const ToolResult refused = run("latin.py");
  CHECK(error_kind(refused) == "invalid_input");
  CHECK(refused.error->message.find("byte 39") != std::string::npos);
  CHECK(run("marked.py").result == "\"x\"");
  std::filesystem::remove_all(folder);
}
