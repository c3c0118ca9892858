#include "server/vault/keychain_entry.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "shared/domain/json_text.hpp"
#include "shared/durations/duration.hpp"
#include "shared/secrets/credential_policy.hpp"
#include "shared/templating/member_names.hpp"
#include "shared/templating/template.hpp"
#include "shared/wire/messages/credential.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;

constexpr double ttl_seconds_default = 3600, ttl_seconds_max = 366.0 * 86'400;

tl::unexpected<base::Error> wrong(const KeychainEntry& entry, const std::string& what) {
  return base::failure(ErrorCode::invalid_input,
                       "keychain entry '" + entry.name + "' (kind " + entry.kind + "): " + what);
}

const Json* option(const Json& spec, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = spec.find(name);
    if (found != spec.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

std::string text_option(const Json& spec, std::initializer_list<const char*> names) {
  const Json* found = option(spec, names);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

bool bool_option(const Json& spec, const char* name, bool fallback) {
  const Json* found = option(spec, {name});
  if (found == nullptr) return fallback;
  if (found->is_boolean()) return found->get<bool>();
  return found->is_string() ? templating::is_truthy(*found) : fallback;
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string{} : domain::json_text(value);
}

bool is_word_of(const std::string& kind, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), kind) != words.end();
}

constexpr auto endpoint_names = {"endpoint", "token_url", "token_uri", "url"};

base::Result<EntryForm> form_of(const KeychainEntry& entry) {
  if (is_word_of(entry.kind, {"secret_manager", "gcp_secret", "aws_secret", "azure_secret", "vault"}) ||
      is_word_of(text_option(entry.spec, {"provider"}), {"gcp", "aws", "azure", "vault"})) {
    return base::failure(ErrorCode::unsupported,
                         "keychain entry '" + entry.name + "' wants a secret of another keeper (kind " + entry.kind +
                             ", provider '" + text_option(entry.spec, {"provider"}) +
                             "'), which this server cannot ask: store it with `noetlctl credential put` and "
                             "use kind credential");
  }
  const bool is_oauth = is_word_of(entry.kind, {"oauth2", "oauth2_client_credentials", "client_credentials", "oauth"});
  if (option(entry.spec, endpoint_names) != nullptr) return EntryForm::token;
  const bool has_data = option(entry.spec, {"data", "token_data", "value"}) != nullptr;
  const bool has_credential = option(entry.spec, {"credential", "auth", "credential_ref"}) != nullptr;
  if (is_oauth && has_credential) return EntryForm::token;  // the endpoint is the credential's
  if (has_credential) return EntryForm::credential;
  if (has_data || option(entry.spec, {"map"}) != nullptr) return EntryForm::fixed;
  return wrong(entry, "has neither `data`, nor a `credential` (or `auth`), nor an `endpoint` to fetch a token from");
}

base::Result<EntryScope> scope_of(const KeychainEntry& entry) {
  const std::string scope = text_option(entry.spec, {"scope"});
  if (scope == "global" || scope == "catalog") return EntryScope::global;
  if (scope == "shared") return EntryScope::shared;
  if (scope == "local" || scope.empty()) return EntryScope::local;
  return wrong(entry, "scope must be global, shared or local, found '" + scope + "'");
}

base::Result<KeychainEntry> entry_from(const Json& written, const std::string& name) {
  KeychainEntry entry;
  entry.name = name;
  entry.spec = written;
  // Some write the options under `spec`.
  if (const Json* inner = option(written, {"spec"}); inner != nullptr && inner->is_object()) entry.spec.update(*inner);
  entry.kind = text_option(entry.spec, {"kind", "type"});
  if (entry.kind.empty()) entry.kind = "static";
  auto form = form_of(entry);
  if (!form) return base::failure(std::move(form.error()));
  auto scope = scope_of(entry);
  if (!scope) return base::failure(std::move(scope.error()));
  entry.form = *form;
  entry.scope = *scope;
  entry.is_renewed = bool_option(entry.spec, "auto_renew", true);
  if (const Json* hosts = option(entry.spec, {"hosts"})) {
    for (const Json& host : hosts->is_array() ? *hosts : Json::array({*hosts})) {
      if (!host.is_string() || !secrets::is_host_pattern(host.get_ref<const std::string&>()))
        return wrong(entry,
                     "`hosts` must be a list of hosts: api.example.com, *.example.com, each with or without :port");
      entry.hosts.push_back(host);
    }
  }
  templating::MemberNames read;
  templating::collect_members(entry.spec, "keychain", read);
  if (read.is_open)
    return wrong(entry, "its templates must name the entries they read: keychain.name, not keychain[…]");
  for (const auto& [other, members] : read.members) entry.needs.push_back(other);
  return entry;
}

// Renders options of an entry; what is left unrendered or comes to nothing is an error, not an empty secret.
class Rendering {
 public:
  Rendering(const KeychainEntry& entry, const EntryNames& names, const Json* credential)
      : entry_(entry), execution_id_(names.execution_id), catalog_id_(names.catalog_id) {
    if (names.workload.is_object()) scope_.add_layer(names.workload);
    scope_.add("workload", names.workload);
    scope_.add("keychain", names.entries);
    scope_.add("execution_id", execution_id_);
    scope_.add("catalog_id", catalog_id_);
    if (credential != nullptr) {
      scope_.add("credential", *credential);
      scope_.add("auth", *credential);
    }
  }
  void add(const char* name, const Json& value) { scope_.add(name, value); }
  void add_layer(const Json& object) { scope_.add_layer(object); }

  [[nodiscard]] base::Result<Json> render(const Json& value, const std::string& path) const {
    if (value.is_object() || value.is_array()) {
      Json made = value;
      for (const auto& [key, inner] : value.items()) {
        auto rendered = render(inner, path + "." + key);
        if (!rendered) return rendered;
        if (made.is_object())
          made[key] = std::move(*rendered);
        else
          made[std::stoul(key)] = std::move(*rendered);
      }
      return made;
    }
    if (!value.is_string() || value.get_ref<const std::string&>().find('{') == std::string::npos) return value;
    const auto parsed = templating::parse_cached(value.get_ref<const std::string&>());
    if (!parsed) return wrong(entry_, "'" + path + "' is no template: " + parsed.error().message);
    if ((*parsed)->is_plain()) return value;
    bool is_undefined = false;
    auto rendered = (*parsed)->evaluate(scope_, &is_undefined);
    if (!rendered || is_undefined) return wrong(entry_, "'" + path + "' names something that is not there");
    return rendered;
  }

 private:
  const KeychainEntry& entry_;
  const Json execution_id_, catalog_id_;
  templating::Scope scope_;
};

// A field of an object by its dotted path.
const Json* field_at(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('.'));
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(part));
    if (found == at->end()) return nullptr;
    at = &*found;
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return at;
}

// `map`: {name: field of `from`, or a template}. Absent: `from` itself.
base::Result<Json> mapped(const KeychainEntry& entry, const Rendering& rendering, const Json& from) {
  const Json* map = option(entry.spec, {"map"});
  if (map == nullptr) return from;
  if (!map->is_object()) return wrong(entry, "`map` must be an object {name: field}");
  Json made = Json::object();
  for (const auto& [name, source] : map->items()) {
    auto rendered = rendering.render(source, "map." + name);
    if (!rendered) return rendered;
    const bool was_template = *rendered != source;
    const Json* found =
        !was_template && source.is_string() ? field_at(from, source.get_ref<const std::string&>()) : nullptr;
    if (!was_template && source.is_string() && found == nullptr)
      return wrong(entry, "map." + name + " names the field '" + source.get<std::string>() + "', which is not there");
    made[name] = found != nullptr ? *found : *rendered;
  }
  return made;
}

Fields fields_of(const Json& object) {
  Fields fields;
  if (!object.is_object()) return fields;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_null()) fields.emplace_back(name, scalar_text(value));
  }
  return fields;
}

constexpr auto client_names = {"grant_type", "client_id", "client_secret", "refresh_token",
                               "audience",   "resource",  "username",      "password"};

// RFC 6749, 4.4 and 6: what a credential alone is enough for, or the same fields in the entry itself.
Json grant_of(const Json& credential, const Json& spec) {
  const bool has_refresh_token = option(credential, {"refresh_token"}) != nullptr;
  Json form{{"grant_type", has_refresh_token ? "refresh_token" : "client_credentials"}};
  for (const char* name : client_names) {
    if (const Json* value = option(credential, {name})) form[name] = *value;
  }
  if (const Json* scopes = option(spec, {"scopes", "oauth_scope"}))
    form["scope"] = *scopes;
  else if (const Json* scope = option(credential, {"scope", "scopes"}))
    form["scope"] = *scope;
  if (form.contains("scope") && form["scope"].is_array()) {
    std::string joined;
    for (const auto& one : form["scope"]) joined += (joined.empty() ? "" : " ") + scalar_text(one);
    form["scope"] = joined;
  }
  return form;
}

bool is_json_type(const Fields& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    std::string name = header.first;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name == "content-type" && header.second.find("json") != std::string::npos;
  });
}

// The body: `json`, or the form `data`, or what the credential alone says.
void fill_body(TokenRequest& request, const Json& spec, const Json* credential) {
  Json form = Json::object();
  if (const Json* json = option(spec, {"json"})) {
    request.json = *json;
    return;
  }
  if (const Json* given = option(spec, {"data", "form", "body", "payload"}); given != nullptr) {
    form = *given;
  } else if (request.method == "POST") {
    Json client = credential != nullptr ? *credential : Json::object();
    for (const char* name : client_names) {
      if (const Json* own = option(spec, {name})) client[name] = *own;
    }
    if (credential != nullptr || option(client, {"client_id", "refresh_token", "grant_type"}) != nullptr)
      form = grant_of(client, spec);
  }
  if (text_option(spec, {"auth_style"}) == "basic" && form.contains("client_id")) {
    request.user = scalar_text(form["client_id"]);
    request.password = form.contains("client_secret") ? scalar_text(form["client_secret"]) : std::string{};
    form.erase("client_id");
    form.erase("client_secret");
  }
  if (is_json_type(request.headers))
    request.json = form;
  else
    request.form = fields_of(form);
}

std::optional<double> number_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  if (!value->is_string()) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

base::Result<KeychainEntry> find_entry(const Json& keychain, const std::string& name) {
  std::string known;
  // A list of named entries, or a map from name to entry.
  if (keychain.is_object()) {
    for (const auto& [found, written] : keychain.items()) {
      if (found == name && written.is_object()) return entry_from(written, name);
      known += (known.empty() ? "'" : ", '") + found + "'";
    }
  } else if (keychain.is_array()) {
    for (const auto& written : keychain) {
      const std::string found = written.is_object() ? written.value("name", std::string{}) : std::string{};
      if (found == name) return entry_from(written, name);
      known += (known.empty() ? "'" : ", '") + found + "'";
    }
  }
  return base::failure(ErrorCode::not_found,
                       "the playbook's keychain has no entry '" + name + "' and no token was put under that name" +
                           (known.empty() ? std::string{} : "; it has " + known),
                       missing_entry_field);
}

base::Result<KeychainEntry> renewal_entry(const std::string& name, const std::string& kind, Json spec) {
  spec["kind"] = kind;
  auto entry = entry_from(spec, name);
  if (!entry) return entry;
  entry->is_put = true;
  if (entry->form != EntryForm::token) return wrong(*entry, "renew_config has no `endpoint` to fetch a token from");
  if (!entry->needs.empty()) return wrong(*entry, "renew_config may name a credential, but no other keychain entry");
  return entry;
}

base::Result<std::string> credential_name_of(const KeychainEntry& entry, const EntryNames& names) {
  const Json* given = option(entry.spec, {"credential", "auth", "credential_ref"});
  if (given == nullptr || given->is_object()) return std::string{};
  const Rendering rendering(entry, names, nullptr);
  auto rendered = rendering.render(*given, "credential");
  if (!rendered) return base::failure(std::move(rendered.error()));
  if (!rendered->is_string() || !wire::is_secret_name(rendered->get_ref<const std::string&>()))
    return wrong(entry, "`credential` (or `auth`) must come to the name of a credential");
  return rendered->get<std::string>();
}

base::Result<Json> value_of(const KeychainEntry& entry, const EntryNames& names, const Json* credential) {
  Rendering rendering(entry, names, credential);
  if (credential != nullptr) return mapped(entry, rendering, *credential);
  const Json* given = option(entry.spec, {"data", "token_data", "value"});
  auto rendered = given == nullptr ? base::Result<Json>(Json::object()) : rendering.render(*given, "data");
  if (!rendered) return rendered;
  if (!rendered->is_object()) *rendered = Json{{"value", *rendered}, {"token", *rendered}};
  return mapped(entry, rendering, *rendered);
}

base::Result<TokenRequest> token_request_of(const KeychainEntry& entry, const EntryNames& names,
                                            const Json* credential) {
  const Rendering rendering(entry, names, credential);
  Json spec = Json::object();
  for (const char* name : {"endpoint",      "token_url",     "token_uri",   "url",        "method",     "headers",
                           "params",        "json",          "data",        "form",       "body",       "payload",
                           "auth_style",    "scopes",        "oauth_scope", "verify_ssl", "grant_type", "client_id",
                           "client_secret", "refresh_token", "audience",    "resource",   "username",   "password"}) {
    const auto found = entry.spec.find(name);
    if (found == entry.spec.end()) continue;
    auto rendered = rendering.render(*found, name);
    if (!rendered) return base::failure(std::move(rendered.error()));
    spec[name] = std::move(*rendered);
  }
  TokenRequest request;
  request.url = text_option(spec, endpoint_names);
  const std::string written = text_option(entry.spec, endpoint_names);
  for (const char* secret_name : {"keychain", "credential", "auth"}) {
    const bool names_it = written.find('{') != std::string::npos && written.find(secret_name) != std::string::npos;
    if (names_it) request.shown_url = written;
  }
  if (request.url.empty() && credential != nullptr) request.url = text_option(*credential, endpoint_names);
  if (request.url.empty())
    return wrong(entry, "neither it nor its credential has an `endpoint` (or `token_url`) to fetch a token from");
  if (const auto method = text_option(spec, {"method"}); !method.empty()) request.method = method;
  if (!is_word_of(request.method, {"GET", "POST", "PUT"})) return wrong(entry, "method must be GET, POST or PUT");
  if (const Json* headers = option(spec, {"headers"})) request.headers = fields_of(*headers);
  if (const Json* params = option(spec, {"params"})) request.params = fields_of(*params);
  request.is_tls_verified = bool_option(spec, "verify_ssl", true);
  fill_body(request, spec, credential);
  return request;
}

base::Result<FetchedToken> token_of(const KeychainEntry& entry, const EntryNames& names, Json answer) {
  FetchedToken fetched;
  const Json* token = option(answer, {"access_token", "token", "id_token", "jwt"});
  if (token != nullptr) {
    for (const char* name : {"token", "access_token"}) answer.emplace(name, Json(*token));
  } else if (option(entry.spec, {"map"}) == nullptr) {
    return wrong(entry,
                 "the token endpoint's answer has neither `access_token` nor `token`; say with `map` where "
                 "the token is");
  }
  auto ttl = number_of(option(answer, {"expires_in"}));
  if (const Json* written = option(entry.spec, {"ttl_seconds", "ttl"})) {
    const auto asked = durations::duration_of(*written, durations::lifetime_bounds);
    if (!asked) return wrong(entry, "`ttl`: " + asked.error().message);
    ttl = std::min(ttl.value_or(ttl_seconds_max), std::chrono::duration<double>(*asked).count());
  }
  fetched.ttl_seconds = std::max(1.0, ttl.value_or(ttl_seconds_default));
  Rendering rendering(entry, names, nullptr);
  rendering.add_layer(answer);
  rendering.add("response", answer);
  auto value = mapped(entry, rendering, answer);
  if (!value) return base::failure(std::move(value.error()));
  fetched.value = std::move(*value);
  return fetched;
}

}  // namespace noetl::vault
