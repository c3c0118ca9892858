// Values at the edges of what is stored, from every way in to the stored result: whole, or refused, never rounded or half.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::string big = "340282366920938463463374607431768211456";  // 2^128

Json python(const std::string& code) { return {{"tool", {{"kind", "python"}, {"code", code}}}}; }

Json ended(const Stack& stack, const std::string& id) {
  Json command;
  wait_until("command " + id + " has ended", 30s, [&] {
    command = stack.api().get("/api/v2/commands/" + id).json();
    return command.at("status") == "done" || command.at("status") == "dead";
  });
  return command;
}

std::string by_sql(const Stack& stack, const std::string& call) {
  return stack.sql("select (" + call + ")::text").front().front();
}

}  // namespace

TEST_CASE(
    "a number beyond 64 bits is refused by the API, in one command, in a batch and in a payload, and nothing is "
    "stored") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const std::string command = R"({"tool":{"kind":"noop"},"input":{"n":)" + big + "}}";

  for (const auto& [path, body] : {std::pair<std::string, std::string>{"/api/v2/commands", command},
                                   {"/api/v2/commands", R"({"commands":[{"tool":{"kind":"noop"}},)" + command + "]}"},
                                   {"/api/v2/execute", R"({"path":"x","payload":{"n":[0.5,9007199254740993.25]}})"}}) {
    const auto refused = stack.api().post_raw(path, body);
    INFO(refused.body);
    CHECK(refused.status == 400);
    CHECK(refused.body.find("send it as a text") != std::string::npos);
  }
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 0);
}

TEST_CASE(
    "what SQL enqueues with numbers beyond 64 bits, or a hundred levels deep, reaches its tool and its result whole") {
  const Stack stack;
  const auto numbers = by_sql(
      stack, R"(noetl.enqueue('{"kind":"event_log"}', '{"n": )" + big + R"(, "m": 18446744073709551615, "d": 0.1}'))");
  const std::string levels = std::string(90, '[') + std::string(90, ']');
  const auto deep = by_sql(stack, R"(noetl.enqueue('{"kind":"event_log"}', '{"d": )" + levels + "}')");

  const auto told = ended(stack, numbers);
  CHECK(told.at("status") == "done");
  CHECK(told.at("result").dump() == R"({"d":0.1,"m":18446744073709551615,"n":")" + big + "\"}");
  CHECK(ended(stack, deep).at("result").dump() == R"({"d":)" + levels + "}");
}

TEST_CASE("the digits of Python's numbers are in the stored result, and the next step's") {
  const Stack stack;
  const auto id =
      stack
          .enqueue(
              {python("from decimal import Decimal\nresult = [2**200, Decimal('9007199254740993.25'), 2**64 - 1]")})
          .at(0);

  CHECK(
      ended(stack, id).at("result").dump() ==
      R"(["1606938044258990275541962092341162602522202993782792835301376","9007199254740993.25",18446744073709551615])");
}

TEST_CASE(
    "work whose result cannot be stored is done once: the command is dead at its first attempt, with invalid_result") {
  const Stack stack;
  const auto marks = stack.folder().path() / "marks";
  const std::string work = "open('" + marks.string() + "', 'a').write('x')\n";
  for (const std::string code : {"result = {1: 'a', '1': 'b'}", "result = object()",
                                 "result = x = []\nfor _ in range(120): x.append([]); x = x[0]"}) {
    INFO(code);
    const auto command = ended(stack, stack.enqueue({python(work + code)}).at(0));
    CHECK(command.at("status") == "dead");
    CHECK(command.at("attempts") == 1);
    CHECK(command.at("error").at("kind") == "invalid_result");
  }
  CHECK(std::filesystem::file_size(marks) == 3);
}
