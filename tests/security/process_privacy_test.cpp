// What server and worker hold stays theirs: no step and no other process of their user reads it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "steps.hpp"

using namespace noetl::support;
using namespace noetl::security;
using namespace std::chrono_literals;

namespace {

std::filesystem::path driver_descriptor(pid_t worker) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(worker) + "/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string().find("noetl_python_driver") != std::string::npos)
      return entry;
  }
  return {};
}

}  // namespace

TEST_CASE("no step reads the worker's environment, memory, descriptors or core, though both have one user") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto worker = worker_of_step_user(stack, {{"NOETL_WORKER_TOKEN", "t0ken-of-the-worker"}});
  const std::string proc = "/proc/" + std::to_string(worker->pid());

  const std::string user = printed_by(stack, "id -u; stat -L -c %u /proc/self");
  const std::string opened = printed_by(
      stack, "for f in environ mem maps auxv io; do cat " + proc + "/$f >/dev/null 2>/dev/null && echo $f; done; ls " +
                 proc + "/fd 2>/dev/null; cat /proc/$PPID/environ 2>/dev/null; ulimit -c; echo end");

  if (geteuid() == 0) CHECK(user == "10001\n10001\n");
  CHECK(opened == "0\nend\n");
  CHECK(read_text(proc + "/limits").find("Max core file size        0                    0") != std::string::npos);
}

TEST_CASE("another process of the server's user reads neither its environment nor its memory, and it leaves no core") {
  const Stack stack(StackSettings{.workers = 0, .is_server_started = false, .env = {}});
  const auto folder = stack.folder().path() / "server";
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(stack.folder().path(), std::filesystem::perms(0755));
  std::filesystem::permissions(folder, std::filesystem::perms(0777));
  Process server(ProcessSettings{.command = {std::string(NOETL_BIN_DIR) + "/noetl-server"},
                                 .env = {{"NOETL_DATABASE_URL", PostgresCluster::as_server(stack.database_url())},
                                         {"NATS_URL", "none"},
                                         {"NOETL_HOST", "127.0.0.1"},
                                         {"NOETL_PORT", "0"},
                                         {"NOETL_PORT_FILE", folder / "port"}},
                                 .log_file = stack.folder().path() / "server.log",
                                 .work_folder = "/",
                                 .user = step_user()});
  wait_until("the server's port file", 20s,
             [&] { return !server.is_running() || !read_text(folder / "port").empty(); });
  REQUIRE_MESSAGE(server.is_running(), server.log());
  const std::string proc = "/proc/" + std::to_string(server.pid());

  for (const char* file : {"/environ", "/mem", "/maps"}) {
    Process reader(ProcessSettings{
        .command = {"/bin/cat", proc + file}, .env = {}, .log_file = {}, .work_folder = "/", .user = step_user()});
    CHECK_MESSAGE(reader.wait(10s) != 0, file);
  }
  CHECK(read_text(proc + "/limits").find("Max core file size        0                    0") != std::string::npos);
}

TEST_CASE("no child has a variable of the worker that is not on the list, nor a secret of its settings") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker({{"NOETL_WORKER_TOKEN", "t0ken-of-the-worker"},
                      {"NOETL_TOOL_POSTGRES_URL", "postgresql://u:p4ssw0rd@127.0.0.1/x"},
                      {"AWS_SECRET_ACCESS_KEY", "s3cret-of-the-operator"},
                      {"OF_THE_TEAM", "wanted"},
                      {"OF_THE_HOST", "not wanted"},
                      {"NOETL_TOOL_ENVIRONMENT", "OF_THE_TEAM,NO_SUCH_*"},
                      // A python3 that is a script of pyenv adds variables of its own.
                      {"NOETL_PYTHON", std::filesystem::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3"}});
  const std::set<std::string> known{"PATH",     "HOME",        "USER",   "LOGNAME",    "SHELL",  "LANG",
                                    "LANGUAGE", "TZ",          "PWD",    "_",          "TMPDIR", "NOETL_INPUT",
                                    "SHLVL",    "OF_THE_TEAM", "OLDPWD", "TRACEPARENT"};
  const auto check = [&](const std::vector<std::string>& names) {
    CHECK(std::find(names.begin(), names.end(), "OF_THE_TEAM") != names.end());
    for (const std::string& name : names) CHECK_MESSAGE((known.contains(name) || name.starts_with("LC_")), name);
  };

  std::vector<std::string> names;
  std::istringstream lines(printed_by(stack, "env"));
  for (std::string line; std::getline(lines, line);) names.push_back(line.substr(0, line.find('=')));
  check(names);
  check(run(stack, python("import os\nresult = sorted(os.environ)")).at("result").get<std::vector<std::string>>());
  check(run(stack,
            python("result = sorted(x.split('=')[0] for x in open(f'/proc/{os.getpid()}/environ').read().split('\\0') "
                   "if x) if os.access(f'/proc/{os.getpid()}/environ', os.R_OK) else ['OF_THE_TEAM']"))
            .at("result")
            .get<std::vector<std::string>>());
}

TEST_CASE("a program of the setting tool-exec gets the list and nothing else") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto program = stack.folder().path() / "showing";
  write_text(program, "#!/bin/sh\nprintf '{\"result\": \"%s\"}' \"$(env | cut -d= -f1 | tr '\\n' ' ')\"\n");
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  stack.start_worker({{"NOETL_WORKER_TOKEN", "t0ken"}, {"NOETL_TOOL_EXEC", "showing=" + program.string()}});

  const std::string names = run(stack, {{"tool", {{"kind", "showing"}}}}).at("result");

  CHECK(names.find("PATH") != std::string::npos);
  CHECK(names.find("NOETL_") == std::string::npos);
}

TEST_CASE("no descriptor of the worker reaches a shell or Python") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});

  // Its own three, and the one with which ls reads the folder.
  CHECK(printed_by(stack, "ls /proc/self/fd") == "0\n1\n2\n3\n");
  // Besides: the channel of the call and the one with which it lists.
  CHECK(run(stack, python("import os\nresult = len(os.listdir('/proc/self/fd'))")).at("result") <= 5);
}

TEST_CASE("the text that interpreters begin with cannot be changed") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  CHECK(run(stack, python("result = 1")).at("result") == 1);
  if (geteuid() != 0) {
    CHECK(access(("/proc/" + std::to_string(stack.worker().pid()) + "/fd").c_str(), R_OK) != 0);
    return;
  }

  // Root may open what the worker holds open; even so the seal holds.
  const auto driver = driver_descriptor(stack.worker().pid());
  REQUIRE_FALSE(driver.empty());
  const int opened = open(driver.c_str(), O_RDWR | O_CLOEXEC);
  const ssize_t written = opened < 0 ? -1 : write(opened, "import os", 9);
  const int truncated = opened < 0 ? -1 : ftruncate(opened, 0);
  close(opened);

  CHECK(written == -1);
  CHECK(truncated == -1);
  CHECK(run(stack, python("result = 2")).at("result") == 2);
}
