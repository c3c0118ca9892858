// Every text of a step that becomes a part of NATS' lines, of Postgres' first message or of a container's arguments.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "tests/support/line_peer.hpp"
#include "tests/unit/injection/wire.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/containers/container_launch.hpp"
#include "worker/tools/containers/container_tool.hpp"
#include "worker/tools/nats/nats_tool.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"

using namespace noetl;
using namespace noetl::injection;
using namespace noetl::tools;
using support::LinePeer;

namespace {

struct NatsField {
  std::string name;
  std::function<void(Json& options, const std::string& text)> set;
};

const std::vector<NatsField>& nats_fields() {
  static const std::vector<NatsField> fields{
      {"publish: subject", [](Json& options, const auto& text) { options["subject"] = text; }},
      {"request: subject",
       [](Json& options, const auto& text) {
         options.update({{"operation", "request"}, {"subject", text}});
       }},
      {"js_publish: subject",
       [](Json& options, const auto& text) {
         options.update({{"operation", "js_publish"}, {"subject", text}});
       }},
      {"js_publish: message_id",
       [](Json& options, const auto& text) {
         options.update({{"operation", "js_publish"}, {"message_id", text}});
       }},
      {"kv_put: bucket",
       [](Json& options, const auto& text) {
         options.update({{"operation", "kv_put"}, {"bucket", text}, {"key", "k"}});
       }},
      {"kv_get: bucket",
       [](Json& options, const auto& text) {
         options.update({{"operation", "kv_get"}, {"bucket", text}, {"key", "k"}});
       }},
      {"data", [](Json& options, const auto& text) { options["data"] = text; }},
      {"auth: user", [](Json& options, const auto& text) { options["auth"]["nats_user"] = text; }},
      {"auth: password",
       [](Json& options, const auto& text) {
         options["auth"].update({{"nats_user", "u"}, {"nats_password", text}});
       }},
      {"auth: token", [](Json& options, const auto& text) { options["auth"]["nats_token"] = text; }}};
  return fields;
}

// Greets as the server of Postgres does: no TLS, and then a refusal.
LinePeer postgres_peer() {
  return {"", [](std::string_view piece) {
            if (piece.size() == 8) return std::string("N");
            using namespace std::string_literals;
            const std::string fields = "SFATAL\0C28000\0Mno\0\0"s;
            return "E"s + std::string(3, '\0') + static_cast<char>(fields.size() + 4) + fields;
          }};
}

}  // namespace

TEST_CASE("no text of a step reaches NATS as a command of its own, or as another subject") {
  for (const NatsField& field : nats_fields()) {
    for (const std::string& text : hostile_texts()) {
      CAPTURE(field.name);
      CAPTURE(text);
      LinePeer peer = LinePeer::nats();
      NatsTool tool({.limits = open_limits(), .default_url = {}, .server_url = {}, .tls_ca_file = {}});
      Json options{{"kind", "nats"},
                   {"operation", "publish"},
                   {"subject", "plain"},
                   {"data", "d"},
                   {"auth", {{"type", "nats"}, {"nats_url", "nats://127.0.0.1:" + std::to_string(peer.port())}}}};
      field.set(options, text);
      const ToolResult result = tool.run(call_of(options, Json::object(), 150ms));
      const auto sent = sent_to_nats(peer.heard());
      REQUIRE_MESSAGE(sent.has_value(), peer.heard());
      const std::string subject = options.value("subject", "");
      for (const auto& one : sent->subjects)
        CHECK_MESSAGE((one == subject || one.starts_with("$JS.API.")), peer.heard());
      if (error_kind(result) == "invalid_input") CHECK_MESSAGE(sent->subjects.empty(), peer.heard());
      if (sent->connect.empty()) continue;
      if (text.find('\xF6') != std::string::npos) continue;  // a step's texts come in JSON, and so in UTF-8
      const Json said = Json::parse(sent->connect, nullptr, false);
      REQUIRE_MESSAGE(said.is_object(), sent->connect);
      CHECK_FALSE(said.contains("injected"));
      const Json& auth = options["auth"];
      if (auth.contains("nats_user")) CHECK(said["user"] == auth["nats_user"]);
      if (auth.contains("nats_token")) CHECK(said["auth_token"] == auth["nats_token"]);
    }
  }
}

TEST_CASE("no text of a login reaches Postgres as another field, or leads to another place") {
  for (const char* name : {"db_user", "db_name", "db_password", "application_name", "channel_binding", "sslmode",
                           "target_session_attrs"}) {
    for (const std::string& text : hostile_texts()) {
      CAPTURE(name);
      CAPTURE(text);
      LinePeer peer = postgres_peer();
      Json auth{{"type", "postgres"}, {"db_host", "127.0.0.1"}, {"db_port", peer.port()},
                {"db_user", "user"},  {"db_name", "database"},  {"db_password", "p"}};
      auth[name] = text;
      PostgresTool tool({.limits = open_limits(), .default_url = {}, .pool = {.per_target_max = 1, .idle_max = 1s}},
                        ScriptSource({}, nullptr));
      const ToolResult result =
          tool.run(call_of({{"kind", "postgres"}, {"query", "select 1"}, {"auth", auth}}, Json::object(), 3s));
      CHECK(result.error.has_value());
      const std::string heard = peer.heard();
      if (heard.empty()) continue;
      const auto fields = startup_fields(heard);
      REQUIRE(fields.has_value());
      for (const auto& [field, value] : *fields) {
        CHECK((field == "user" || field == "database" || field == "application_name" || field == "client_encoding"));
      }
      CHECK(fields->at("user") == auth["db_user"]);
      CHECK(fields->at("database") == auth["db_name"]);
      if (auth.contains("application_name")) CHECK(fields->at("application_name") == auth["application_name"]);
    }
  }
}

TEST_CASE("no text of a step becomes another argument or variable of a container") {
  const std::vector<std::pair<const char*, std::function<void(Json&, const std::string&)>>> fields{
      {"image", [](Json& options, const auto& text) { options["image"] = text; }},
      {"entrypoint", [](Json& options, const auto& text) { options["entrypoint"] = text; }},
      {"workdir", [](Json& options, const auto& text) { options["workdir"] = text; }},
      {"user", [](Json& options, const auto& text) { options["user"] = text; }},
      {"memory", [](Json& options, const auto& text) { options["memory"] = text; }},
      {"cpus", [](Json& options, const auto& text) { options["cpus"] = text; }},
      {"pull", [](Json& options, const auto& text) { options["pull"] = text; }},
      {"network", [](Json& options, const auto& text) { options["network"] = text; }},
      {"mounts", [](Json& options, const auto& text) { options["mounts"] = {text + ":/data"}; }},
      {"mounts: target", [](Json& options, const auto& text) { options["mounts"] = {"/tmp:/" + text}; }},
      {"command", [](Json& options, const auto& text) { options["command"] = {text}; }},
      {"args", [](Json& options, const auto& text) { options["args"] = {text}; }},
      {"env: name",
       [](Json& options, const auto& text) {
         options["env"] = {{text, "v"}};
       }},
      {"env: value", [](Json& options, const auto& text) {
         options["env"] = {{"V", text}};
       }}};
  ContainerSettings settings;
  settings.limits = open_limits();
  settings.rules.mounts = {"/tmp"};
  const auto count_lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  for (const auto& [name, set] : fields) {
    const bool is_allowed_plain = std::string_view(name).find("mounts") != 0 && std::string_view(name) != "network";
    Json plain{{"kind", "container"}, {"image", "image"}};
    set(plain, is_allowed_plain                      ? "plain"
               : std::string_view(name) == "network" ? "none"
               : std::string_view(name) == "mounts"  ? "/tmp"
                                                     : "t");
    const auto meant = container_launch_of(call_of(plain), "docker", settings);
    REQUIRE_MESSAGE(meant, name << ": " << meant.error().message);
    for (const std::string& text : hostile_texts()) {
      CAPTURE(name);
      CAPTURE(text);
      Json options{{"kind", "container"}, {"image", "image"}};
      set(options, text);
      const auto launch = container_launch_of(call_of(options), "docker", settings);
      if (!launch) {
        CHECK(launch.error().code == base::ErrorCode::invalid_input);
        continue;
      }
      CHECK(launch->argv.size() == meant->argv.size());
      CHECK(count_lines(launch->variables) == count_lines(meant->variables));
      const auto image = std::find(launch->argv.begin(), launch->argv.end(), options["image"].get<std::string>());
      REQUIRE(image != launch->argv.end());
      // Whatever stands before the image is a flag of ours with its value in one argument.
      for (auto flag = launch->argv.begin() + 2; flag != image; ++flag) CHECK(flag->starts_with("--"));
      for (const auto& argument : launch->argv) CHECK(argument.find('\0') == std::string::npos);
    }
  }
}
