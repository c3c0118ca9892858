#include "cli/dev/running_stack.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "cli/command_line.hpp"
#include "cli/dev/dev_folder.hpp"

namespace noetl::dev {
namespace {

namespace fs = std::filesystem;

// Stacks of a user who has a home of their own, and a process that is somewhere in it.
struct Home {
  Home() : before(fs::current_path()) {
    fs::create_directories(path / "elsewhere");
    setenv("XDG_STATE_HOME", (path / "state").c_str(), 1);
    fs::current_path(path / "elsewhere");
  }
  ~Home() {
    fs::current_path(before);
    unsetenv("XDG_STATE_HOME");
    fs::remove_all(path);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  fs::path path = fs::temp_directory_path() / ("noetl-running-stack-" + std::to_string(getpid()));
  fs::path before;
};

// What `noetlctl dev` has on disk while it runs.
struct Stack {
  Stack(const fs::path& folder, int port, bool is_ready = true) : data(folder.string()) {
    REQUIRE(data.lock().has_value());
    std::ofstream(folder / "url") << "nats://server:secret@127.0.0.1:4222\n";
    std::ofstream(folder / "operator.url") << "nats://operator:word@127.0.0.1:4222\n";
    data.write_state({{"is_ready", is_ready},
                      {"server_url", "http://localhost:" + std::to_string(port)},
                      {"database_url", "host=/socket"},
                      {"nats_url_file", (folder / "url").string()},
                      {"nats_operator_url_file", (folder / "operator.url").string()}});
    note.emplace(data.path());
  }
  DevFolder data;
  std::optional<StackNote> note;
};

TEST_CASE("the one stack that runs is found from anywhere, and no other") {
  const Home home;
  CHECK_FALSE(find_stack().value().has_value());
  {
    const Stack stack(home.path / "data", 9000);
    const auto found = find_stack().value();

    REQUIRE(found.has_value());
    CHECK(found->server_url == "http://localhost:9000");
    CHECK(found->database_url == "host=/socket");
    CHECK(found->nats_url == "nats://server:secret@127.0.0.1:4222");
  }
  CHECK_FALSE(find_stack().value().has_value());
}

TEST_CASE("a stack that is not ready, or was killed, is none") {
  const Home home;
  {
    const Stack starting(home.path / "starting", 9000, false);
    CHECK_FALSE(find_stack().value().has_value());
  }
  // Its note and its dev.json are left, nobody holds its lock.
  const fs::path notes = home.path / "state/noetl/dev";
  std::ofstream(notes / "1") << (home.path / "killed").string() << "\n";
  DevFolder((home.path / "killed").string()).write_state({{"is_ready", true}, {"server_url", "http://localhost:1"}});

  CHECK_FALSE(find_stack().value().has_value());
  CHECK_FALSE(fs::exists(notes / "1"));
}

TEST_CASE("of several stacks that of the folder one is in is taken, else none") {
  const Home home;
  fs::create_directories(home.path / "clone/src");
  const Stack one(home.path / "clone/.noetl/dev", 9001);
  std::optional<Stack> two;
  fs::rename(home.path / "state/noetl/dev" / std::to_string(getpid()), home.path / "state/noetl/dev/7");
  two.emplace(home.path / "data", 9002);

  const auto refused = find_stack();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == base::ErrorCode::conflict);
  CHECK(refused.error().message.find("--server-url http://localhost:9001  (") != std::string::npos);
  CHECK(refused.error().message.find("--server-url http://localhost:9002  (") != std::string::npos);

  fs::current_path(home.path / "clone/src");
  CHECK(find_stack().value()->server_url == "http://localhost:9001");
}

TEST_CASE("noetlctl says which server it took when nobody answers: from a variable, of a stack, by default") {
  const Home home;
  const auto said = [](const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    cli::Programs programs;
    programs.version = "1.2.3";
    CHECK(cli::run(arguments, programs, {.out = out, .err = err}, {}) == cli::exit_wait_over);
    return err.str();
  };

  CHECK(
      said({"queue", "status", "--server-url", "http://127.0.0.1:1"}).find("http://127.0.0.1:1 (from --server-url)") !=
      std::string::npos);
  const Stack stack(home.path / "data", 2);
  const auto of_stack = said({"queue", "status"});
  CAPTURE(of_stack);
  CHECK(of_stack.find("http://localhost:2 (the stack of `noetlctl dev` in ") != std::string::npos);
  setenv("NOETL_SERVER_URL", "http://127.0.0.1:3", 1);
  CHECK(said({"queue", "status"}).find("http://127.0.0.1:3 (from NOETL_SERVER_URL)") != std::string::npos);
  unsetenv("NOETL_SERVER_URL");
}

TEST_CASE("the doctor is given what the stack has where nothing else was said") {
  const Home home;
  const Stack stack(home.path / "data", 9000);
  const auto resolved = [](const std::map<std::string, std::string>& flags) {
    return with_stack(config::resolve_for_process(flags, "").value()).value();
  };

  CHECK(resolved({}).at("database-url").value == "host=/socket");
  CHECK(resolved({}).at("nats-url").value == "nats://server:secret@127.0.0.1:4222");
  CHECK(resolved({{"postgres-host", "db"}}).at("database-url").value.empty());
  CHECK(resolved({{"nats-url", "nats://n:1"}}).at("nats-url").value == "nats://n:1");
  // What `noetlctl dev` prints to paste is the login of people.
  setenv("NATS_URL", "nats://operator:word@127.0.0.1:4222", 1);
  CHECK(resolved({}).at("nats-url").value == "nats://server:secret@127.0.0.1:4222");
  setenv("NATS_URL", "nats://operator:word@elsewhere:4222", 1);
  CHECK(resolved({}).at("nats-url").value == "nats://operator:word@elsewhere:4222");
  unsetenv("NATS_URL");
}

}  // namespace
}  // namespace noetl::dev
