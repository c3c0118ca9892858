#include "worker/loop/credential_client.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"
#include "shared/wire/credential_json.hpp"
#include "shared/wire/parse_body.hpp"
#include "shared/wire/stored_result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::loop {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// How long a changed credential may still be used in its old form.
constexpr milliseconds keep_time{30'000};
constexpr std::size_t kept_max = 1000;
constexpr int tries_max = 5;
constexpr milliseconds first_pause{100};
// Shorter ones are words that happen to be in other texts, too.
constexpr std::size_t masked_bytes_min = 8;
// The beginning of a secret before a cut tells nothing when it is shorter than this.
constexpr std::size_t masked_part_bytes_min = 4;
constexpr std::size_t result_bytes_max = 512UL * 1024 * 1024;

bool may_be_repeated(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::saturated || code == ErrorCode::timeout;
}

// A server that is being restarted is back in a moment.
void pause(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

std::string asking(const SecretAsker& asker, const char* separator) {
  std::string query = separator + ("worker_id=" + asker.worker_id);
  if (asker.execution_id.is_set()) query += "&execution_id=" + asker.execution_id.str();
  return query;
}

void collect_secrets(const Json& value, bool is_secret, std::vector<std::string>& into) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (is_secret && text.size() >= masked_bytes_min) into.push_back(text);
  } else if (value.is_structured()) {
    for (const auto& [name, inner] : value.items())
      collect_secrets(inner, is_secret || (value.is_object() && is_secret_field(name)), into);
  }
}

void replace_all(std::string& text, const std::string& what) {
  constexpr std::string_view mask = "***";
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + mask.size()))
    text.replace(at, what.size(), mask);
}

// Before every mark of a cut: the longest beginning of a secret that the text ends with there.
void mask_before_cuts(std::string& text, std::string_view mark, const std::vector<std::string>& secrets) {
  constexpr std::string_view mask = "***";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + mark.size())) {
    std::size_t longest = 0;
    for (const auto& secret : secrets) {
      for (auto part = std::min(secret.size() - 1, at); part >= masked_part_bytes_min && part > longest;
           --part)
        if (text.compare(at - part, part, secret, 0, part) == 0) longest = part;
    }
    if (longest == 0) continue;
    text.replace(at - longest, longest, mask);
    at = at - longest + mask.size();
  }
}

// The secrets, and then the lines of those that have several.
std::vector<std::string> with_lines(const std::vector<std::string>& secrets) {
  std::vector<std::string> parts = secrets;
  for (const auto& secret : secrets) {
    if (secret.find('\n') == std::string::npos) continue;
    for (std::size_t at = 0; at < secret.size();) {
      const std::size_t end = std::min(secret.find('\n', at), secret.size());
      if (end - at >= masked_bytes_min) parts.push_back(secret.substr(at, end - at));
      at = end + 1;
    }
  }
  return parts;
}

// As it stands between the quotes of JSON text.
std::string as_json(const std::string& text) {
  const auto quoted = domain::json_text(Json(text));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

bool is_secret_field(const std::string& name) {
  static constexpr std::array<std::string_view, 9> public_names{"token_type", "token_url",  "token_uri",
                                                                "key_id",     "auth_style", "auth_type",
                                                                "key_name",   "keyspace",   "key_file_name"};
  static constexpr std::array<std::string_view, 9> secret_words{
      "pass", "secret", "token", "key", "jwt", "auth", "credential", "cookie", "signature"};
  if (name == "value" || name == "dsn" || name == "connection_string") return true;
  if (std::find(public_names.begin(), public_names.end(), name) != public_names.end()) return false;
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(secret_words.begin(), secret_words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

base::Result<std::string> CredentialClient::patiently(
    const SecretAsker& asker, const std::function<base::Result<std::string>()>& call) {
  for (int tried = 1;; ++tried) {
    if (asker.stop.stop_requested())
      return base::failure(ErrorCode::cancelled, "the command was stopped while the server was asked");
    auto body = call();
    if (body || tried == tries_max || !may_be_repeated(body.error().code)) return body;
    const auto time = first_pause * (1 << (tried - 1));
    if (std::chrono::steady_clock::now() + time >= asker.deadline) return body;
    pause(time, asker.stop);
  }
}

base::Result<tools::Credential> CredentialClient::read(const Place& place, const std::string& name,
                                                       const SecretAsker& asker) {
  const auto found = kept_.with([&](const auto& kept) -> std::optional<tools::Credential> {
    const auto one = kept.find(place.key);
    if (one == kept.end() || one->second.until <= clock_.now()) return std::nullopt;
    return one->second.credential;
  });
  if (found) return *found;
  const auto body = patiently(asker, [&] { return fetch_(place.path); });
  if (!body) return base::failure(body.error());
  const Json json = Json::parse(*body, nullptr, false);
  const auto answer = place.is_keychain ? wire::decode_keychain_row(json) : wire::decode_credential_row(json);
  if (!answer)
    return base::failure(ErrorCode::internal,
                         "the server's answer about '" + name + "': " + answer.error().message);
  const tools::Credential credential{.name = name, .type = answer->type, .data = Json::parse(answer->secret)};
  auto time = keep_time;
  // Half of what is left: the other half is for the command that uses it.
  if (answer->seconds_left)
    time = std::min(time, milliseconds(static_cast<std::int64_t>(
                              std::max(0.0, std::min(*answer->seconds_left, 3600.0)) * 500)));
  remember(place.key, credential, time);
  return credential;
}

void CredentialClient::remember(const std::string& key, const tools::Credential& credential,
                                milliseconds time) {
  kept_.with([&](auto& kept) {
    if (kept.size() >= kept_max) {
      std::erase_if(kept, [&](const auto& one) { return one.second.until <= clock_.now(); });
      if (kept.size() >= kept_max) kept.clear();
    }
    kept.insert_or_assign(key, Kept{.credential = credential, .until = clock_.now() + time});
  });
}

base::Result<tools::Credential> CredentialClient::credential(const std::string& name,
                                                             const SecretAsker& asker) {
  if (!wire::is_secret_name(name))
    return base::failure(ErrorCode::invalid_input,
                         "'" + name.substr(0, 64) + "' cannot be the name of a credential");
  auto found = read({.key = "credential:" + name,
                     .path = "/api/credentials/" + name + "?include_data=true" + asking(asker, "&"),
                     .is_keychain = false},
                    name, asker);
  if (found || found.error().code != ErrorCode::not_found || !asker.execution_id.is_set()) return found;
  auto entry = keychain_entry(name, asker);
  if (!entry && entry.error().code == ErrorCode::not_found) return found;
  return entry;
}

base::Result<tools::Credential> CredentialClient::keychain_entry(const std::string& name,
                                                                 const SecretAsker& asker) {
  if (!wire::is_secret_name(name))
    return base::failure(ErrorCode::invalid_input,
                         "'" + name.substr(0, 64) + "' cannot be the name of a keychain entry");
  if (!asker.execution_id.is_set())
    return base::failure(ErrorCode::invalid_input,
                         "keychain entry '" + name +
                             "' is asked for outside of an execution: a keychain belongs to a playbook");
  const auto execution = asker.execution_id.str();
  return read(
      {.key = "keychain:" + execution + ":" + name,
       .path = "/api/v2/executions/" + execution + "/keychain/" + name + "?worker_id=" + asker.worker_id,
       .is_keychain = true},
      name, asker);
}

base::Result<Json> CredentialClient::result(const std::string& reference, const SecretAsker& asker) {
  constexpr std::string_view scheme = "noetl://result/";
  const std::string_view given = reference;
  const auto id = base::parse_id(given.starts_with(scheme) ? given.substr(scheme.size()) : given);
  if (!id)
    return base::failure(
        ErrorCode::invalid_input,
        "'" + reference.substr(0, 128) + "' is no reference to a result: noetl://result/<id>, or the id");
  const auto body = patiently(asker, [&] { return fetch_("/api/v2/results/" + std::to_string(*id)); });
  if (!body) return base::failure(body.error());
  return wire::parse_body(*body, {.bytes_max = result_bytes_max, .values_max = wire::result_values_max});
}

base::Result<std::string> CredentialClient::keep(std::string json, const SecretAsker& asker) {
  if (!send_) return base::failure(ErrorCode::unavailable, "no server can be asked to keep a result");
  const std::string request = wire::encode(
      wire::KeepResultRequest{.worker_id = asker.worker_id, .lease = asker.lease, .value = std::move(json)});
  const auto body = patiently(asker, [&] { return send_("/api/v2/results", request); });
  if (!body) return base::failure(body.error());
  const auto kept = wire::decode_kept_result(Json::parse(*body, nullptr, false));
  if (!kept)
    return base::failure(ErrorCode::internal,
                         "the server's answer to a kept result: " + kept.error().message);
  return "noetl://result/" + kept->id.str();
}

base::Result<tools::Credential> CommandSecrets::find(const std::string& name) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked for credential '" + name + "'");
  auto found = client_->credential(name, asker_);
  if (found) from_credentials_.with([&](auto& secrets) { collect_secrets(found->data, false, secrets); });
  return found;
}

base::Result<Json> CommandSecrets::fetch(const std::string& reference) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked for result '" + reference + "'");
  return client_->result(reference, asker_);
}

base::Result<std::string> CommandSecrets::keep(std::string json) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked to keep a result");
  return client_->keep(std::move(json), asker_);
}

base::Result<Json> CommandSecrets::keychain_entry(const std::string& name) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked for keychain entry '" + name + "'");
  auto found = client_->keychain_entry(name, asker_);
  if (!found) return base::failure(std::move(found.error()));
  from_keychain_.with([&](auto& secrets) { collect_secrets(found->data, false, secrets); });
  return std::move(found->data);
}

std::string CommandSecrets::masked_lines(std::string text) const {
  const auto mask = [&](const std::vector<std::string>& secrets) {
    for (const auto& secret : secrets) replace_all(text, secret);
    const auto parts = with_lines(secrets);
    mask_before_cuts(text, tools::cut_mark, parts);
    for (auto part = parts.begin() + static_cast<std::ptrdiff_t>(secrets.size()); part != parts.end(); ++part)
      replace_all(text, *part);
  };
  from_credentials_.with(mask);
  from_keychain_.with(mask);
  return text;
}

std::string CommandSecrets::masked_result(std::string json) const {
  from_keychain_.with([&](const std::vector<std::string>& secrets) {
    std::vector<std::string> quoted;
    for (const auto& secret : secrets) quoted.push_back(as_json(secret));
    for (const auto& secret : quoted) replace_all(json, secret);
    mask_before_cuts(json, as_json(std::string(tools::cut_mark)), quoted);
  });
  return json;
}

}  // namespace noetl::loop
