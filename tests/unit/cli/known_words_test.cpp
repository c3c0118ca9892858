#include "cli/text/known_words.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "cli/command_line.hpp"

namespace noetl::cli {
namespace {

struct Said {
  int code = 0;
  std::string err;
};

Said noetlctl(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  Programs programs;
  programs.version = "1.2.3";
  const int code = run(arguments, programs, {.out = out, .err = err}, {});
  return {code, err.str()};
}

TEST_CASE("a word that is no command is named, with what may have been meant and what there is") {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"execution", "lst"}, "noetlctl execution: there is no 'lst'; did you mean 'list'?\nthere are: list, get, "},
      {{"exection", "list"}, "noetlctl: there is no 'exection'; did you mean 'execution'?"},
      {{"playbook", "regsiter", "x.yaml"}, "noetlctl playbook: there is no 'regsiter'; did you mean 'register'?"},
      {{"execution", "logs", "1"}, "noetlctl execution: there is no 'logs'; did you mean 'events'?"},
      {{"worker", "stop", "w"}, "noetlctl worker: there is no 'stop'; did you mean 'drain'?"},
      {{"enqueue", "noop"}, "noetlctl: there is no 'enqueue'; did you mean 'command enqueue'?"},
      {{"-o", "json", "frobnicate"}, "noetlctl: there is no 'frobnicate'\nthere are: dev, server, "}};
  for (const auto& [arguments, expected] : cases) {
    const auto said = noetlctl(arguments);
    CAPTURE(said.err);
    CHECK(said.code == exit_usage);
    CHECK(said.err.starts_with(expected));
  }
}

TEST_CASE("an option that is none is named where it stands, with what may have been meant") {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"execution", "list", "--stauts", "FAILED"},
       "noetlctl execution list: there is no option '--stauts'; did you mean '--status'?"},
      {{"execute", "a/b", "--wiat"}, "noetlctl execute: there is no option '--wiat'; did you mean '--wait'?"},
      {{"queue", "status", "--sever-url=http://x"},
       "noetlctl queue status: there is no option '--sever-url'; did you mean '--server-url'?"},
      {{"--outptu", "json", "version"}, "noetlctl: there is no option '--outptu'; did you mean '--output'?"},
      {{"dead", "list", "-x"},
       "noetlctl dead list: there is no option '-x'\nnoetlctl dead list --help shows them all"}};
  for (const auto& [arguments, expected] : cases) {
    const auto said = noetlctl(arguments);
    CAPTURE(said.err);
    CHECK(said.code == exit_usage);
    CHECK(said.err.starts_with(expected));
  }
}

TEST_CASE("a group without a command says which there are") {
  CHECK(noetlctl({"queue"}).err == "noetlctl queue: say which: status\n");
  CHECK(noetlctl({"execution"}).code == exit_usage);
  CHECK(noetlctl({"execution", "--help"}).code == 0);
}

TEST_CASE("values are no words: of options, of arguments, behind --, negative numbers") {
  const std::string nobody = "http://127.0.0.1:1";
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"execution", "list", "--server-url", nobody, "--status", "lst"},
                                             {"--server-url", nobody, "execution", "get", "frobnicate"},
                                             {"execute", "a/b", "--set", "x=--wiat", "--server-url=" + nobody},
                                             {"command", "enqueue", "noop", "--priority", "-5", "--server-url", nobody},
                                             {"vars", "set", "--server-url", nobody, "1", "a=-1"}}) {
    const auto said = noetlctl(arguments);
    CAPTURE(said.err);
    CHECK(said.err.find("there is no '") == std::string::npos);
    CHECK(said.code == exit_wait_over);  // the server is not there
  }
}

TEST_CASE("commands have the names that other programs have for them") {
  const std::string nobody = "--server-url=http://127.0.0.1:1";
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"exec", "list"},
                                                                     {"execution", "ls"},
                                                                     {"executions", "ls"},
                                                                     {"command", "ls"},
                                                                     {"workers", "ls"},
                                                                     {"pools", "show", "default"},
                                                                     {"execution", "show", "1"},
                                                                     {"dead", "get", "1"},
                                                                     {"playbooks", "ls"},
                                                                     {"credentials", "rm", "x"},
                                                                     {"variables", "get", "1"}}) {
    auto with_url = arguments;
    with_url.push_back(nobody);
    const auto said = noetlctl(with_url);
    CAPTURE(said.err);
    CHECK(said.err.find("no answer from http://127.0.0.1:1") != std::string::npos);
  }
}

TEST_CASE("--help says what to begin with, and every command stands below a heading") {
  std::ostringstream out, err;
  Programs programs;
  programs.version = "1.2.3";
  CHECK(run({"--help"}, programs, {.out = out, .err = err}, {}) == 0);

  CHECK(out.str().find("Begin with:\n  noetlctl dev ") != std::string::npos);
  CHECK(out.str().find("\nThe queue:\n") != std::string::npos);
  CHECK(out.str().find("\nSubcommands:\n") == std::string::npos);  // the heading of those that have none
}

}  // namespace
}  // namespace noetl::cli
