#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "shared/config/program_settings.hpp"
#include "shared/config/resolve.hpp"

#include <set>

namespace noetl::config {
namespace {

std::function<std::optional<std::string>(std::string_view)> environment(std::map<std::string, std::string> values) {
  return [values](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST_CASE("flag beats environment beats file beats default") {
  const FileValues file{{"port", {"3", "f:1"}}, {"host", {"file-host", "f:2"}}, {"slots", {"7", "f:3"}}};

  const auto resolved = resolve({.flags = {{"port", "1"}},
                                 .environment = environment({{"NOETL_PORT", "2"}, {"NOETL_HOST", "env-host"}}),
                                 .file = file});

  REQUIRE(resolved.has_value());
  CHECK(resolved->at("port").value == "1");
  CHECK(resolved->at("port").where == "--port");
  CHECK(resolved->at("host").value == "env-host");
  CHECK(resolved->at("host").where == "NOETL_HOST");
  CHECK(resolved->at("slots").value == "7");
  CHECK(resolved->at("slots").where == "f:3");
  CHECK(resolved->at("db-pool-size").where == "default");
}

TEST_CASE("the seeds' names of the environment work") {
  const auto resolved = resolve({.flags = {},
                                 .environment = environment({{"NATS_URL", "nats://n:4222"},
                                                             {"NATS_USER", "u"},
                                                             {"NATS_PASSWORD", "p"},
                                                             {"NATS_TOKEN", "t"},
                                                             {"SERVER_API_URL", "http://s:1"},
                                                             {"WORKER_MAX_CONCURRENT", "9"},
                                                             {"NOETL_WORKER_POOL_NAME", "gpu"},
                                                             {"POSTGRES_HOST", "db"}}),
                                 .file = {}});

  REQUIRE(resolved.has_value());
  CHECK(resolved->at("nats-url").value == "nats://n:4222");
  CHECK(resolved->at("nats-user").value == "u");
  CHECK(resolved->at("nats-password").value == "p");
  CHECK(resolved->at("nats-token").value == "t");
  CHECK(resolved->at("server-url").value == "http://s:1");
  CHECK(resolved->at("slots").value == "9");
  CHECK(resolved->at("pool").value == "gpu");
  CHECK(resolved->at("postgres-host").value == "db");
}

TEST_CASE("a bad value is refused with the setting, its origin and what was expected") {
  const auto resolved = resolve({.flags = {}, .environment = environment({{"NOETL_PORT", "eighty"}}), .file = {}});

  REQUIRE_FALSE(resolved.has_value());
  CHECK(resolved.error().message == "port (from NOETL_PORT): expected a whole number of 0 to 65535, found 'eighty'");
  CHECK(resolved.error().field == "port");
}

TEST_CASE("all mistakes are reported at once") {
  const auto resolved =
      resolve({.flags = {{"lease", "soon"}}, .environment = environment({{"NOETL_PORT", "99999"}}), .file = {}});

  REQUIRE_FALSE(resolved.has_value());
  CHECK(resolved.error().details.size() == 2);
}

TEST_CASE("an unknown key of the file is refused with a suggestion") {
  const auto resolved = resolve({.flags = {}, .environment = {}, .file = {{"prot", {"1", "noetl.conf:4"}}}});

  REQUIRE_FALSE(resolved.has_value());
  CHECK(resolved.error().message == "noetl.conf:4: unknown setting 'prot', did you mean 'port'?");
}

TEST_CASE("an empty variable counts as not set") {
  const auto resolved = resolve({.flags = {}, .environment = environment({{"NOETL_PORT", ""}}), .file = {}});

  REQUIRE(resolved.has_value());
  CHECK(resolved->at("port").value == "8082");
}

TEST_CASE("a file of lines has comments, quotes and either spelling of a key") {
  const auto values =
      parse_config_file("# comment\nport = 9000 # trailing\n\nnats_url = \"nats://a#b\"\nhost='::'\n", "noetl.conf");

  REQUIRE(values.has_value());
  CHECK(values->at("port").value == "9000");
  CHECK(values->at("port").where == "noetl.conf:2");
  CHECK(values->at("nats_url").value == "nats://a#b");
  CHECK(values->at("host").value == "::");
  CHECK(find_setting("nats_url") == find_setting("nats-url"));
}

TEST_CASE("a file may be a JSON object") {
  const auto values = parse_config_file(R"( {"port": 9000, "log-format": "json"} )", "noetl.json");

  REQUIRE(values.has_value());
  CHECK(values->at("port").value == "9000");
  CHECK(values->at("log-format").value == "json");
}

TEST_CASE("a TOML file has a key for each setting, and the sections of NATS") {
  const auto values = parse_config_file(R"(
port = 9000
log-format = "json"
[nats]
url = "nats://localhost:4222"
subject_prefix = "nix"

[nats.auth]
username = "nix-service"
password = "of-the-service"

[nats.retry]
max_reconnects = 10
reconnect_delay_ms = 100
max_reconnect_delay_ms = 10000

[nats.service]
name = "cim-domain-nix"
version = "0.3.0"
description = "Nix domain service for CIM"
)",
                                        "noetl.toml");
  REQUIRE(values.has_value());
  const auto resolved = resolve({.flags = {}, .environment = environment({}), .file = *values});
  REQUIRE(resolved.has_value());
  const auto server = server_settings(*resolved).value();
  CHECK(server.port == 9000);
  CHECK(server.log.json);
  CHECK(server.nats.address.url == "nats://localhost:4222");
  CHECK(server.nats.address.user == "nix-service");
  CHECK(server.nats.address.password == "of-the-service");
  CHECK(server.nats.address.reconnects_max == 10);
  CHECK(server.nats.address.reconnect_delay == std::chrono::milliseconds(100));
  CHECK(server.nats.address.reconnect_delay_max == std::chrono::milliseconds(10'000));
  CHECK(server.nats.subject == "nix.commands");
  CHECK(server.cluster_prefix == "nix.cluster");
  CHECK(server.session_subject == "nix.workflow.execute");
  CHECK(server.session_stream_subject == "nix.workflow.submit");
  CHECK(resolved->at("nats-events-subject").value == "nix.events");
  CHECK(server.service.name == "cim-domain-nix");
  CHECK(server.service.version == "0.3.0");
  CHECK(server.service.description == "Nix domain service for CIM");
  CHECK(resolved->at("nats-user").where == "noetl.toml:9");
}

TEST_CASE("a TOML file with a mistake is refused with its line") {
  const auto message_of = [](const char* text) { return parse_config_file(text, "f.toml").error().message; };
  CHECK(message_of("port = 1\nhost = x").find("f.toml:2: ") == 0);
  CHECK(message_of("[nats]\nurls = \"x\"") ==
        "f.toml:2: unknown key 'nats.urls': sections are [nats] and its auth, tls, retry and service");
  CHECK(message_of("port = [1]") == "f.toml:1: 'port' must be a text, a whole number or a boolean");
  CHECK(message_of("nats-user = \"a\"\n[nats.auth]\nusername = \"b\"") ==
        "f.toml:3: 'nats-user' is set twice, first at f.toml:1");
}

TEST_CASE("a file that is neither is refused with its line") {
  CHECK(parse_config_file("port 9000", "f").error().message == "f:1: expected 'setting = value', found 'port 9000'");
  CHECK(parse_config_file("a = 1\na = 2", "f").error().message == "f:2: 'a' is set twice, first at f:1");
  CHECK_FALSE(parse_config_file("host = \"x", "f").has_value());
  CHECK_FALSE(parse_config_file("{\"port\": [1]}", "f").has_value());
  CHECK_FALSE(parse_config_file("{\"port\": ", "f").has_value());
}

TEST_CASE("sizes have units, and nonsense is refused") {
  CHECK(parse_bytes("256KiB") == 262'144);
  for (const auto* text : {"", "-1", "1x", "KiB", "1.5KiB", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text).has_value());
  }
}

TEST_CASE("every setting has a name and a variable of its own, help, and a default that is allowed") {
  std::set<std::string_view> taken;
  for (const auto& setting : all_settings()) {
    CAPTURE(setting.name);
    CHECK(taken.insert(setting.name).second);
    CHECK_FALSE(setting.environment.empty());
    for (const auto variable : setting.environment) CHECK(taken.insert(variable).second);
    CHECK(setting.help.ends_with("."));
    CHECK(check_value(setting, setting.default_value).has_value());
  }
}

TEST_CASE("a secret is not shown by the error about it") {
  const std::string secret("hunter2\0x", 9);

  const auto resolved = resolve({.flags = {}, .environment = environment({{"NOETL_TOKEN", secret}}), .file = {}});

  REQUIRE_FALSE(resolved.has_value());
  CHECK(resolved.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("no secret is taken as a flag, and the refusal says what to do instead") {
  const std::pair<const char*, const char*> secrets[] = {
      {"token", "hunter2"},
      {"worker-token", "hunter2"},
      {"postgres-password", "hunter2"},
      {"encryption-key", "hunter2"},
      {"database-url", "postgresql://u:hunter2@db/noetl"},
      {"database-url", "postgresql://db/noetl?password=hunter2"},
      {"database-url", "host=db Password = 'hunter2'"},
      {"nats-url", "nats://u:hunter2@n:4222"},
      {"nats-url", "nats://a:4222,nats://hunter2@b:4222"},
      {"tool-postgres-url", "postgres://u:hunter2@db/x"},
  };
  for (const auto& [name, value] : secrets) {
    CAPTURE(value);
    const auto resolved = resolve({.flags = {{name, value}}, .environment = {}, .file = {}});
    REQUIRE_FALSE(resolved.has_value());
    CHECK(resolved.error().message.find("--" + std::string(name) + "-file") != std::string::npos);
    CHECK(resolved.error().message.find(find_setting(name)->environment.front()) != std::string::npos);
    CHECK(resolved.error().message.find("hunter2") == std::string::npos);
  }
  for (const auto& [name, value] :
       {std::pair{"database-url", "postgresql://u@db/noetl"},
        std::pair{"database-url", "host=/run/postgresql user=noetl"}, std::pair{"nats-url", "nats://n:4222"}})
    CHECK(resolve({.flags = {{name, value}}, .environment = {}, .file = {}}).has_value());
}

TEST_CASE("every secret has a setting that names a file with it") {
  for (const auto& setting : all_settings()) {
    if (!setting.is_secret) continue;
    CAPTURE(setting.name);
    const auto* file = find_setting(std::string(setting.name) + "-file");
    REQUIRE(file != nullptr);
    CHECK(file->content_of == setting.name);
    CHECK(file->environment.front() == std::string(setting.environment.front()) + "_FILE");
  }
}

TEST_CASE("a secret comes from the file that its setting names, unless it is set itself") {
  Sources sources{.flags = {},
                  .environment = environment({{"NOETL_TOKEN_FILE", "/t"}, {"POSTGRES_PASSWORD_FILE", "/missing"}}),
                  .file = {},
                  .read_file = [](const std::string& name) -> base::Result<std::string> {
                    if (name == "/t") return "from-file";
                    return base::failure(base::ErrorCode::not_found, "the file '" + name + "' cannot be read");
                  }};

  const auto resolved = resolve(sources);
  sources.environment = environment({{"NOETL_TOKEN_FILE", "/t"}, {"NOETL_TOKEN", "itself"}});
  const auto both = resolve(sources);

  REQUIRE(resolved.has_value());
  CHECK(resolved->at("token").value == "from-file");
  CHECK(resolved->at("token").where == "NOETL_TOKEN_FILE");
  CHECK(check_secret_files(*resolved, client).has_value());  // Postgres' password is the server's matter
  CHECK(check_secret_files(*resolved, server).error().message ==
        "postgres-password-file (from POSTGRES_PASSWORD_FILE): the file '/missing' cannot be read");
  CHECK(both->at("token").value == "itself");
}

TEST_CASE("an address with user and password is refused as server-url, and not shown") {
  const auto resolved = resolve(
      {.flags = {}, .environment = environment({{"SERVER_API_URL", "http://admin:hunter2@host:8082"}}), .file = {}});

  REQUIRE_FALSE(resolved.has_value());
  CHECK(resolved.error().field == "server-url");
  CHECK(resolved.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("no file makes a server insecure") {
  CHECK_FALSE(resolve({.flags = {}, .environment = {}, .file = {{"insecure", {"on", "noetl.conf:3"}}}}).has_value());
  CHECK(resolve({.flags = {{"insecure", "on"}}, .environment = {}, .file = {}})->at("insecure").value == "on");
}

}  // namespace
}  // namespace noetl::config
