// What noetlctl bench refuses before it asks a server.
#include <doctest/doctest.h>

#include <sstream>

#include "cli/command_line.hpp"

namespace noetl::cli {
namespace {

struct Answer {
  int code;
  std::string err;
};

Answer bench(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--server-url", "http://127.0.0.1:1", "bench"});
  std::ostringstream out, err;
  const int code = run(arguments, Programs{}, {.out = out, .err = err}, {});
  return {code, err.str()};
}

}  // namespace

TEST_CASE("bench refuses nonsense with exit code 2 and names the option") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused{
      {{"drain", "--count", "0"}, "--count"},
      {{"drain", "--count", "1000001"}, "--count"},
      {{"latency", "--count", "10001"}, "--count"},
      {{"enqueue", "--batch", "10001"}, "--batch"},
      {{"execute", "--batch", "1001"}, "--batch"},
      {{"enqueue", "--count", "5", "--batch", "6"}, "--batch"},
      {{"enqueue", "--connections", "0"}, "--connections"},
      {{"latency", "--per-second", "0"}, "--per-second"},
      {{"latency", "--batch", "2"}, "--batch"},
      {{"drain", "--pool", "a b"}, "--pool"},
      {{"drain", "--timeout", "soon"}, "--timeout"},
      {{"enqueue", "--timeout", "1s"}, "--timeout"},
      {{"sleep"}, "there is no 'sleep'"},
      {{}, "say which: enqueue, drain, execute, latency"}};

  for (const auto& [arguments, named] : refused) {
    const auto answer = bench(arguments);
    CHECK(answer.code == exit_usage);
    CHECK_MESSAGE(answer.err.find(named) != std::string::npos, answer.err);
  }
}

TEST_CASE("bench without a server says so") {
  const auto answer = bench({"enqueue"});

  CHECK(answer.code == 6);
  CHECK(answer.err.find("no answer from http://127.0.0.1:1") != std::string::npos);
}

}  // namespace noetl::cli
