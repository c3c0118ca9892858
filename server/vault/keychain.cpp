#include "server/vault/keychain.hpp"

#include <algorithm>

#include "server/catalog/playbook_cache.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/catalog_table.hpp"
#include "server/vault/audit.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;

constexpr int callers_max = 64;
constexpr double margin_seconds_max = 60;
constexpr double margin_part = 0.2;  // of a token's life: renewed when so little is left

wire::KeychainRow row_of(const store::StoredKeychainEntry& stored) {
  wire::KeychainRow row;
  row.catalog_id = stored.key.catalog_id;
  row.name = stored.key.name;
  row.kind = stored.kind;
  row.execution_id = stored.key.execution_id;
  row.expires_at = stored.expires_at;
  if (!stored.expires_at.empty()) row.seconds_left = stored.seconds_left;
  return row;
}

// Sealed text: {"data":{…}, "ttl":3600, "renew":{…}, "policies":[…]}. Without policies it is of an older server, and fetched anew where
// that is possible.
bool is_fresh(const store::StoredKeychainEntry& stored, const Json& sealed) {
  if (stored.expires_at.empty()) return true;
  if (!sealed.contains("policies")) return false;
  const double ttl = sealed.value("ttl", 0.0);
  return stored.seconds_left > std::min(margin_seconds_max, ttl * margin_part);
}

// The hosts of the entry itself say where its token may go, not where it comes from.
base::Result<void> check_endpoint(const KeychainEntry& entry, secrets::CredentialPolicies policies,
                                  const std::string& url) {
  if (!entry.hosts.empty()) policies.pop_back();
  if (policies.empty()) return {};
  auto allowed =
      secrets::check_destination(policies, secrets::destination_of_url(url).value_or(secrets::Destination{}));
  if (!allowed) allowed.error().message = "keychain entry '" + entry.name + "': " + allowed.error().message;
  return allowed;
}

}  // namespace

struct Keychain::Asking {
  const KeychainQuestion& question;
  const Json& keychain;  // of the playbook
  const Json& workload;
  base::ExecutionId root;
};

base::Result<wire::KeychainRow> Keychain::get(KeychainQuestion question) {
  const auto given = question;
  if (!given.reader.execution_id.is_set()) {
    auto row = get_of(question, std::nullopt);
    if (row) audit_read(context_, "keychain.read", given.catalog_id.str() + "/" + given.name, given.reader);
    return row;
  }
  std::optional<base::Error> first;
  for (int depth = 0; depth < callers_max && question.reader.execution_id.is_set(); ++depth) {
    std::optional<Execution> execution;
    context_.connections.run_one([&](postgres::Session& session) {
      execution = store::KeychainTable(session).execution_of(question.reader.execution_id);
    });
    if (!execution || (depth == 0 && given.catalog_id.is_set() && given.catalog_id != execution->catalog_id)) break;
    question.catalog_id = execution->catalog_id;
    auto row = get_of(question, execution);
    if (row) {
      audit_read(context_, "keychain.read", question.catalog_id.str() + "/" + given.name, given.reader);
      return row;
    }
    const bool is_missing = row.error().code == ErrorCode::not_found && row.error().field == missing_entry_field;
    if (!first) first = row.error();
    if (!is_missing) return row;
    question.reader.execution_id = execution->parent;
  }
  if (first) return base::failure(std::move(*first));
  return base::failure(ErrorCode::not_found,
                       "no execution" +
                           (given.catalog_id.is_set() ? " of catalog entry " + given.catalog_id.str() : std::string{}) +
                           " has execution_id " + given.reader.execution_id.str(),
                       "execution_id");
}

base::Result<wire::KeychainRow> Keychain::get_of(const KeychainQuestion& question,
                                                 const std::optional<Execution>& execution) {
  const auto playbook = context_.playbooks.get(question.catalog_id);
  if (!playbook) return base::failure(playbook.error());
  if (const auto checked = check_no_circle((*playbook)->keychain, question.name); !checked)
    return base::failure(checked.error());
  base::ExecutionId root;
  if (execution) {
    context_.connections.run_one([&](postgres::Session& session) {
      root = store::KeychainTable(session).root_of(question.reader.execution_id);
    });
  }
  const Json workload = execution ? Json::parse(execution->workload) : (*playbook)->workload;
  return resolve({question, (*playbook)->keychain, workload, root}, question.name);
}

std::optional<Keychain::Stored> Keychain::find_stored(const store::KeychainKey& key, base::ExecutionId root) {
  std::optional<Stored> stored;
  context_.connections.run_one(
      [&](postgres::Session& session) { stored = store::KeychainTable(session).find(key, root); });
  return stored;
}

base::Result<Json> Keychain::open(const Stored& stored) {
  const auto context = keychain_context(stored.key.catalog_id, stored.key.name, stored.key.execution_id);
  auto text = keys_.open(stored.sealed, context);
  if (!text) {
    text.error().message = "keychain entry '" + stored.key.name + "' cannot be read: " + text.error().message;
    return base::failure(std::move(text.error()));
  }
  return Json::parse(*text);
}

base::Result<wire::KeychainRow> Keychain::resolve(const Asking& asking, const std::string& name) {
  const auto& question = asking.question;
  const auto stored = find_stored({question.catalog_id, name, question.reader.execution_id}, asking.root);
  if (stored) return resolve_stored(asking, *stored);
  const auto entry = find_entry(asking.keychain, name);
  if (!entry) return base::failure(entry.error());
  return resolve_entry(asking, *entry);
}

base::Result<wire::KeychainRow> Keychain::resolve_stored(const Asking& asking, const Stored& stored) {
  auto sealed = open(stored);
  if (!sealed) return base::failure(std::move(sealed.error()));
  auto row = row_of(stored);
  row.secret = domain::json_text((*sealed)["data"]);
  row.policies = secrets::policies_from(sealed->value("policies", Json()), stored.key.name);
  if (is_fresh(stored, *sealed)) return row;
  const auto renew = sealed->find("renew");
  auto entry = renew != sealed->end() ? renewal_entry(stored.key.name, stored.kind, *renew)
                                      : find_entry(asking.keychain, stored.key.name);
  const bool is_renewed = entry && entry->form == EntryForm::token && entry->is_renewed;
  if (is_renewed) {
    auto fetched = fetch(asking, *entry, stored.key.execution_id);
    if (fetched || stored.seconds_left <= 0) return fetched;
    telemetry::log_warn("vault", "token not renewed, the old one is still good",
                        {{"name", stored.key.name}, {"error", fetched.error().message}});
    return row;
  }
  if (stored.seconds_left > 0) return row;
  return base::failure(ErrorCode::not_found,
                       "keychain entry '" + stored.key.name + "' expired at " + stored.expires_at +
                           " and nothing says how to renew it: put a new one",
                       "name");
}

base::Result<wire::KeychainRow> Keychain::resolve_entry(const Asking& asking, const KeychainEntry& entry) {
  const auto execution_id = asking.question.reader.execution_id;
  if (entry.form == EntryForm::token) {
    if (entry.scope != EntryScope::global && !execution_id.is_set())
      return base::failure(ErrorCode::invalid_input,
                           "keychain entry '" + entry.name + "' belongs to an execution: give its execution_id",
                           "execution_id");
    const auto owner = entry.scope == EntryScope::global  ? base::ExecutionId{}
                       : entry.scope == EntryScope::local ? execution_id
                                                          : asking.root;
    return fetch(asking, entry, owner);
  }
  auto made_of = ingredients_of(asking, entry);
  if (!made_of) return base::failure(std::move(made_of.error()));
  const EntryNames names{asking.workload, made_of->entries, execution_id.is_set() ? execution_id.str() : std::string{},
                         asking.question.catalog_id.str()};
  Json& credential = made_of->credential;
  if (entry.form == EntryForm::credential && credential.is_null())  // written in place: auth: {…}
    credential = entry.spec.contains("auth") ? entry.spec["auth"] : entry.spec["credential"];
  const auto value = value_of(entry, names, entry.form == EntryForm::credential ? &credential : nullptr);
  if (!value) return base::failure(value.error());
  wire::KeychainRow row;
  row.catalog_id = asking.question.catalog_id;
  row.name = entry.name;
  row.kind = entry.kind;
  row.secret = domain::json_text(*value);
  row.policies = std::move(made_of->policies);
  return row;
}

// A value may be used for what everything may that it was made of: `map` and `data` can copy any of it. What the entry itself
// says of hosts narrows that.
base::Result<Keychain::Ingredients> Keychain::ingredients_of(const Asking& asking, const KeychainEntry& entry) {
  Ingredients made_of;
  for (const auto& name : entry.needs) {
    const auto row = resolve(asking, name);
    if (!row) return base::failure(row.error());
    made_of.entries[name] = Json::parse(row->secret);
    made_of.policies.insert(made_of.policies.end(), row->policies.begin(), row->policies.end());
  }
  const auto execution_id = asking.question.reader.execution_id;
  const EntryNames names{asking.workload, made_of.entries, execution_id.is_set() ? execution_id.str() : std::string{},
                         asking.question.catalog_id.str()};
  const auto name =
      entry.form == EntryForm::fixed ? base::Result<std::string>(std::string{}) : credential_name_of(entry, names);
  if (!name) return base::failure(name.error());
  if (!name->empty()) {
    const auto stored = credentials_.read(*name, asking.question.reader);
    if (!stored) return base::failure(stored.error());
    made_of.credential = Json::parse(stored->secret);
    made_of.policies.push_back(policy_of(*stored));
  }
  if (!entry.hosts.empty()) made_of.policies.push_back({.name = entry.name, .may_reveal = true, .hosts = entry.hosts});
  return made_of;
}

base::Result<wire::KeychainRow> Keychain::fetch(const Asking& asking, const KeychainEntry& entry,
                                                base::ExecutionId owner) {
  // A flight may wait for the flight of an entry that it needs; get() has made sure that there is no circle.
  const auto& id = asking.question.catalog_id;
  const std::string key = id.str() + ":" + owner.str() + ":" + entry.name;
  const base::Result<wire::KeychainRow> otherwise = base::failure(
      ErrorCode::unavailable, "keychain entry '" + entry.name +
                                  "' could not be fetched: the call that was made for it broke off, or takes too long");
  return flights_.run(key, otherwise, [&]() -> base::Result<wire::KeychainRow> {
    // Another flight may have landed between our look and this one.
    const auto stored = find_stored({id, entry.name, owner}, owner);
    if (stored && stored->key.execution_id == owner) {
      auto sealed = open(*stored);
      if (sealed && is_fresh(*stored, *sealed)) {
        auto row = row_of(*stored);
        row.secret = domain::json_text((*sealed)["data"]);
        row.policies = secrets::policies_from((*sealed)["policies"], stored->key.name);
        return row;
      }
    }
    return fetch_once(asking, entry, owner);
  });
}

base::Result<wire::KeychainRow> Keychain::fetch_once(const Asking& asking, const KeychainEntry& entry,
                                                     base::ExecutionId owner) {
  if (keys_.is_empty()) return base::failure(keys_.seal("", "").error());  // before a token is asked for in vain
  auto made_of = ingredients_of(asking, entry);
  if (!made_of) return base::failure(std::move(made_of.error()));
  const auto execution_id = asking.question.reader.execution_id;
  const EntryNames names{asking.workload, made_of->entries, execution_id.is_set() ? execution_id.str() : std::string{},
                         asking.question.catalog_id.str()};
  const Json* credential = made_of->credential.is_null() ? nullptr : &made_of->credential;
  const auto request = token_request_of(entry, names, credential);
  if (!request) return base::failure(request.error());
  if (const auto allowed = check_endpoint(entry, made_of->policies, request->url); !allowed)
    return base::failure(allowed.error());
  auto answer = request_token(*request, egress_);
  if (!answer) {
    answer.error().message = "keychain entry '" + entry.name + "': " + answer.error().message;
    return base::failure(std::move(answer.error()));
  }
  const auto token = token_of(entry, names, std::move(*answer));
  if (!token) return base::failure(token.error());
  wire::KeychainRow row;
  row.catalog_id = asking.question.catalog_id;
  row.name = entry.name;
  row.kind = entry.kind;
  row.execution_id = owner;
  row.secret = domain::json_text(token->value);
  row.seconds_left = token->ttl_seconds;
  row.is_renewed = true;
  row.policies = std::move(made_of->policies);
  if (const auto kept = keep(row, token->ttl_seconds, entry.is_put ? domain::json_text(entry.spec) : std::string{});
      !kept)
    return base::failure(kept.error());
  if (const auto stored = find_stored({row.catalog_id, row.name, owner}, owner)) row.expires_at = stored->expires_at;
  telemetry::log_info("vault", "token fetched",
                      {{"name", entry.name},
                       {"catalog_id", row.catalog_id.str()},
                       {"ttl_seconds", std::to_string(static_cast<long>(token->ttl_seconds))}});
  return row;
}

base::Result<void> Keychain::keep(const wire::KeychainRow& row, double ttl_seconds, const std::string& renew) {
  Json text{{"data", Json::parse(row.secret)}, {"policies", secrets::to_json(row.policies)}};
  if (ttl_seconds > 0) text["ttl"] = ttl_seconds;
  if (!renew.empty()) text["renew"] = Json::parse(renew);
  Stored stored;
  stored.key = {row.catalog_id, row.name, row.execution_id};
  stored.kind = row.kind;
  auto sealed = keys_.seal(domain::json_text(text), keychain_context(row.catalog_id, row.name, row.execution_id));
  if (!sealed) return base::failure(std::move(sealed.error()));
  stored.sealed = std::move(*sealed);
  context_.connections.transact([&](postgres::Session& session) {
    store::KeychainTable(session).upsert(stored, ttl_seconds > 0 ? std::optional(ttl_seconds) : std::nullopt);
  });
  return {};
}

base::Result<wire::KeychainRow> Keychain::put(const wire::KeychainRequest& request) {
  // The catalog entry must be there: the table refers to it.
  const auto playbook = context_.playbooks.get(request.catalog_id);
  if (!playbook) return base::failure(playbook.error());
  if (!request.renew.empty()) {
    auto entry = renewal_entry(request.name, request.kind, Json::parse(request.renew));
    if (!entry) {
      if (entry.error().field.empty()) entry.error().field = "/renew_config";
      return base::failure(std::move(entry.error()));
    }
  }
  wire::KeychainRow row;
  row.catalog_id = request.catalog_id;
  row.name = request.name;
  row.kind = request.kind;
  row.secret = request.secret;
  if (request.scope == "local") row.execution_id = request.execution_id;
  if (request.scope == "shared") {
    context_.connections.run_one([&](postgres::Session& session) {
      row.execution_id = store::KeychainTable(session).root_of(request.execution_id);
    });
  }
  if (const auto kept = keep(row, request.ttl_seconds.value_or(0), request.renew); !kept)
    return base::failure(kept.error());
  audit_change("keychain.put", row.catalog_id.str() + "/" + row.name);
  const auto stored = find_stored({row.catalog_id, row.name, row.execution_id}, row.execution_id);
  if (!stored) return row;
  return row_of(*stored);
}

base::Result<int> Keychain::remove(base::CatalogId catalog_id, const std::string& name,
                                   std::optional<base::ExecutionId> execution_id) {
  int count = 0;
  context_.connections.run_one([&](postgres::Session& session) {
    count = store::KeychainTable(session).remove(catalog_id, name, execution_id);
  });
  if (count == 0)
    return base::failure(ErrorCode::not_found,
                         "nothing is stored as keychain entry '" + name + "' of catalog entry " + catalog_id.str(),
                         "name");
  audit_change("keychain.delete", catalog_id.str() + "/" + name);
  return count;
}

std::vector<wire::KeychainRow> Keychain::list(base::CatalogId catalog_id) {
  std::vector<wire::KeychainRow> rows;
  context_.connections.run_one([&](postgres::Session& session) {
    for (const auto& stored : store::KeychainTable(session).list(catalog_id)) rows.push_back(row_of(stored));
  });
  return rows;
}

}  // namespace noetl::vault
