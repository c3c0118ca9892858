#include <cstdlib>
#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

struct CredentialArguments {
  std::string name, type, secret, file, meta, description;
  std::vector<std::string> from_environment, tags, hosts;
  bool shows_data = false;
  bool is_revealed = false;
};

// The secret comes from a file, from stdin or from the environment: arguments are in everybody's process list.
base::Result<Json> secret_from(const CredentialArguments& arguments) {
  Json secret = Json::object();
  if (!arguments.secret.empty()) {
    if (arguments.secret != "-" && !arguments.secret.starts_with('@'))
      return base::failure(base::ErrorCode::invalid_input,
                           "--data: give @file or - (stdin): what is on the command line can be read by "
                           "every user of this machine");
    auto read = read_payload(arguments.secret == "-" ? "@-" : arguments.secret);
    if (!read) {
      // A parser's message may quote what it read.
      read.error().message = "--data: " + arguments.secret + " is not readable as a JSON object";
      return read;
    }
    secret = std::move(*read);
  }
  for (const auto& one : arguments.from_environment) {
    const auto equals = one.find('=');
    const std::string field = one.substr(0, equals);
    const std::string variable = equals == std::string::npos ? field : one.substr(equals + 1);
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr)
      return base::failure(base::ErrorCode::invalid_input,
                           "--from-env " + one + ": the environment has no variable '" + variable + "'");
    secret[field] = value;
  }
  return secret;
}

base::Result<Json> requests_from(const CredentialArguments& arguments) {
  if (!arguments.file.empty()) {
    auto text = read_text_file(arguments.file);
    if (!text) return base::failure(text.error());
    Json body = Json::parse(*text, nullptr, false);
    if (!body.is_object() && !body.is_array())
      return base::failure(base::ErrorCode::invalid_input,
                           arguments.file + " is no JSON object {name, type, data} nor an array of such");
    return body.is_array() ? body : Json::array({body});
  }
  if (arguments.name.empty())
    return base::failure(base::ErrorCode::invalid_input, "name the credential, or give --file", "name");
  auto secret = secret_from(arguments);
  if (!secret) return secret;
  Json body{{"name", arguments.name}, {"data", std::move(*secret)}};
  if (!arguments.type.empty()) body["type"] = arguments.type;
  if (!arguments.tags.empty()) body["tags"] = arguments.tags;
  if (!arguments.description.empty()) body["description"] = arguments.description;
  if (arguments.is_revealed) body["reveal"] = true;
  if (!arguments.hosts.empty()) body["hosts"] = arguments.hosts;
  if (!arguments.meta.empty()) {
    auto meta = read_payload(arguments.meta, "--meta");
    if (!meta) return meta;
    body["meta"] = std::move(*meta);
  }
  return Json::array({std::move(body)});
}

int put(Session& session, const CredentialArguments& arguments) {
  auto requests = requests_from(arguments);
  if (!requests) return session.output.error(requests.error());
  for (auto& request : *requests) {
    const auto answer = session.server().post("/api/credentials", std::move(request));
    if (!answer) return session.output.error(answer.error());
    session.output.fields(*answer);
  }
  return 0;
}

void add_put(CLI::App& credential, CommandLine& line) {
  auto* command = credential.add_subcommand("put", "Store a credential, in place of what had its name");
  auto arguments = std::make_shared<CredentialArguments>();
  command->add_option("name", arguments->name);
  command->add_option("--type", arguments->type, "postgres, bearer, basic, oauth2, …");
  command->add_option("--data", arguments->secret, "The secret: a JSON object in @file, or - for stdin")
      ->type_name("@FILE");
  command
      ->add_option("--from-env", arguments->from_environment,
                   "FIELD=VARIABLE: a field of the secret from the environment")
      ->type_name("FIELD=VARIABLE");
  command->add_option("-f,--file", arguments->file, "JSON file with the whole credential, or an array of them")
      ->type_name("FILE");
  command->add_option("--meta", arguments->meta, "JSON object or @file; not secret")->type_name("JSON");
  command->add_option("--tag", arguments->tags, "Tag; may be repeated");
  command
      ->add_option("--host", arguments->hosts,
                   "Host that it may be sent to: api.example.com, *.example.com or *, with or without :port; may be "
                   "repeated. Left out: as it was; of a new one the host in its own fields")
      ->type_name("HOST");
  command->add_flag("--reveal", arguments->is_revealed,
                    "Let code of steps see its bytes. Left out: as it was; of a new one no");
  command->add_option("--description", arguments->description);
  on_chosen(*command, line, [arguments](Session& session) { return put(session, *arguments); });
}

void add_credential_get(CLI::App& credential, CommandLine& line) {
  auto* command = credential.add_subcommand("get", "One credential by name or id, without its secret");
  auto arguments = std::make_shared<CredentialArguments>();
  command->add_option("name", arguments->name)->required();
  command->add_flag("--include-data", arguments->shows_data,
                    "With its secret; needs the worker-token as NOETL_TOKEN where the server has one");
  on_chosen(*command, line, [arguments](Session& session) {
    const std::string path = "/api/credentials/" + base::percent_encoded(arguments->name) +
                             (arguments->shows_data ? "?include_data=true" : "");
    return show_or_fail(session, session.server().get(path),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

void add_credential_list(CLI::App& credential, CommandLine& line) {
  auto* command = credential.add_subcommand("list", "Credentials by name");
  auto arguments = std::make_shared<CredentialArguments>();
  command->add_option("--type", arguments->type, "Of this type only");
  on_chosen(*command, line, [arguments](Session& session) {
    const std::string path =
        "/api/credentials?limit=1000" +
        (arguments->type.empty() ? std::string{} : "&type=" + base::percent_encoded(arguments->type));
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      session.output.rows(answer.value("items", Json::array()), {{"NAME", "name"},
                                                                 {"TYPE", "type"},
                                                                 {"REVEAL", "reveal"},
                                                                 {"HOSTS", "hosts"},
                                                                 {"TAGS", "tags"},
                                                                 {"UPDATED", "updated_at"},
                                                                 {"DESCRIPTION", "description"}});
    });
  });
}

// Adds to what a credential may be used for, or takes away from it.
int change_policy(Session& session, const CredentialArguments& arguments, bool is_allowed) {
  if (!arguments.is_revealed && arguments.hosts.empty())
    return session.output.error(
        {base::ErrorCode::invalid_input, "say what: --reveal, --host HOST or both", "host", {}, {}});
  const std::string name = base::percent_encoded(arguments.name);
  const auto found = session.server().get("/api/credentials/" + name);
  if (!found) return session.output.error(found.error());
  auto hosts = found->value("hosts", std::vector<std::string>{});
  for (const auto& host : arguments.hosts) {
    std::erase(hosts, host);
    if (is_allowed) hosts.push_back(host);
  }
  Json policy{{"hosts", hosts}};
  if (arguments.is_revealed) policy["reveal"] = is_allowed;
  return show_or_fail(session, session.server().post("/api/v2/credentials/" + name + "/policy", std::move(policy)),
                      [&](const Json& answer) { session.output.fields(answer); });
}

void add_policy(CLI::App& credential, CommandLine& line, bool is_allowed) {
  auto* command =
      is_allowed ? credential.add_subcommand("allow", "Let a credential be sent to a host, or be seen by code of steps")
                 : credential.add_subcommand("deny", "Take back what allow allowed");
  auto arguments = std::make_shared<CredentialArguments>();
  command->add_option("name", arguments->name)->required();
  command->add_option("--host", arguments->hosts, "api.example.com, *.example.com or *, with or without :port")
      ->type_name("HOST");
  command->add_flag("--reveal", arguments->is_revealed, "Whether code of steps sees its bytes");
  on_chosen(*command, line,
            [arguments, is_allowed](Session& session) { return change_policy(session, *arguments, is_allowed); });
}

void add_credential_delete(CLI::App& credential, CommandLine& line) {
  auto* command = credential.add_subcommand("delete", "Forget a credential");
  auto arguments = std::make_shared<CredentialArguments>();
  command->add_option("name", arguments->name)->required();
  on_chosen(*command, line, [arguments](Session& session) {
    return show_or_fail(session,
                        session.server().call({"DELETE", "/api/credentials/" + base::percent_encoded(arguments->name)}),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_credential_command(CLI::App& app, CommandLine& line) {
  auto* credential = app.add_subcommand(
      "credential", "Credentials that tools use by name: put, get, list, allow, deny, delete, rotate");
  credential->require_subcommand(1);
  add_put(*credential, line);
  add_credential_get(*credential, line);
  add_credential_list(*credential, line);
  add_policy(*credential, line, true);
  add_policy(*credential, line, false);
  add_credential_delete(*credential, line);
  auto* rotate = credential->add_subcommand("rotate", "Seal every secret with the server's first encryption key");
  on_chosen(*rotate, line, [](Session& session) {
    return show_or_fail(
        session, session.server().post("/api/v2/credentials/rotate", Json::object()), [&](const Json& answer) {
          session.output.fields(answer);
          if (!answer.value("unreadable", Json::array()).empty())
            session.output.note("what is unreadable was sealed with a key that the server no longer has");
        });
  });
}

}  // namespace noetl::cli
