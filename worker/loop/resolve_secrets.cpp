#include "worker/loop/resolve_secrets.hpp"

#include <nlohmann/json.hpp>

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
base::Result<void> check_fields(const std::string& name, const std::set<std::string>& fields,
                                const Json& entry, const std::string& source) {
  const bool has_fallback = source.find("default") != std::string::npos ||
                            source.find("defined") != std::string::npos ||
                            source.find(".get") != std::string::npos;
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

base::Result<Json> rendered(const Json& deferred, CommandSecrets& secrets) {
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
    auto entry = secrets.keychain_entry(name);
    if (!entry) return base::failure(std::move(entry.error()));
    if (const auto checked = check_fields(name, fields, *entry, text); !checked)
      return base::failure(checked.error());
    entries[name] = std::move(*entry);
  }
  templating::Scope scope;
  if (const auto names = deferred.find(template_names_member); names != deferred.end() && names->is_object())
    scope.add_layer(*names);
  scope.add("keychain", entries);
  return templating::render_value(source, scope);
}

base::Result<void> resolve_listed(Json& context, const Json& pointers, CommandSecrets& secrets) {
  for (const Json& written : pointers) {
    Json* value = nullptr;
    if (written.is_string()) {
      try {
        value = &context.at(Json::json_pointer(written.get_ref<const std::string&>()));
      } catch (const Json::exception&) {
        value = nullptr;  // no pointer, or to nothing
      }
    }
    if (value == nullptr || !is_deferred(*value)) {
      return base::failure(ErrorCode::invalid_input,
                           "the command lists a template at " + written.dump() + ", where none is");
    }
    auto made = rendered(*value, secrets);
    if (!made) return base::failure(std::move(made.error()));
    *value = std::move(*made);
  }
  return {};
}

}  // namespace

base::Result<void> resolve_command(Json& context, CommandSecrets& secrets) {
  if (const auto listed = context.find("templates"); listed != context.end()) {
    const Json pointers = std::move(*listed);
    context.erase("templates");
    if (pointers.is_array()) return resolve_listed(context, pointers, secrets);
  }
  for (const char* part : {"tool", "input"}) {
    const auto found = context.find(part);
    if (found == context.end()) continue;
    if (auto done = resolve_secrets(*found, secrets); !done) return done;
  }
  return {};
}

base::Result<void> resolve_secrets(Json& value, CommandSecrets& secrets) {
  if (is_deferred(value)) {
    auto made = rendered(value, secrets);
    if (!made) return base::failure(std::move(made.error()));
    value = std::move(*made);
    return {};
  }
  if (!value.is_structured()) return {};
  for (auto& inner : value) {
    if (auto done = resolve_secrets(inner, secrets); !done) return done;
  }
  return {};
}

}  // namespace noetl::loop
