#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <future>

#include "support.hpp"
#include "worker/tools/programs/shell_tool.hpp"

using namespace noetl::tools;

namespace {

ToolCall shell(Json command, Json input = Json::object(), std::chrono::milliseconds within = 30s) {
  return call_of({{"kind", "shell"}, {"command", std::move(command)}}, std::move(input), within);
}

ToolResult run(const ToolCall& call) {
  ShellTool tool({.limits = {}, .kill_grace = 200ms});
  return tool.run(call);
}

}  // namespace

TEST_CASE("a command's streams are captured apart and its exit code is given") {
  const ToolResult result = run(shell("echo out; echo err >&2"));

  CHECK(result.outcome == noetl::domain::Outcome::completed);
  CHECK(Json::parse(result.result) ==
        Json{{"status", "success"}, {"exit_code", 0}, {"stdout", "out\n"}, {"stderr", "err\n"}});
  CHECK(result.output == "out\nerr\n");
}

TEST_CASE("lines are run in turn by one shell, until one fails") {
  const auto lines = [](Json cmds) {
    return run(call_of({{"kind", "shell"}, {"cmds", std::move(cmds)}}, Json::object(), 30s));
  };

  CHECK(Json::parse(lines({"x=1", "echo $x", "echo two"}).result)["stdout"] == "1\ntwo\n");
  CHECK(Json::parse(lines("echo one\necho two").result)["stdout"] == "one\ntwo\n");
  CHECK(error_kind(lines({"false", "echo never"})) == "exit_code");
  CHECK(error_kind(lines(Json::array())) == "invalid_input");
}

TEST_CASE("a list is run without a shell") {
  CHECK(Json::parse(run(shell({"printf", "%s", "$HOME;*"})).result)["stdout"] == "$HOME;*");
  CHECK(error_kind(run(shell(Json::array()))) == "invalid_input");
  CHECK(error_kind(run(shell({"no-such-program-anywhere"}))) == "not_found");
}

TEST_CASE("lines that end with CR LF are lines, wherever a shell reads them, and other arguments keep their bytes") {
  const auto out = [](const ToolCall& call) { return Json::parse(run(call).result)["stdout"]; };

  CHECK(out(shell("if true\r\nthen\r\n  echo yes\r\nfi\r\n")) == "yes\n");
  CHECK(out(call_of({{"kind", "shell"}, {"cmds", "x=1\r\necho $x\r\n"}})) == "1\n");
  CHECK(out(call_of({{"script", "cat <<END\r\nbody\r\nEND\r\n"}})) == "body\n");
  CHECK(out(shell({"/bin/bash", "-ec", "for i in 1 2\r\ndo echo $i\r\ndone"})) == "1\n2\n");
  CHECK(out(shell("printf '%s' 'a\rb'")) == "a\rb");  // a CR by itself ends no line
  CHECK(out(shell({"printf", "%s", "a\r\nb"})) == "a\r\nb");
  CHECK(out(shell({"/bin/sh", "-c", "printf %s \"$1\"\r\n", "x", "a\r\nb"})) == "a\r\nb");
}

TEST_CASE("the aliases of command work and a missing one is refused") {
  CHECK(run(call_of({{"cmd", "true"}})).outcome == noetl::domain::Outcome::completed);
  CHECK(run(call_of({{"script", "true\ntrue"}})).outcome == noetl::domain::Outcome::completed);
  CHECK(error_kind(run(call_of({{"kind", "shell"}}))) == "invalid_input");
  CHECK(error_kind(run(shell(Json{{"a", 1}}))) == "invalid_input");
  CHECK(error_kind(run(shell(std::string("echo\0x", 6)))) == "invalid_input");
}

TEST_CASE("stdout that is a JSON map or list is given parsed as well") {
  CHECK(Json::parse(run(shell("echo '{\"a\": [1]}'")).result)["data"] == Json{{"a", {1}}});
  CHECK_FALSE(Json::parse(run(shell("echo 5")).result).contains("data"));
}

TEST_CASE("a failing command fails with its code and its streams, and may be tried again") {
  const ToolResult result = run(shell("echo why >&2; exit 3"));

  CHECK(error_kind(result) == "exit_code");
  CHECK(result.error->status == 3);
  CHECK(result.error->is_retryable);
  CHECK(result.error->message == "the command exited with code 3: why\n");
  CHECK(Json::parse(result.result)["stderr"] == "why\n");
  CHECK(run(shell("kill -9 $$")).error->status == 137);
}

TEST_CASE("env, cwd and the input reach the command") {
  ToolCall call = shell("echo $NAME $COUNT; pwd; echo $NOETL_INPUT", {{"a", 1}});
  call.tool["env"] = {{"NAME", "x y"}, {"COUNT", 3}};
  call.tool["cwd"] = "/tmp";
  CHECK(Json::parse(run(call).result)["stdout"] == "x y 3\n/tmp\n{\"a\":1}\n");

  call.tool["cwd"] = "/no/such/folder";
  CHECK(error_kind(run(call)) == "not_found");
  call.tool["env"] = {{"A=B", "c"}};
  CHECK(error_kind(run(call)) == "invalid_input");
}

TEST_CASE("a command knows its trace, and is heard on both streams while it runs") {
  struct Listener final : Progress {
    void print(std::string_view piece) override { heard += piece; }
    void tell(ProgressNote) override {}
    std::string heard;
  } listener;
  ToolCall call = shell("echo $TRACEPARENT; echo err >&2");
  call.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  call.progress = &listener;

  CHECK(Json::parse(run(call).result)["stdout"] == call.traceparent + "\n");
  CHECK(listener.heard.find(call.traceparent + "\n") != std::string::npos);
  CHECK(listener.heard.find("err\n") != std::string::npos);
}

TEST_CASE("an input too large for the environment is left out") {
  CHECK(Json::parse(run(shell("echo ${NOETL_INPUT-none}", {{"a", std::string(300'000, 'x')}})).result)["stdout"] ==
        "none\n");
}

TEST_CASE("output above the bound is cut and bytes that are no UTF-8 are replaced") {
  const ToolResult flood = run(shell("head -c 100000000 /dev/zero | tr '\\0' x"));
  CHECK(flood.outcome == noetl::domain::Outcome::completed);
  CHECK(Json::parse(flood.result)["stdout"].get<std::string>().find("[output cut: 100000000 bytes") !=
        std::string::npos);

  CHECK(Json::parse(run(shell("printf 'a\\377b\\000c'")).result)["stdout"] ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD"
        "c");
}

TEST_CASE("a timeout ends the command and its children of children") {
  const auto began = std::chrono::steady_clock::now();
  const ToolResult result = run(shell("sh -c 'sleep 60 & echo $!; wait'", Json::object(), 300ms));

  CHECK(error_kind(result) == "timeout");
  CHECK(std::chrono::steady_clock::now() - began < 3s);
  const std::string printed = Json::parse(result.result)["stdout"];
  CHECK(ends_soon(std::stoi(printed)));
}

TEST_CASE("a command that ignores SIGTERM is killed after the grace") {
  const auto began = std::chrono::steady_clock::now();
  CHECK(error_kind(run(shell("trap '' TERM; while :; do sleep 0.05; done", Json::object(), 200ms))) == "timeout");
  CHECK(std::chrono::steady_clock::now() - began < 3s);
}

TEST_CASE("a command may clean up on SIGTERM") {
  const ToolResult result = run(shell("trap 'echo cleaned; exit 0' TERM; sleep 60 & wait", Json::object(), 200ms));
  CHECK(error_kind(result) == "timeout");
  CHECK(Json::parse(result.result)["stdout"] == "cleaned\n");
}

TEST_CASE("a background process does not hold the command and does not outlive it") {
  const auto began = std::chrono::steady_clock::now();
  const ToolResult result = run(shell("sleep 60 & echo $!"));

  CHECK(result.outcome == noetl::domain::Outcome::completed);
  CHECK(std::chrono::steady_clock::now() - began < 3s);
  CHECK(ends_soon(std::stoi(Json::parse(result.result)["stdout"].get<std::string>())));
}

TEST_CASE("a stop ends a command as cancelled") {
  std::stop_source source;
  ToolCall call = shell("echo begun; sleep 60");
  call.stop = source.get_token();
  auto running = std::async(std::launch::async, [&] { return run(call); });
  const auto began = std::chrono::steady_clock::now();
  source.request_stop();

  CHECK(running.get().outcome == noetl::domain::Outcome::cancelled);
  CHECK(std::chrono::steady_clock::now() - began < 3s);
}

TEST_CASE("no descriptor of the worker reaches a command") {
  const int leaked = open("/dev/null", O_RDONLY);  // NOLINT: without O_CLOEXEC, as libraries do
  const ToolResult result = run(shell("ls /proc/self/fd | wc -l"));
  close(leaked);
  CHECK(std::stoi(Json::parse(result.result)["stdout"].get<std::string>()) <= 4);  // 0, 1, 2 and ls's own
}

TEST_CASE("many commands at once leave no process behind") {
  const int before = living_children_of_ours();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 20; ++i) {
          const std::string number = std::to_string(t * 100 + i);
          CHECK(Json::parse(run(shell("echo " + number)).result)["stdout"] == number + "\n");
        }
      });
    }
  }
  CHECK(living_children_of_ours() == before);
}

TEST_CASE("the error of a command has the last lines of stderr") {
  const ToolResult result = run(shell("for i in $(seq 1 400); do echo line $i >&2; done; exit 3"));

  REQUIRE(result.error);
  const auto text = Json::parse(result.error->details)["stderr"].get<std::string>();
  CHECK(text.ends_with("line 399\nline 400\n"));
  CHECK(text.size() <= 2048);
  CHECK(text.starts_with("line "));
}
