#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "cli/command_line.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "shared/wire/error_codes.hpp"
#include "test_paths.hpp"

namespace noetl::cli {
namespace {

// noetlctl with programs that only note what they were given.
struct Noetlctl {
  std::ostringstream out, err;
  std::string doctor_says = "ok";
  bool is_deep = false;
  MoveRequest moved;
  std::optional<config::ServerSettings> server;
  std::optional<config::WorkerSettings> worker;

  int operator()(const std::vector<std::string>& arguments) {
    Programs programs;
    programs.version = "1.2.3";
    programs.run_server = [this](const config::ServerSettings& settings, std::stop_token) {
      return server = settings, 0;
    };
    programs.run_worker = [this](const config::WorkerSettings& settings, std::stop_token) {
      return worker = settings, 0;
    };
    programs.run_doctor = [this](const config::ServerSettings&, const DoctorRequest& request) {
      is_deep = request.is_deep;
      return base::Result<Json>(Json{{"status", doctor_says},
                                     {"checks",
                                      {{{"check", "fences"},
                                        {"rule", "R2"},
                                        {"status", doctor_says},
                                        {"summary", "1 command"},
                                        {"found", 3},
                                        {"findings", {{{"id", "42"}, {"what", "is odd"}}}},
                                        {"cure", "look at it"}}}}});
    };
    programs.migration_sql = [] { return std::string("create schema noetl;\n"); };
    programs.move_tables = [this](const std::string&, const MoveRequest& request) {
      moved = request;
      return base::Result<Json>(
          Json{{"moved", {{{"kind", "table"}, {"name", "orders"}, {"statement", "alter table noetl.orders"}}}},
               {"search_path", nullptr},
               {"playbooks", {{{"path", "a/b"}, {"version", 2}, {"name", "orders"}}}}});
    };
    programs.lint_playbook = [](std::string_view text) {
      LintOutcome outcome{.path = "a/b", .generation = "v10", .steps = 1, .findings = {}};
      if (text.find("warn") != std::string_view::npos) outcome.findings.push_back({false, {"x", "odd \x1b", 2, 3, ""}});
      if (text.find("fail") != std::string_view::npos)
        outcome.findings.push_back({true, {"workflow[0]", "no such step", 4, 5, "did you mean 'end'?"}});
      return outcome;
    };
    programs.playbook_schema = [] { return std::string("{\"title\": \"playbook\"}\n"); };
    return run(arguments, programs, {.out = out, .err = err}, {});
  }
};

// A variable of the environment for as long as the object lives.
struct Variable {
  Variable(const char* named, const char* value) : name(named) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  const char* name;
};

TEST_CASE("migrate move-tables prints what it does, and which playbooks name the schema") {
  Noetlctl noetlctl;

  CHECK(noetlctl({"migrate", "move-tables", "--to", "shop", "--dry-run", "--database-url", "x"}) == 0);

  CHECK(noetlctl.moved.schema == "shop");
  CHECK(noetlctl.moved.is_dry_run);
  CHECK(noetlctl.out.str() == "alter table noetl.orders;\n");
  CHECK(noetlctl.err.str().find("playbook a/b names noetl.orders: write shop.orders there") != std::string::npos);
  CHECK(noetlctl.err.str().find("nothing was changed") != std::string::npos);
}

TEST_CASE("worker start has the habits of NoETL: --v2, -c, --pool") {
  Noetlctl noetlctl;

  CHECK(noetlctl({"worker", "start", "--v2", "-c", "7", "--pool", "gpu", "--nats-url", "nats://n:1"}) == 0);

  REQUIRE(noetlctl.worker.has_value());
  CHECK(noetlctl.worker->slots == 7);
  CHECK(noetlctl.worker->pool == "gpu");
  CHECK(noetlctl.worker->nats.url == "nats://n:1");
}

TEST_CASE("the doctor's exit code tells what is broken, and with --strict what to be warned of") {
  Noetlctl noetlctl;

  CHECK(noetlctl({"doctor", "--deep"}) == 0);
  CHECK(noetlctl.is_deep);
  CHECK(noetlctl.out.str().find("cure") == std::string::npos);
  noetlctl.doctor_says = "warning";
  CHECK(noetlctl({"doctor"}) == 0);
  CHECK(noetlctl({"doctor", "--strict"}) == 8);
  noetlctl.doctor_says = "broken";
  CHECK(noetlctl({"doctor"}) == 8);
  CHECK(noetlctl.out.str().find("  42: is odd\n  and 2 more\n  cure: look at it\n") != std::string::npos);
  noetlctl.out.str({});
  CHECK(noetlctl({"doctor", "--json"}) == 8);
  CHECK(Json::parse(noetlctl.out.str()).at("status") == "broken");
}

TEST_CASE("a flag beats the environment") {
  const Variable port("NOETL_PORT", "1111");
  Noetlctl from_environment, from_flag;

  CHECK(from_environment({"server", "start"}) == 0);
  CHECK(from_flag({"server", "start", "--port", "2222"}) == 0);

  CHECK(from_environment.server->port == 1111);
  CHECK(from_flag.server->port == 2222);
}

TEST_CASE("a bad setting stops with its name and origin") {
  const Variable port("NOETL_PORT", "x");
  Noetlctl noetlctl;

  CHECK(noetlctl({"server", "start"}) == exit_usage);

  CHECK(noetlctl.err.str().find("port (from NOETL_PORT)") != std::string::npos);
  CHECK(noetlctl.err.str().find('\n') == noetlctl.err.str().size() - 1);  // it says so once
  CHECK_FALSE(noetlctl.server.has_value());
}

TEST_CASE("the run mode makes one image server or worker") {
  const Variable mode("NOETL_RUN_MODE", "worker");
  Noetlctl noetlctl;

  CHECK(noetlctl({}) == 0);

  CHECK(noetlctl.worker.has_value());
}

TEST_CASE("dev says which folder it cannot use, and which flag names another") {
  Noetlctl noetlctl;

  CHECK(noetlctl({"dev", "--data", "/proc/noetl"}) == exit_usage);

  CHECK(
      noetlctl.err.str() ==
      "error: the data folder /proc/noetl cannot be used: No such file or directory; name one that you may write with "
      "--data (invalid_input)\n");
}

TEST_CASE("unknown commands, unknown flags and missing arguments are wrong use") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                     {"frobnicate"},
                                                                     {"server"},
                                                                     {"server", "start", "--prot", "1"},
                                                                     {"execute"},
                                                                     {"playbook"},
                                                                     {"completion", "tcsh"},
                                                                     {"dev", "--port", "0"}}) {
    Noetlctl noetlctl;
    CHECK(noetlctl(arguments) == exit_usage);
  }
}

TEST_CASE("help of every command is given on stdout with success") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                     {"dev", "--help"},
                                                                     {"execution", "--help"},
                                                                     {"execution", "watch", "--help"},
                                                                     {"run", "--help"},
                                                                     {"catalog", "register", "--help"}}) {
    Noetlctl noetlctl;
    CHECK(noetlctl(arguments) == 0);
    CHECK_FALSE(noetlctl.out.str().empty());
  }
}

TEST_CASE("version is printed as text or JSON") {
  Noetlctl text, json;

  CHECK(text({"version"}) == 0);
  CHECK(json({"version", "-o", "json"}) == 0);

  CHECK(text.out.str() == "noetlctl 1.2.3\n");
  CHECK(Json::parse(json.out.str()) == Json{{"version", "1.2.3"}});
}

TEST_CASE("config shows where each value comes from and masks secrets") {
  const Variable password("POSTGRES_PASSWORD", "hunter2");
  Noetlctl noetlctl;

  CHECK(noetlctl({"config", "-o", "json"}) == 0);

  CHECK(noetlctl.out.str().find("hunter2") == std::string::npos);
  bool is_shown = false;
  const Json answer = Json::parse(noetlctl.out.str());
  for (const auto& row : answer.at("settings")) {
    if (row.at("setting") == "postgres-password")
      is_shown = row.at("value") == "***" && row.at("from") == "POSTGRES_PASSWORD";
  }
  CHECK(is_shown);
}

TEST_CASE("a server that is not there is 'unavailable' with a hint") {
  Noetlctl noetlctl;

  const int code = noetlctl({"queue", "status", "--server-url", "http://127.0.0.1:1"});

  CHECK(code == wire::mapping_of(base::ErrorCode::unavailable).cli_exit_code);
  CHECK(noetlctl.err.str().find("noetlctl dev") != std::string::npos);
}

TEST_CASE("a payload that is no JSON is refused before any call") {
  Noetlctl noetlctl;

  CHECK(noetlctl({"execute", "x", "--payload", "{", "--server-url", "http://127.0.0.1:1"}) == exit_usage);
  CHECK(noetlctl({"execute", "x", "--wait", "--timeout", "soon", "--server-url", "http://127.0.0.1:1"}) == exit_usage);
}

TEST_CASE("lint prints a line for each finding, a summary, and fails for errors or, when strict, for warnings") {
  const auto lint = [](const std::string& text, const std::vector<std::string>& more = {}) {
    const std::string file = "lint_" + std::to_string(getpid()) + ".yaml";
    std::ofstream(file) << text;
    Noetlctl noetlctl;
    std::vector<std::string> arguments{"playbook", "lint", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const int code = noetlctl(arguments);
    std::filesystem::remove(file);
    return std::pair{code, noetlctl.out.str()};
  };

  CHECK(lint("fine").first == 0);
  CHECK(lint("fine").second.find(": v10, 1 step: ok") != std::string::npos);
  CHECK(lint("warn").first == 0);
  CHECK(lint("warn").second.find(":2:3: warning: odd ? [x]") != std::string::npos);
  CHECK(lint("warn", {"--strict"}).first == 2);
  CHECK(lint("fail").first == 2);
  CHECK(lint("fail").second.find(":4:5: error: no such step; did you mean 'end'? [workflow[0]]") != std::string::npos);
  CHECK(lint("warn, fail").second.find("1 error, 1 warning") != std::string::npos);
  const auto json = Json::parse(lint("warn, fail", {"-o", "json"}).second);
  CHECK(json.at(0).at("generation") == "v10");
  CHECK(json.at(0).at("status") == "errors");
  CHECK(json.at(0).at("findings").at(1).at("suggestion") == "did you mean 'end'?");
}

TEST_CASE("lint takes files and folders, goes on after one that is not there, and answers the worst exit code") {
  const std::filesystem::path folder = "lint_" + std::to_string(getpid());
  std::filesystem::create_directories(folder / "more/below");
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  };
  const auto fine = write("fine.yaml", "fine"), warn = write("warn.yml", "warn"), more = (folder / "more").string();
  write("more/below/fail.yaml", "fail");
  write("more/note.txt", "fail");
  const auto lint = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"playbook", "lint"});
    Noetlctl noetlctl;
    const int code = noetlctl(arguments);
    return std::tuple{code, noetlctl.out.str(), noetlctl.err.str()};
  };

  CHECK(lint({fine, warn}) ==
        std::tuple{
            0, fine + ": v10, 1 step: ok\n" + warn + ":2:3: warning: odd ? [x]\n" + warn + ": v10, 1 step: 1 warning\n",
            ""});
  const auto failing = more + "/below/fail.yaml";
  const std::string failed =
      failing + ":4:5: error: no such step; did you mean 'end'? [workflow[0]]\n" + failing + ": v10, 1 step: 1 error\n";
  CHECK(lint({more, fine}) == std::tuple{2, failed + fine + ": v10, 1 step: ok\n", ""});
  const auto [code, out, err] = lint({"nowhere.yaml", more, (folder / "more/below").string()});
  CHECK(code == 3);
  CHECK(out == failed + failed);
  CHECK(err == "error: the file nowhere.yaml cannot be read (not_found)\n");
  CHECK(std::get<0>(lint({fine, warn, "--strict"})) == 2);
  const auto all = Json::parse(std::get<1>(lint({fine, more, "-o", "json"})));
  CHECK(all.size() == 2);
  CHECK(all.at(1).at("file") == failing);
  std::filesystem::remove_all(folder);
}

TEST_CASE("the schema of playbooks is printed as it is") {
  Noetlctl noetlctl;

  CHECK(noetlctl({"playbook", "schema"}) == 0);
  CHECK(noetlctl.out.str() == "{\"title\": \"playbook\"}\n");
}

TEST_CASE("completion names the subcommands of each level") {
  Noetlctl bash, zsh, fish;

  CHECK(bash({"completion", "bash"}) == 0);
  CHECK(zsh({"completion", "zsh"}) == 0);
  CHECK(fish({"completion", "fish"}) == 0);

  CHECK(bash.out.str().find("\" execution\") words=\"list get events watch cancel") != std::string::npos);
  CHECK(zsh.out.str().starts_with("autoload -U +X bashcompinit"));
  CHECK(fish.out.str().find("-n '__fish_seen_subcommand_from execution' -a watch") != std::string::npos);
}

TEST_CASE("docs/reference/cli.md lists every error code with its exit code") {
  std::ifstream file(NOETL_SOURCE_DIR "/docs/reference/cli.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};

  for (int code = 0; code <= static_cast<int>(base::ErrorCode::internal); ++code) {
    const auto& mapping = wire::mapping_of(static_cast<base::ErrorCode>(code));
    const std::string row =
        "| `" + std::string(base::to_string(mapping.code)) + "` | " + std::to_string(mapping.cli_exit_code) + " |";
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
  }
}

}  // namespace
}  // namespace noetl::cli
