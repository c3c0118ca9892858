// The container tool asks docker or podman for nothing that the worker's operator has not opened: no folders or sockets of the
// machine, no other networks, no root, no variables for the client itself.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/security/one_command.hpp"

using namespace noetl::support;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

// Stands for docker: prints its arguments, what it reads, and its environment.
struct Docker {
  Docker() {
    fs::create_directories(folder.path() / "bin");
    fs::create_directories(folder.path() / "shared" / "below");
    fs::create_directory_symlink("/etc", folder.path() / "shared" / "link");
    write_text(folder.path() / "bin" / "docker",
               "#!/bin/sh\nprintf '%s\\n' \"$@\"\necho '--- input'\ncat\necho '--- env'\nenv\n");
    fs::permissions(folder.path() / "bin" / "docker", fs::perms::owner_all);
  }
  [[nodiscard]] StackSettings settings(std::map<std::string, std::string> env = {}) const {
    env["PATH"] = (folder.path() / "bin").string() + ":/usr/bin:/bin";
    env["NOETL_TOOLS"] = "all";
    return {.env = std::move(env)};
  }
  [[nodiscard]] std::string shared(const std::string& name = {}) const {
    return (folder.path() / "shared" / name).string();
  }
  TemporaryFolder folder{"noetl-docker"};
};

Json container(const Json& more) {
  Json tool{{"kind", "container"}, {"image", "debian:12"}, {"command", {"true"}}};
  tool.update(more);
  return tool;
}

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE(
    "as it is shipped, a container has neither rights nor folders nor a network, and its variables are not "
    "the client's") {
  const Docker docker;
  const Stack stack(docker.settings());

  const Json ran = ended_command(
      stack, container({{"env", {{"TOKEN", "t0ken"}, {"DOCKER_HOST", "tcp://evil:1"}, {"LD_PRELOAD", "/x.so"}}}}));

  REQUIRE_MESSAGE(ran.at("status") == "done", ran.dump());
  const std::string said = ran.at("result").at("stdout");
  const std::string arguments = said.substr(0, said.find("--- input"));
  const std::string client = said.substr(said.find("--- env"));
  for (const char* flag :
       {"--cap-drop=ALL\n", "--security-opt=no-new-privileges\n", "--network=none\n", "--pids-limit=", "--memory="})
    CHECK_MESSAGE(has(arguments, flag), arguments);
  CHECK(has(said, "TOKEN=t0ken\n"));
  CHECK_FALSE(has(arguments, "t0ken"));
  for (const char* words : {"t0ken", "tcp://evil", "LD_PRELOAD", "NOETL_"})
    CHECK_FALSE_MESSAGE(has(client, words), client);

  for (const Json& more : std::vector<Json>{{{"mounts", {"/:/host"}}},
                                            {{"mounts", {"/var/run/docker.sock:/var/run/docker.sock"}}},
                                            {{"volumes", {{{"source", "/etc"}, {"target", "/e"}}}}},
                                            {{"mounts", {docker.shared() + ":/s"}}},
                                            {{"network", "host"}},
                                            {{"network", "container:other"}},
                                            {{"user", "0"}},
                                            {{"user", "root"}},
                                            {{"user", "000:0"}},
                                            {{"user", "1000:0"}}}) {
    CAPTURE(more.dump());
    const Json refused = ended_command(stack, container(more));
    CHECK_MESSAGE(has(complaint_of(refused), "container-"), refused.dump());
  }
}

TEST_CASE("a worker's lists open images, folders, networks and users, and no more than they say") {
  const Docker docker;
  const Stack stack(docker.settings({{"NOETL_CONTAINER_IMAGES", "debian:*,registry.internal/etl/*"},
                                     {"NOETL_CONTAINER_MOUNTS", docker.shared() + ":ro"},
                                     {"NOETL_CONTAINER_NETWORKS", "bridge,etl"},
                                     {"NOETL_CONTAINER_USERS", "0"}}));

  const Json ran = ended_command(
      stack, container({{"mounts", {docker.shared("below") + ":/data"}}, {"network", "etl"}, {"user", "0"}}));

  REQUIRE_MESSAGE(ran.at("status") == "done", ran.dump());
  const std::string said = ran.at("result").at("stdout");
  CHECK(has(said, "--volume=" + docker.shared("below") + ":/data:ro\n"));
  CHECK(has(said, "--network=etl\n"));
  CHECK(has(said, "--user=0\n"));
  for (const Json& more :
       std::vector<Json>{{{"image", "alpine"}},
                         {{"image", "evil/debian:12"}},
                         {{"mounts", {docker.shared("below") + ":/data:rw"}}},
                         {{"mounts", {docker.shared("link") + ":/data"}}},
                         {{"mounts", {docker.shared("below/../..") + ":/data"}}},
                         {{"mounts", {docker.shared() + "x:/data"}}},
                         {{"mounts", {docker.shared("below") + ":/data:ro,bind-propagation=shared"}}},
                         {{"network", "host"}}}) {
    CAPTURE(more.dump());
    CHECK(has(complaint_of(ended_command(stack, container(more))), "container-"));
  }
}
