#include "worker/loop/secrets/credential_client.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/base/stop_wait.hpp"
#include "shared/base/text/base64.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/credential_json.hpp"
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
constexpr std::size_t result_bytes_max = 512UL * 1024 * 1024;

bool may_be_repeated(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::saturated || code == ErrorCode::timeout;
}

std::string asking(const SecretAsker& asker, const char* separator) {
  std::string query = separator + ("worker_id=" + asker.worker_id);
  if (asker.execution_id.is_set()) query += "&execution_id=" + asker.execution_id.str();
  return query;
}

}  // namespace

base::Result<std::string> CredentialClient::patiently(const SecretAsker& asker,
                                                      const std::function<base::Result<std::string>()>& call) {
  for (int tried = 1;; ++tried) {
    if (asker.stop.stop_requested())
      return base::failure(ErrorCode::cancelled, "the command was stopped while the server was asked");
    auto body = call();
    if (body || tried == tries_max || !may_be_repeated(body.error().code)) return body;
    const auto time = first_pause * (1 << (tried - 1));
    if (std::chrono::steady_clock::now() + time >= asker.deadline) return body;
    base::wait_for_stop(asker.stop, time);  // a server that is being restarted is back in a moment
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
  auto answer = place.is_keychain ? wire::decode_keychain_row(json) : wire::decode_credential_row(json);
  if (!answer)
    return base::failure(ErrorCode::internal, "the server's answer about '" + name + "': " + answer.error().message);
  const tools::Credential credential{
      .name = name, .type = answer->type, .data = Json::parse(answer->secret), .policies = std::move(answer->policies)};
  auto time = keep_time;
  // Half of what is left: the other half is for the command that uses it.
  if (answer->seconds_left)
    time = std::min(
        time, milliseconds(static_cast<std::int64_t>(std::max(0.0, std::min(*answer->seconds_left, 3600.0)) * 500)));
  remember(place.key, credential, time);
  return credential;
}

void CredentialClient::remember(const std::string& key, const tools::Credential& credential, milliseconds time) {
  kept_.with([&](auto& kept) {
    if (kept.size() >= kept_max) {
      std::erase_if(kept, [&](const auto& one) { return one.second.until <= clock_.now(); });
      if (kept.size() >= kept_max) kept.clear();
    }
    kept.insert_or_assign(key, Kept{.credential = credential, .until = clock_.now() + time});
  });
}

base::Result<tools::Credential> CredentialClient::credential(const std::string& name, const SecretAsker& asker) {
  if (!wire::is_secret_name(name))
    return base::failure(ErrorCode::invalid_input, "'" + name.substr(0, 64) + "' cannot be the name of a credential");
  auto found = read({.key = "credential:" + name,
                     .path = "/api/credentials/" + name + "?include_data=true" + asking(asker, "&"),
                     .is_keychain = false},
                    name, asker);
  if (found || found.error().code != ErrorCode::not_found || !asker.execution_id.is_set()) return found;
  auto entry = keychain_entry(name, asker);
  if (!entry && entry.error().code == ErrorCode::not_found) return found;
  return entry;
}

base::Result<tools::Credential> CredentialClient::keychain_entry(const std::string& name, const SecretAsker& asker) {
  if (!wire::is_secret_name(name))
    return base::failure(ErrorCode::invalid_input,
                         "'" + name.substr(0, 64) + "' cannot be the name of a keychain entry");
  if (!asker.execution_id.is_set())
    return base::failure(
        ErrorCode::invalid_input,
        "keychain entry '" + name + "' is asked for outside of an execution: a keychain belongs to a playbook");
  const auto execution = asker.execution_id.str();
  return read({.key = "keychain:" + execution + ":" + name,
               .path = "/api/v2/executions/" + execution + "/keychain/" + name + "?worker_id=" + asker.worker_id,
               .is_keychain = true},
              name, asker);
}

base::Result<Json> CredentialClient::result(const std::string& reference, const SecretAsker& asker) {
  constexpr std::string_view scheme = "noetl://result/";
  const std::string_view given = reference;
  const auto id = base::parse_id(given.starts_with(scheme) ? given.substr(scheme.size()) : given);
  if (!id)
    return base::failure(ErrorCode::invalid_input, "'" + reference.substr(0, 128) +
                                                       "' is no reference to a result: noetl://result/<id>, or the id");
  const auto body = patiently(asker, [&] { return fetch_("/api/v2/results/" + std::to_string(*id)); });
  if (!body) return base::failure(body.error());
  return json::parse_body(*body, {.bytes_max = result_bytes_max, .values_max = json::result_values_max});
}

base::Result<std::string> CredentialClient::keep(std::string json, const SecretAsker& asker) {
  if (!send_) return base::failure(ErrorCode::unavailable, "no server can be asked to keep a result");
  if (!asker.execution_id.is_set())
    return base::failure(ErrorCode::unsupported,
                         "command " + asker.lease.queue_id.str() +
                             " is a plain command: what is kept apart goes with an execution, and it has none. Run it "
                             "as a step of a playbook");
  const auto lease = asker.late == nullptr ? std::optional(asker.lease) : asker.late->wait(asker.stop, asker.deadline);
  if (!lease) return base::failure(ErrorCode::cancelled, "the command was stopped before the server knew of it");
  const std::string request =
      wire::encode(wire::StoreResultRequest{.worker_id = asker.worker_id, .lease = *lease, .value = std::move(json)});
  const auto body = patiently(asker, [&] { return send_("/api/v2/results", request); });
  if (!body) return base::failure(body.error());
  const auto kept = wire::decode_store_result_answer(Json::parse(*body, nullptr, false));
  if (!kept) return base::failure(ErrorCode::internal, "the server's answer to a kept result: " + kept.error().message);
  return "noetl://result/" + kept->id.str();
}

base::Result<tools::Credential> CommandSecrets::find(const std::string& name) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked for credential '" + name + "'");
  auto found = client_->credential(name, asker_);
  if (found) mask_.with([&](auto& mask) { mask.add(secrets::secrets_in(found->data)); });
  return found;
}

base::Result<Json> CommandSecrets::fetch(const std::string& reference) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked for result '" + reference + "'");
  return client_->result(reference, asker_);
}

base::Result<std::string> CommandSecrets::keep(std::string json) {
  if (client_ == nullptr) return base::failure(ErrorCode::unavailable, "no server can be asked to keep a result");
  if (!mask_.with([](const auto& mask) { return mask.is_empty(); })) json = masked_part(std::move(json));
  return client_->keep(std::move(json), asker_);
}

void CommandSecrets::hide(const std::string& secret) {
  mask_.with([&](auto& mask) { mask.add(secrets::secrets_in(Json{{"value", secret}})); });
}

base::Result<tools::Credential> CommandSecrets::keychain_entry(const std::string& name) {
  if (client_ == nullptr)
    return base::failure(ErrorCode::unavailable, "no server can be asked for keychain entry '" + name + "'");
  auto found = client_->keychain_entry(name, asker_);
  if (found) mask_.with([&](auto& mask) { mask.add(secrets::secrets_in(found->data)); });
  return found;
}

// {"base64": "…"} is a piece of a file. In its characters a secret would be found too, but not be replaced and leave base64.
std::string CommandSecrets::masked_part(std::string json) const {
  constexpr std::string_view begin = R"({"base64":")";
  constexpr std::string_view end = R"("})";
  const bool is_piece =
      json.starts_with(begin) && json.ends_with(end) && json.find('"', begin.size()) == json.size() - end.size();
  if (!is_piece) return masked_result(std::move(json));
  auto bytes =
      base::base64_decoded(std::string_view(json).substr(begin.size(), json.size() - begin.size() - end.size()));
  if (!bytes) return masked_result(std::move(json));
  auto masked = mask_.with([&](auto& mask) { return mask.in_bytes(*std::move(bytes)); });
  return std::string(begin) + base::base64_encoded(masked) + std::string(end);
}

std::string CommandSecrets::masked_lines(std::string text) const {
  return mask_.with([&](auto& mask) { return mask.in_text(std::move(text), tools::cut_mark); });
}

std::string CommandSecrets::masked_result(std::string json) const {
  return mask_.with([&](auto& mask) { return mask.in_json(std::move(json), tools::cut_mark); });
}

}  // namespace noetl::loop
