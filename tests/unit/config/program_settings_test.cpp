#include "shared/config/program_settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "shared/config/describe.hpp"
#include "shared/config/program_flags.hpp"
#include "test_paths.hpp"

namespace noetl::config {
namespace {

Resolved resolved_from(std::map<std::string, std::string> flags) {
  auto resolved = resolve({.flags = std::move(flags), .environment = {}, .file = {}});
  REQUIRE(resolved.has_value());
  return *resolved;
}

Resolved resolved_from_environment(const std::string& variable, const std::string& value) {
  auto resolved = resolve(
      {.flags = {},
       .environment = [&](std::string_view name) { return name == variable ? std::optional(value) : std::nullopt; },
       .file = {}});
  REQUIRE(resolved.has_value());
  return *resolved;
}

TEST_CASE("the defaults of the server are NoETL v1's") {
  const auto settings = server_settings(resolved_from({})).value();

  CHECK(settings.port == 8082);
  CHECK(settings.server_url == "http://localhost:8082");
  CHECK(settings.nats.stream == "NOETL_COMMANDS");
  CHECK(settings.nats.consumer == "noetl-worker-pool");
  CHECK(settings.nats.ack_wait == std::chrono::seconds{30});
  CHECK(settings.nats.max_deliver == 3);
  CHECK(settings.heartbeat_interval == std::chrono::seconds{1});
  CHECK(settings.lease == std::chrono::seconds{5});
  CHECK(settings.database_url == "host='localhost' port='5432' dbname='noetl' user='noetl'");
}

TEST_CASE("passwords that everybody knows are refused, wherever they stand") {
  const auto with = [](const std::map<std::string, std::string>& variables) {
    const auto resolved = resolve({.flags = {},
                                   .environment = [&](std::string_view name) -> std::optional<std::string> {
                                     const auto found = variables.find(std::string(name));
                                     if (found == variables.end()) return std::nullopt;
                                     return found->second;
                                   },
                                   .file = {}});
    REQUIRE(resolved.has_value());
    return server_settings(*resolved);
  };
  const std::vector<std::pair<std::string, std::string>> refused{
      {"NOETL_TOKEN", "changeme"},
      {"NOETL_WORKER_TOKEN", "noetl-laptop"},
      {"POSTGRES_PASSWORD", "noetl"},
      {"POSTGRES_PASSWORD", "Password"},
      {"NOETL_NATS_PASSWORD", "noetl"},
      {"NOETL_NATS_TOKEN", "admin"},
      {"NATS_URL", "nats://noetl:noetl@nats:4222"},
      {"NATS_URL", "tls://a:x9@h,nats://b:noetl@h2"},
      {"NOETL_DATABASE_URL", "postgresql://noetl:noetl@db/noetl"},
      {"NOETL_DATABASE_URL", "host=db user=noetl password=noetl"},
      {"NOETL_DATABASE_URL", "password='noetl' host=db"}};
  for (const auto& [name, value] : refused) {
    const auto settings = with({{name, value}});
    REQUIRE_MESSAGE(!settings.has_value(), name << " = " << value);
    CHECK(settings.error().code == base::ErrorCode::invalid_input);
    CHECK(settings.error().message.find("everybody knows") != std::string::npos);
    CHECK(with({{name, value}, {"NOETL_INSECURE", "on"}}).has_value());
  }

  CHECK(with({{"NOETL_WORKER_TOKEN", "4f9a0b"},
              {"NATS_URL", "nats://noetl:4f9a0b@nats:4222"},
              {"NOETL_DATABASE_URL", "postgresql://noetl@db/noetl"}})
            .has_value());
}

TEST_CASE("workers and noetlctl know the server's authority; what lives in NATS is the server's to say") {
  const auto resolved = resolved_from({{"server-ca", "/etc/ca.pem"}});

  CHECK(worker_settings(resolved)->server_ca_file == "/etc/ca.pem");
  CHECK(client_settings(resolved).server_ca_file == "/etc/ca.pem");
  for (const auto& setting : all_settings()) {
    const bool lives_in_nats = setting.name == "nats-stream" || setting.name == "nats-ack-wait" ||
                               setting.name == "nats-max-deliver" || setting.name == "nats-max-ack-pending";
    if (lives_in_nats) CHECK_MESSAGE(setting.programs == server, setting.name);
  }
}

TEST_CASE("what has ended is kept by its outcome, and 0 keeps for ever") {
  const auto settings = server_settings(resolved_from({{"retention-failed", "0s"}, {"retention-dead", "12h"}})).value();

  CHECK(settings.retention.completed == std::chrono::days{7});
  CHECK(settings.retention.failed == std::chrono::milliseconds{0});
  CHECK(settings.retention.cancelled == std::chrono::days{7});
  CHECK(settings.retention.dead == std::chrono::hours{12});
}

TEST_CASE("a value of the environment cannot add keywords to the connection string") {
  const auto settings = server_settings(resolved_from_environment("POSTGRES_PASSWORD", "x' host='evil\\")).value();

  CHECK(settings.database_url.ends_with(R"(password='x\' host=\'evil\\')"));
}

TEST_CASE("the server's own port is in the URL that it tells unless one is set") {
  CHECK(server_settings(resolved_from({{"port", "9000"}}))->server_url == "http://localhost:9000");
  CHECK(server_settings(resolved_from({{"port", "9000"}, {"server-url", "http://a:1"}}))->server_url == "http://a:1");
  CHECK(server_settings(resolved_from({{"port", "0"}}))->server_url.empty());
}

TEST_CASE("a lease shorter than three heartbeats is refused") {
  const auto settings = server_settings(resolved_from({{"lease", "2s"}}));

  REQUIRE_FALSE(settings.has_value());
  CHECK(settings.error().field == "lease");
  CHECK(settings.error().message.find("heartbeat-interval (from default)") != std::string::npos);
}

TEST_CASE("a worker shows the workers' token, and the callers' where there is no other") {
  CHECK(worker_settings(resolved_from_environment("NOETL_WORKER_TOKEN", "w"))->token == "w");
  CHECK(worker_settings(resolved_from_environment("NOETL_TOKEN", "t"))->token == "t");
}

TEST_CASE("the worker's settings are read with their units") {
  const auto settings = worker_settings(resolved_from({{"slots", "32"}, {"tool-output-max", "1MiB"}})).value();

  CHECK(settings.slots == 32);
  CHECK(settings.tool_output_max == 1024 * 1024);
  CHECK(settings.tool_timeout == std::chrono::minutes{5});
}

TEST_CASE("secrets are masked when settings are shown") {
  const auto resolved = resolved_from_environment("POSTGRES_PASSWORD", "hunter2");

  CHECK(shown_value(*find_setting("postgres-password"), resolved.at("postgres-password")) == "***");
  CHECK(shown_value(*find_setting("token"), resolved.at("token")).empty());
}

TEST_CASE("flags of a program are read in both spellings and others are refused") {
  const auto flags = read_flags({"--port", "1", "--log-format=json", "--config", "x.conf"}, server);

  REQUIRE(flags.has_value());
  CHECK(flags->settings == std::map<std::string, std::string>{{"log-format", "json"}, {"port", "1"}});
  CHECK(flags->config_file == "x.conf");
  CHECK(read_flags({"--prot", "1"}, server).error().message == "unknown flag --prot, did you mean --port?");
  CHECK_FALSE(read_flags({"--slots", "1"}, server).has_value());
  CHECK_FALSE(read_flags({"--port"}, server).has_value());
  CHECK_FALSE(read_flags({"start"}, server).has_value());
}

TEST_CASE("docs/reference/configuration.md is what the table says") {
  std::ifstream file(NOETL_SOURCE_DIR "/docs/reference/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};

  CHECK_MESSAGE(text == settings_as_markdown(), "run `noetlctl config --markdown > docs/reference/configuration.md`");
}

}  // namespace
}  // namespace noetl::config
