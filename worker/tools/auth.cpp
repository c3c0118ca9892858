#include "worker/tools/auth.hpp"

#include <algorithm>

#include "worker/tools/options.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

base::Result<Credential> find_credential(const ToolCall& call, const std::string& name) {
  if (call.credentials == nullptr) {
    return base::failure(base::ErrorCode::unavailable,
                         "credential '" + name + "' is wanted, but this worker has nobody to ask for credentials");
  }
  auto found = call.credentials->find(name);
  if (found || found.error().code != base::ErrorCode::not_found) return found;
  return base::failure(base::ErrorCode::not_found,
                       "there is no credential '" + name + "'; add it with: noetlctl credential put");
}

// The name that a map refers to, or nothing when the map holds the fields themselves.
std::optional<std::string> name_in(const Json& map) {
  for (const char* key : {"credential", "key", "name"}) {
    const auto found = map.find(key);
    // {type, key} is how the older playbooks refer; {type: api_key, key, value} is a header.
    const bool is_reference = found != map.end() && found->is_string() && !map.contains("value") &&
                              !map.contains("header") && !map.contains("password") && !map.contains("token") &&
                              (std::string_view(key) == "credential" || map.size() <= 3);
    if (!is_reference) continue;
    if (map.contains("type") && map.at("type").is_string() && std::string_view(key) != "credential") {
      const auto& type = map.at("type").get_ref<const std::string&>();
      if (type == "api_key" || type == "header" || type == "query") return std::nullopt;
    }
    return found->get<std::string>();
  }
  return std::nullopt;
}

// What a playbook may say of a stored credential: how it is presented. Where it goes, and how well the way is protected, is not
// the playbook's to say.
bool may_stand_beside(std::string_view field) {
  constexpr std::string_view allowed[] = {"header", "header_name", "param",  "in",       "location",         "username",
                                          "user",   "db_name",     "dbname", "database", "application_name", "region"};
  return std::find(std::begin(allowed), std::end(allowed), field) != std::end(allowed);
}

base::Result<std::optional<Credential>> from_map(const ToolCall& call, const Json& map) {
  if (const auto name = name_in(map)) {
    auto found = find_credential(call, *name);
    if (!found) return tl::unexpected(found.error());
    for (const auto& [key, value] : map.items()) {
      if (key == "credential" || key == "key" || key == "name" || key == "type" || key == "source") continue;
      if (!may_stand_beside(key))
        return base::failure(base::ErrorCode::invalid_input,
                             "option 'auth' says '" + key + "' beside credential '" + *name +
                                 "': where it goes and what it is, only the credential says",
                             "auth");
      found->data[key] = value;
    }
    if (map.contains("type") && map.at("type").is_string() && found->type.empty()) found->type = map.at("type");
    return std::optional(*std::move(found));
  }
  // {"alias": {…}}: the only member is the map that is meant.
  if (map.size() == 1 && map.begin()->is_object()) return from_map(call, *map.begin());
  Credential own;
  own.type = auth_field(map, {"type", "kind"});
  own.data = map.contains("data") && map.at("data").is_object() ? map.at("data") : map;
  return std::optional(std::move(own));
}

}  // namespace

base::Result<std::optional<Credential>> auth_of(const ToolCall& call) {
  const Json* auth = find_option(call, {"auth", "credential"});
  if (auth == nullptr || *auth == "" || *auth == "none") return std::nullopt;
  if (auth->is_object())
    return auth->empty() ? base::Result<std::optional<Credential>>(std::nullopt) : from_map(call, *auth);
  if (!auth->is_string()) {
    return base::failure(
        base::ErrorCode::invalid_input,
        std::string("option 'auth' must be the name of a credential or a map, not ") + auth->type_name(), "auth");
  }
  auto found = find_credential(call, auth->get<std::string>());
  if (!found) return tl::unexpected(found.error());
  return std::optional(*std::move(found));
}

base::Result<std::optional<Credential>> revealed_auth_of(const ToolCall& call, std::string_view who) {
  auto found = auth_of(call);
  if (!found || !*found) return found;
  if (auto allowed = secrets::check_reveal((*found)->policies, who); !allowed) return tl::unexpected(allowed.error());
  return found;
}

base::Result<void> check_destination(const ToolCall& call, const Credential* auth,
                                     const secrets::Destination& destination) {
  if (auth != nullptr) {
    if (auto allowed = secrets::check_destination(auth->policies, destination); !allowed) return allowed;
  }
  return secrets::check_destination(call.policies, destination);
}

base::Result<void> check_nothing_beside(const ToolCall& call, const Credential& auth,
                                        std::initializer_list<std::string_view> options) {
  if (auth.policies.empty()) return {};  // it stands in the playbook as well
  for (const std::string_view option : options) {
    if (find_option(call, {option}) == nullptr) continue;
    return base::failure(
        base::ErrorCode::invalid_input,
        "option '" + std::string(option) + "' stands beside credential '" + auth.name +
            "': where that is sent, only the credential says; leave the option out, or make a credential for "
            "the other place",
        std::string(option));
  }
  return {};
}

std::string auth_field(const Json& data, std::initializer_list<std::string_view> names) {
  if (!data.is_object()) return {};
  for (const std::string_view name : names) {
    const auto found = data.find(name);
    if (found != data.end() && !found->is_null()) return scalar_text(*found).value_or("");
  }
  return {};
}

}  // namespace noetl::tools
