#include "worker/tools/builtin/secrets_tool.hpp"

#include <array>
#include <cstdlib>

#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 7> secrets_options{{
    {"provider", "text",
     "env: an environment variable of the worker; credential: a stored credential. Default: credential"},
    {"name", "text", "of the variable or the credential; also `secret_name`"},
    {"secret_name", "text", "the same as `name`"},
    {"key", "text", "the field of the credential; without it: all of them; also `field`"},
    {"field", "text", "the same as `key`"},
    {"reveal", "true or false",
     "whether the value comes into the result, which the credential must allow; default false"},
    {"required", "true or false", "whether a secret that is not there is an error; default false"},
}};

struct Found {
  bool is_there = false;
  Json value;
  std::string why;  // it is not there
};

base::Result<Found> from_credential(const ToolCall& call, const std::string& name, const std::string& key,
                                    bool is_revealed) {
  if (call.credentials == nullptr)
    return base::failure(base::ErrorCode::unavailable, "this worker has nobody to ask for credentials");
  const auto credential = call.credentials->find(name);
  if (!credential) {
    if (credential.error().code == base::ErrorCode::not_found)
      return Found{.value = {}, .why = "there is no credential of that name"};
    return tl::unexpected(credential.error());
  }
  if (is_revealed) {
    if (auto allowed = secrets::check_reveal(credential->policies, "tool secrets with `reveal`"); !allowed)
      return tl::unexpected(allowed.error());
  }
  if (key.empty()) return Found{.is_there = true, .value = credential->data, .why = {}};
  const auto field = credential->data.find(key);
  if (field == credential->data.end()) return Found{.value = {}, .why = "the credential has no field '" + key + "'"};
  return Found{.is_there = true, .value = *field, .why = {}};
}

}  // namespace

std::span<const OptionSpec> SecretsTool::options() const { return secrets_options; }

ToolResult SecretsTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return look_up(call); });
}

ToolResult SecretsTool::look_up(const ToolCall& call) const {
  const auto provider = text_option(call, {"provider"}, "credential");
  const auto name = text_option(call, {"secret_name", "name"});
  const auto key = text_option(call, {"key", "field"});
  const auto is_revealed = bool_option(call, "reveal", false);
  const auto is_required = bool_option(call, "required", false);
  for (const auto* text : {&provider, &name, &key}) {
    if (!*text) return failed(text->error());
  }
  for (const auto* flag : {&is_revealed, &is_required}) {
    if (!*flag) return failed(flag->error());
  }
  if (name->empty()) return refused("tool secrets needs the option 'name'");
  base::Result<Found> found = Found{};
  if (*provider == "env") {
    const char* const value = std::getenv(name->c_str());
    if (!allowed_.matches(*name)) {
      found->why = "the worker's setting tool-secrets does not allow this variable";
    } else if (value == nullptr) {
      found->why = "the worker has no such variable";
    } else {
      found = Found{.is_there = true, .value = value, .why = {}};
    }
  } else if (*provider == "credential" || *provider == "noetl") {
    found = from_credential(call, *name, *key, *is_revealed);
  } else {
    return failed(error_of("unsupported", "option 'provider' of tool secrets is '" + *provider +
                                              "'; this worker knows env and credential"));
  }
  if (!found) return failed(found.error());
  if (!found->is_there && *is_required) {
    return failed(error_of("not_found", "secret '" + *name + "' of provider " + *provider + ": " + found->why));
  }
  Json result{{"status", "success"}, {"provider", *provider}, {"name", *name}, {"found", found->is_there}};
  if (!found->is_there) result["reason"] = found->why;
  if (found->is_there && *is_revealed) result["value"] = found->value;
  return completed(to_text(result));
}

}  // namespace noetl::tools
