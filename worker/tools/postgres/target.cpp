#include "worker/tools/postgres/target.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools::postgres {

namespace {

struct Field {
  const char* keyword;  // libpq's
  std::vector<std::string_view> names;
};

const std::vector<Field>& fields() {
  static const std::vector<Field> all{
      {"host", {"db_host", "host", "hostname"}},
      {"port", {"db_port", "port"}},
      {"user", {"db_user", "user", "username"}},
      {"password", {"db_password", "password"}},
      {"dbname", {"db_name", "dbname", "database", "db", "db_database"}},
      {"sslmode", {"sslmode", "ssl_mode", "db_sslmode"}},
      {"sslrootcert", {"sslrootcert"}},
      {"sslcert", {"sslcert"}},
      {"sslkey", {"sslkey"}},
      {"channel_binding", {"channel_binding"}},
      {"application_name", {"application_name"}},
      {"target_session_attrs", {"target_session_attrs"}},
  };
  return all;
}

void add_fields(Target& target, const Json& from, bool only_prefixed) {
  for (const Field& field : fields()) {
    for (const std::string_view name : field.names) {
      if (only_prefixed && !name.starts_with("db_") && !name.starts_with("ssl")) continue;
      std::string text = auth_field(from, {name});
      if (text.empty()) continue;
      target.keywords[field.keyword] = std::move(text);
      break;
    }
  }
}

std::string part_of(const Target& target, const std::string& keyword) {
  if (const auto found = target.keywords.find(keyword); found != target.keywords.end()) return found->second;
  if (target.url.empty()) return {};
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(target.url.c_str(), &complaint), &PQconninfoFree);
  PQfreemem(complaint);
  for (const PQconninfoOption* option = parsed.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return {};
}

base::Result<void> check_url(const Target& target) {
  for (const auto& [name, value] : target.keywords) {
    if (value.find('\0') != std::string::npos)
      return base::failure(base::ErrorCode::invalid_input, "'" + name + "' of tool postgres has a NUL character", name);
  }
  if (target.url.find('\0') != std::string::npos)
    return base::failure(base::ErrorCode::invalid_input, "the connection string of tool postgres has a NUL character",
                         "connection_string");
  if (target.url.empty()) return {};
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(target.url.c_str(), &complaint), &PQconninfoFree);
  PQfreemem(complaint);  // it may quote a part of the text, and so the password
  if (parsed != nullptr) return {};
  return base::failure(
      base::ErrorCode::invalid_input,
      "the connection string of tool postgres cannot be read; expected postgresql://user@host:port/name "
      "or libpq's keywords",
      "connection_string");
}

std::vector<std::string> listed(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// libpq may try several hosts, and connects to `hostaddr` whatever `host` says.
base::Result<void> check_hosts(const ToolCall& call, const Credential* auth, const Target& target) {
  if (auth == nullptr && call.policies.empty()) return {};
  const auto ports = listed(part_of(target, "port"));
  for (const char* keyword : {"host", "hostaddr"}) {
    const std::string text = part_of(target, keyword);
    if (text.empty() && std::string_view(keyword) == "hostaddr") continue;
    const auto hosts = listed(text);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const std::string& port = ports.size() == hosts.size() ? ports[i] : ports.front();
      auto allowed = check_destination(
          call, auth,
          {.host = hosts[i].empty() ? "localhost" : hosts[i], .port = port.empty() ? 5432 : std::atoi(port.c_str())});
      if (!allowed) return allowed;
    }
  }
  return {};
}

}  // namespace

std::string Target::key() const {
  std::string text = (is_workers_default ? "default " : "named ") + url;
  text += std::string("\0", 1) + (is_guarded ? "guarded " : "") + require_auth;
  for (const auto& [name, value] : keywords) (text += '\0').append(name).append("=").append(value);
  return text;
}

std::string Target::shown() const {
  const auto or_else = [](std::string text, const char* other) { return text.empty() ? std::string(other) : text; };
  return "database '" + or_else(part_of(*this, "dbname"), "(default)") + "' at " +
         or_else(part_of(*this, "host"), "localhost") + ":" + or_else(part_of(*this, "port"), "5432") + " as '" +
         or_else(part_of(*this, "user"), "(default)") + "'";
}

base::Result<Target> target_of(const ToolCall& call, const std::string& default_url) {
  Target target;
  auto credential = auth_of(call);
  if (!credential) return tl::unexpected(credential.error());
  if (*credential) {
    const std::string& type = (*credential)->type;
    if (!type.empty() && type.find("postgres") == std::string::npos && type != "pg" && type != "database") {
      return base::failure(base::ErrorCode::invalid_input,
                           "credential '" + (*credential)->name + "' is of type '" + type +
                               "', tool postgres needs one of type postgres",
                           "auth");
    }
    target.url = auth_field((*credential)->data, {"connection_string", "dsn", "url", "uri"});
    add_fields(target, (*credential)->data, false);
    target.require_auth = auth_field((*credential)->data, {"require_auth"});
  }
  target.is_guarded = !call.policies.empty() || (*credential && !(*credential)->policies.empty());
  auto own_url = text_option(call, {"connection_string", "db_conn_string", "dsn"});
  if (!own_url) return tl::unexpected(own_url.error());
  if (*credential) {
    auto alone =
        check_nothing_beside(call, **credential,
                             {"db_host", "db_port", "db_user", "db_password", "connection_string", "db_conn_string",
                              "dsn", "sslmode", "ssl_mode", "db_sslmode", "sslrootcert", "sslcert", "sslkey"});
    if (!alone) return tl::unexpected(alone.error());
  }
  if (!own_url->empty()) target.url = *own_url;
  add_fields(target, call.tool, true);
  if (target.url.empty() && target.keywords.empty()) {
    target.url = default_url;
    target.is_workers_default = true;
  }
  if (target.url.empty() && target.keywords.empty()) {
    return base::failure(
        base::ErrorCode::invalid_input,
        "tool postgres was told no database: give the option 'auth' with the name of a credential of type "
        "postgres, or 'connection_string', or start the worker with --tool-postgres-url",
        "auth");
  }
  if (auto checked = check_url(target); !checked) return tl::unexpected(checked.error());
  if (auto allowed = check_hosts(call, *credential ? &**credential : nullptr, target); !allowed)
    return tl::unexpected(allowed.error());
  return target;
}

}  // namespace noetl::tools::postgres
