#include "worker/tools/nats/nats_tool.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "shared/base/text/base64.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/key_value.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"

namespace noetl::tools {

struct NatsTool::Bounds {
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;

  [[nodiscard]] bool is_over() const { return stop.stop_requested() || std::chrono::steady_clock::now() >= deadline; }
  // How long one call to the server may take: what is left, at most 5 s.
  [[nodiscard]] std::chrono::milliseconds patience() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return std::clamp(left, std::chrono::milliseconds(1), std::chrono::milliseconds(5000));
  }
  [[nodiscard]] tl::unexpected<base::Error> failure(const std::string& what) const {
    if (stop.stop_requested()) return base::failure(base::ErrorCode::cancelled, "the call was stopped");
    return base::failure(base::ErrorCode::timeout, what + " did not happen before the deadline");
  }
};

namespace {

constexpr std::array<OptionSpec, 14> option_table{{
    {"operation", "text",
     "publish, request, js_publish, kv_put, kv_get, kv_delete, kv_purge or kv_keys; also `action`"},
    {"action", "text", "the same as `operation`"},
    {"subject", "text", "of publish, request and js_publish"},
    {"data", "any", "what is sent: a text as it is, anything else as JSON; also `payload`, `message`, `value`"},
    {"payload", "any", "the same as `data`"},
    {"message", "any", "the same as `data`"},
    {"message_id", "text", "of js_publish: within the stream's window a second one is dropped"},
    {"bucket", "text", "of the kv operations; made by kv_put when it is missing, unless `create_bucket` is false"},
    {"key", "text", "of the kv operations but kv_keys"},
    {"value", "any", "of kv_put"},
    {"create_bucket", "true or false", "whether kv_put makes a bucket that is missing; default true"},
    {"revision", "number", "kv_put only when the key has this revision; 0: only when it has none"},
    {"credential", "name or map", "the same as `auth`"},
    {"auth", "name or map",
     "credential of type nats {nats_url, nats_user, nats_password, token}; without: the worker's setting "
     "tool-nats-url; also `credential`"},
}};
constexpr std::size_t connections_max = 32;

// A step's own servers by the addresses that were checked: nats.c would look the names up again, and for ever.
base::Result<void> pin_servers(nats::ConnectionSettings& wanted, const reach::Reach& reach) {
  std::string pinned;
  for (std::size_t at = 0; at <= wanted.url.size();) {
    const std::size_t comma = std::min(wanted.url.find(',', at), wanted.url.size());
    const std::string server = wanted.url.substr(at, comma - at);
    at = comma + 1;
    const auto named = reach::endpoints_of(server, 4222);
    if (named.empty()) continue;
    const auto addresses = reach.egress.resolve(named.front().host, named.front().port);
    if (!addresses) {
      const bool is_refused = addresses.error().code == base::ErrorCode::forbidden;
      return base::failure(is_refused ? base::ErrorCode::invalid_input : addresses.error().code,
                           "tool nats may not connect: " + addresses.error().message, "auth");
    }
    const std::size_t scheme = server.find("://");
    const std::size_t user_end = server.rfind('@');
    const std::size_t host = user_end != std::string::npos ? user_end + 1
                             : scheme == std::string::npos ? 0
                                                           : scheme + 3;
    for (const reach::Address& address : *addresses) {
      const std::string text = address.is_v4() ? address.text() : "[" + address.text() + "]";
      pinned += (pinned.empty() ? "" : ",") + server.substr(0, host) + text + ":" + std::to_string(named.front().port);
    }
    if (wanted.tls_host.empty() && !reach::parse_address(named.front().host)) wanted.tls_host = named.front().host;
  }
  wanted.url = pinned;
  wanted.ignores_other_servers = true;
  if (wanted.credentials_file.empty()) return {};
  auto file = reach.files.resolve(wanted.credentials_file, "credentials_file");
  if (!file) return tl::unexpected(file.error());
  wanted.credentials_file = *std::move(file);
  return {};
}

std::string bytes_of(const ToolCall& call) {
  const Json* value = find_option(call, {"value", "data", "payload", "message"});
  if (value == nullptr) {
    const Json input = input_of(call);
    return input.empty() ? std::string() : to_text(input);
  }
  return value->is_string() ? value->get<std::string>() : to_text(*value);
}

// What came back, into `result`: parsed when it is a JSON map or list, else as text; what is no text under `name`_b64.
void put_value(Json& result, const std::string& name, const std::string& bytes) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && (bytes[first] == '{' || bytes[first] == '[')) {
    Json parsed = parse_answer(bytes);
    if (!parsed.is_discarded()) {
      result[name] = std::move(parsed);
      return;
    }
  }
  const bool is_text = storable_text(bytes) == bytes;
  result[name] = is_text ? Json(bytes) : Json();
  if (!is_text) result[name + "_b64"] = base::base64_encoded(bytes);
}

// Every server of the list. The worker's own was chosen by its operator: a credential that names no hosts may go there.
base::Result<void> check_servers(const ToolCall& call, const Credential& auth, const std::string& servers,
                                 bool is_own) {
  const bool is_anywhere =
      std::all_of(auth.policies.begin(), auth.policies.end(), [](const auto& policy) { return policy.hosts.empty(); });
  const Credential* const checked = is_own && is_anywhere ? nullptr : &auth;
  for (std::size_t at = 0; at < servers.size();) {
    const std::size_t end = std::min(servers.find(',', at), servers.size());
    const std::string one = servers.substr(at, end - at);
    const auto place = secrets::destination_of_url(one.find("://") == std::string::npos ? "nats://" + one : one);
    if (auto allowed = check_destination(call, checked, place.value_or(secrets::Destination{})); !allowed)
      return allowed;
    at = end + 1;
  }
  return {};
}

base::Result<std::string> wanted_text(const ToolCall& call, std::string_view name) {
  auto text = text_option(call, {name});
  if (text && text->empty()) {
    return base::failure(base::ErrorCode::invalid_input,
                         "this operation of tool nats needs the option '" + std::string(name) + "'", std::string(name));
  }
  return text;
}

}  // namespace

std::span<const OptionSpec> NatsTool::options() const { return option_table; }

ToolResult NatsTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_operation(call); });
}

base::Result<NatsTool::Connection> NatsTool::connection_for(const ToolCall& call, const Bounds& bounds) {
  auto credential = auth_of(call);
  if (!credential) return tl::unexpected(credential.error());
  nats::ConnectionSettings wanted;
  wanted.name = "noetl-worker-tool";
  wanted.url = settings_.default_url;
  bool is_own = true;  // the worker's NATS is its operator's choice
  if (*credential) {
    const Json& fields = (*credential)->data;
    wanted.url = auth_field(fields, {"nats_url", "url", "servers", "server"});
    wanted.user = auth_field(fields, {"nats_user", "user", "username"});
    wanted.password = auth_field(fields, {"nats_password", "password"});
    wanted.token = auth_field(fields, {"nats_token", "token"});
    wanted.credentials_file = auth_field(fields, {"credentials_file", "creds_file"});
    is_own = wanted.url.empty();
    if (is_own) wanted.url = settings_.server_url;
    if (auto allowed = check_servers(call, **credential, wanted.url, is_own); !allowed)
      return tl::unexpected(allowed.error());
  }
  wanted.sends_asap = true;
  if (wanted.url.empty()) {
    return base::failure(
        base::ErrorCode::invalid_input,
        "tool nats was told no server: give the option 'auth' with a credential of type nats, or set this "
        "worker's tool-nats-url",
        "auth");
  }
  // An authority of ours alone does not ask for TLS of a server that was named without it.
  if (wanted.url.find("tls://") != std::string::npos) wanted.tls_ca_file = settings_.tls_ca_file;
  std::string key;
  for (const auto* part : {&wanted.url, &wanted.user, &wanted.password, &wanted.token, &wanted.credentials_file})
    key += *part + '\0';
  Connection connection;
  {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(key);
    if (found != connections_.end() && !found->second->is_closed()) connection = found->second;
  }
  if (connection == nullptr) {
    if (!is_own) {
      if (auto pinned_ones = pin_servers(wanted, reach_of(settings_.limits)); !pinned_ones)
        return tl::unexpected(pinned_ones.error());
    }
    auto opened = nats::Connection::open(wanted);
    if (!opened) return tl::unexpected(opened.error());
    connection = *std::move(opened);
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= connections_max) connections_.erase(connections_.begin());
    connections_[key] = connection;
  }
  // In slices, since a stop does not wake it. A server that is away for 5 s is an error to be tried again.
  const auto until = std::chrono::steady_clock::now() + bounds.patience();
  while (!connection->wait_connected(std::chrono::milliseconds(50))) {
    if (bounds.is_over()) return bounds.failure("connecting to NATS at " + connection->shown_url());
    if (connection->is_closed() || std::chrono::steady_clock::now() >= until) {
      return base::failure(base::ErrorCode::unavailable, "NATS at " + connection->shown_url() + " cannot be reached");
    }
  }
  return connection;
}

namespace {

using base::Result;

// A step's messages are its own: what begins with these are requests to NATS itself, with the rights of the account.
Result<nats::Subject> subject_of(const ToolCall& call) {
  auto text = wanted_text(call, "subject");
  if (!text) return tl::unexpected(text.error());
  for (const std::string_view reserved : {"$JS.", "$SYS."}) {
    if (text->starts_with(reserved))
      return base::failure(
          base::ErrorCode::invalid_input,
          "option 'subject' of tool nats begins with " + std::string(reserved) +
              ", which NATS keeps for requests to itself; streams and consumers are for their operator to "
              "make, and the kv operations reach buckets",
          "subject");
  }
  auto subject = nats::Subject::parse(*std::move(text));
  if (!subject) subject.error().message = "option 'subject' of tool nats: " + subject.error().message;
  return subject;
}

Result<Json> publish(nats::Connection& connection, const ToolCall& call, std::chrono::milliseconds patience,
                     bool is_stored) {
  const auto subject = subject_of(call);
  if (!subject) return tl::unexpected(subject.error());
  const std::string bytes = bytes_of(call);
  Result<void> sent;
  if (is_stored) {
    const auto id = text_option(call, {"message_id"});
    if (!id) return tl::unexpected(id.error());
    sent = nats::JetStream(connection, patience).publish(*subject, bytes, *id);
  } else {
    sent = connection.publish(*subject, bytes);
    if (sent) sent = connection.flush(patience);
  }
  if (!sent) return tl::unexpected(sent.error());
  return Json{{"status", "success"}, {"subject", subject->text()}, {"bytes", bytes.size()}};
}

Result<Json> request(nats::Connection& connection, const ToolCall& call, const std::function<bool()>& is_over,
                     const std::function<tl::unexpected<base::Error>()>& over) {
  const auto subject = subject_of(call);
  if (!subject) return tl::unexpected(subject.error());
  const nats::Subject inbox = connection.new_inbox();
  auto answers = connection.subscribe(inbox);
  if (!answers) return tl::unexpected(answers.error());
  if (auto sent = connection.publish_request(*subject, inbox, bytes_of(call)); !sent)
    return tl::unexpected(sent.error());
  while (!is_over()) {
    auto answer = (*answers)->next(std::chrono::milliseconds(50));
    if (!answer && answer.error().code == base::ErrorCode::not_found) {
      return base::failure(base::ErrorCode::not_found, "nobody answers requests to '" + subject->text() + "'");
    }
    if (!answer) return tl::unexpected(answer.error());
    if (!*answer) continue;
    Json result{{"status", "success"}, {"subject", subject->text()}};
    put_value(result, "data", (*answer)->bytes);
    return result;
  }
  return over();
}

Result<Json> put(nats::KeyValue& bucket, const ToolCall& call, const std::string& key) {
  std::optional<std::uint64_t> last;
  if (find_option(call, {"revision"}) != nullptr) {
    const auto revision = integer_option(call, "revision", 0, 0, 1LL << 53);
    if (!revision) return tl::unexpected(revision.error());
    last = static_cast<std::uint64_t>(*revision);
  }
  const auto revision = bucket.put(key, bytes_of(call), last);
  if (!revision) return tl::unexpected(revision.error());
  return Json{{"status", "success"}, {"key", key}, {"revision", *revision}};
}

Result<Json> keep(nats::Connection& connection, const ToolCall& call, const std::string& operation,
                  std::chrono::milliseconds patience) {
  auto name = wanted_text(call, "bucket");
  if (!name) return tl::unexpected(name.error());
  const auto may_create = bool_option(call, "create_bucket", true);
  if (!may_create) return tl::unexpected(may_create.error());
  auto bucket = nats::KeyValue::open(connection, *name, operation == "kv_put" && *may_create, patience);
  if (!bucket) return tl::unexpected(bucket.error());
  if (operation == "kv_keys") {
    const auto keys = (*bucket)->keys();
    if (!keys) return tl::unexpected(keys.error());
    return Json{{"status", "success"}, {"bucket", *name}, {"keys", *keys}, {"count", keys->size()}};
  }
  auto key = wanted_text(call, "key");
  if (!key) return tl::unexpected(key.error());
  Json result{{"status", "success"}, {"bucket", *name}, {"key", *key}};
  if (operation == "kv_put") {
    const auto done = put(**bucket, call, *key);
    if (!done) return tl::unexpected(done.error());
    result.update(*done);
  } else if (operation == "kv_get") {
    const auto entry = (*bucket)->get(*key);
    if (!entry) return tl::unexpected(entry.error());
    result["found"] = entry->has_value();
    result["value"] = Json();
    if (*entry) put_value(result, "value", (*entry)->bytes);
    result["revision"] = *entry ? Json((*entry)->revision) : Json();
  } else {
    const auto done = operation == "kv_purge" ? (*bucket)->purge(*key) : (*bucket)->remove(*key);
    if (!done) return tl::unexpected(done.error());
    result["deleted"] = true;
  }
  return result;
}

bool is_operation(std::string_view text) {
  for (const std::string_view known :
       {"publish", "request", "js_publish", "kv_put", "kv_get", "kv_delete", "kv_purge", "kv_keys"}) {
    if (text == known) return true;
  }
  return false;
}

}  // namespace

ToolResult NatsTool::run_operation(const ToolCall& call) {
  const nats::ThreadScope scope;
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  auto operation = text_option(call, {"operation", "action"});
  if (!operation) return failed(operation.error());
  if (!is_operation(*operation)) {
    return refused(
        "option 'operation' of tool nats must be publish, request, js_publish, kv_put, kv_get, kv_delete, "
        "kv_purge or "
        "kv_keys, not '" +
        *operation + "'");
  }
  const Bounds bounds{.deadline = *deadline, .stop = call.stop};
  if (bounds.is_over()) return failed(bounds.failure("the call").value());
  auto connection = connection_for(call, bounds);
  if (!connection) return failed(connection.error());
  Result<Json> done = Json();
  if (*operation == "request") {
    done = request(
        **connection, call, [&] { return bounds.is_over(); }, [&] { return bounds.failure("an answer"); });
  } else if (operation->starts_with("kv_")) {
    done = keep(**connection, call, *operation, bounds.patience());
  } else {
    done = publish(**connection, call, bounds.patience(), *operation == "js_publish");
  }
  if (!done) return failed(done.error());
  std::string text = to_text(*done);
  if (text.size() > settings_.limits.result_bytes_max) {
    return failed(error_of("output_limit",
                           "the answer has more than " + std::to_string(settings_.limits.result_bytes_max) + " bytes"));
  }
  return completed(std::move(text));
}

}  // namespace noetl::tools
