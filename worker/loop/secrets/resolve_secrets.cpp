#include "worker/loop/secrets/resolve_secrets.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "shared/domain/deferred_template.hpp"
#include "shared/templating/member_names.hpp"
#include "shared/templating/template.hpp"

namespace noetl::loop {
namespace {

using base::ErrorCode;

using domain::template_member;
using domain::template_names_member;

bool is_deferred(const Json& value) {
  if (!value.is_object() || !value.contains(template_member)) return false;
  return value.size() == 1 || (value.size() == 2 && value.contains(template_names_member));
}

// Says which fields are there: an empty password that was sent would be harder to find.
base::Result<void> check_fields(const std::string& name, const std::set<std::string>& fields, const Json& entry,
                                const std::string& source) {
  const bool has_fallback = source.find("default") != std::string::npos ||
                            source.find("defined") != std::string::npos || source.find(".get") != std::string::npos;
  for (const auto& field : fields) {
    if (entry.contains(field) || has_fallback) continue;
    // keychain.x.items() and the like
    if (field == "items" || field == "keys" || field == "values" || field == "get") continue;
    std::string known;
    for (const auto& [there, value] : entry.items()) known += (known.empty() ? "" : ", ") + there;
    return base::failure(ErrorCode::invalid_input,
                         "keychain entry '" + name + "' has no field '" + field + "'; it has " + known,
                         "keychain." + name);
  }
  return {};
}

// Where a value goes to a peer and not to code: an http request as a whole, and of tools that speak to one peer what says who we
// are for it. SQL is code; so is what a shell or an interpreter is given.
bool is_sent_alone(std::string_view tool_kind, const std::vector<std::string>& path) {
  if (tool_kind == "http") return true;
  const bool has_peer = tool_kind == "postgres" || tool_kind == "nats" || tool_kind == "s3" || tool_kind == "gcs" ||
                        tool_kind == "transfer";
  if (!has_peer) return false;
  constexpr std::string_view places[] = {"auth",        "credential",        "headers",        "db_user",
                                         "db_password", "connection_string", "db_conn_string", "dsn"};
  return std::any_of(path.begin(), path.end(), [&](const std::string& part) {
    return std::find(std::begin(places), std::end(places), part) != std::end(places);
  });
}

class Resolving {
 public:
  Resolving(std::string_view tool_kind, CommandSecrets& secrets, Resolved& resolved)
      : tool_kind_(tool_kind), secrets_(secrets), resolved_(resolved) {}

  base::Result<void> resolve(Json& value) {
    if (is_deferred(value)) {
      auto made = rendered(value);
      if (!made) return base::failure(std::move(made.error()));
      value = std::move(*made);
      return {};
    }
    if (value.is_object()) {
      for (const auto& [name, inner] : value.items()) {
        path_.push_back(name);
        if (auto done = resolve(inner); !done) return done;
        path_.pop_back();
      }
    } else if (value.is_array()) {
      for (auto& inner : value) {
        if (auto done = resolve(inner); !done) return done;
      }
    }
    return {};
  }

  // The value at the JSON pointer in the command's context: `tool` or `input` first, then where in that.
  base::Result<void> resolve_at(Json& context, const Json& pointer) {
    Json* value = pointer.is_string() ? find(context, pointer.get_ref<const std::string&>()) : nullptr;
    if (value == nullptr || !is_deferred(*value)) {
      return base::failure(ErrorCode::invalid_input,
                           "the command lists a template at " + pointer.dump() + ", where none is");
    }
    auto done = resolve(*value);
    path_.clear();
    return done;
  }

 private:
  // Keeps the names on the way, without the first, as the path.
  Json* find(Json& context, std::string_view pointer) {
    path_.clear();
    Json* value = &context;
    while (!pointer.empty()) {
      if (pointer.front() != '/') return nullptr;
      pointer.remove_prefix(1);
      const auto end = std::min(pointer.find('/'), pointer.size());
      std::string token(pointer.substr(0, end));
      pointer.remove_prefix(end);
      for (std::size_t at = 0; (at = token.find('~', at)) != std::string::npos; ++at)
        token.replace(at, 2, token.compare(at, 2, "~1") == 0 ? "/" : "~");
      if (value->is_object() && value->contains(token)) {
        if (value != &context) path_.push_back(token);
        value = &(*value)[token];
      } else if (value->is_array() && !token.empty() && token.size() < 10 &&
                 std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
                 std::stoul(token) < value->size()) {
        value = &(*value)[std::stoul(token)];
      } else {
        return nullptr;
      }
    }
    return value;
  }

  base::Result<Json> rendered(const Json& deferred) {
    const Json& source = deferred.at(template_member);
    if (!source.is_string()) return base::failure(ErrorCode::invalid_input, "$template must be a text");
    const auto& text = source.get_ref<const std::string&>();
    templating::MemberNames read;
    templating::collect_members(source, "keychain", read);
    if (read.is_open)
      return base::failure(
          ErrorCode::invalid_input,
          "a template names the keychain as a whole, or by an index that is no text: write keychain.<name>");
    Json entries = Json::object();
    for (const auto& [name, fields] : read.members) {
      auto entry = secrets_.keychain_entry(name);
      if (!entry) return base::failure(std::move(entry.error()));
      if (const auto checked = check_fields(name, fields, entry->data, text); !checked)
        return base::failure(checked.error());
      if (auto allowed = use(name, entry->policies, text); !allowed) return base::failure(std::move(allowed.error()));
      entries[name] = std::move(entry->data);
    }
    templating::Scope scope;
    if (const auto names = deferred.find(template_names_member); names != deferred.end() && names->is_object())
      scope.add_layer(*names);
    scope.add("keychain", entries);
    return templating::render_value(source, scope);
  }

  base::Result<void> use(const std::string& name, const secrets::CredentialPolicies& policies,
                         const std::string& text) {
    if (!path_.empty()) {
      // `spec` is where some write the options.
      const auto& option = path_.front() == "spec" && path_.size() > 1 ? path_[1] : path_.front();
      resolved_.options.emplace(option, text);
    }
    if (!is_sent_alone(tool_kind_, path_)) {
      auto allowed = secrets::check_reveal(policies, "tool " + std::string(tool_kind_));
      if (!allowed) {
        allowed.error().message = "keychain entry '" + name + "' is used in '" +
                                  (path_.empty() ? "input" : path_.back()) + "': " + allowed.error().message;
        return allowed;
      }
    }
    for (const auto& policy : policies) {
      auto& known = resolved_.policies;
      if (std::find(known.begin(), known.end(), policy) == known.end()) known.push_back(policy);
    }
    return {};
  }

  std::string_view tool_kind_;
  CommandSecrets& secrets_;
  Resolved& resolved_;
  std::vector<std::string> path_;
};

}  // namespace

base::Result<void> resolve_command(Json& context, std::string_view tool_kind, CommandSecrets& secrets,
                                   Resolved& resolved) {
  Resolving resolving(tool_kind, secrets, resolved);
  if (const auto listed = context.find("templates"); listed != context.end()) {
    const Json pointers = std::move(*listed);
    context.erase("templates");
    if (pointers.is_array()) {
      for (const Json& pointer : pointers) {
        if (auto done = resolving.resolve_at(context, pointer); !done) return done;
      }
      return {};
    }
  }
  for (const char* part : {"tool", "input"}) {
    const auto found = context.find(part);
    if (found == context.end()) continue;
    if (auto done = resolving.resolve(*found); !done) return done;
  }
  return {};
}

base::Result<void> resolve_secrets(Json& value, std::string_view tool_kind, CommandSecrets& secrets,
                                   Resolved& resolved) {
  return Resolving(tool_kind, secrets, resolved).resolve(value);
}

}  // namespace noetl::loop
