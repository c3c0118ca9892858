#include "shared/nats/connection.hpp"

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <mutex>
#include <new>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/nats/failure.hpp"
#include "shared/nats/nkey.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {

struct Connection::State {
  std::atomic<bool> is_connected{false};
  std::atomic<bool> is_closed{false};
  std::atomic<std::uint64_t> connection_count{0};
  std::mutex mutex;  // only for waiting
  std::condition_variable changed;
  std::int64_t reconnect_delay_ms = 0, reconnect_delay_max_ms = 0;  // constant once connecting begins

  void set(bool connected, bool closed) noexcept {
    const std::lock_guard lock(mutex);
    if (connected) ++connection_count;
    is_connected = connected;
    is_closed = is_closed || closed;
    changed.notify_all();  // inside the lock: the waiter in ~Connection frees this object
  }
};

namespace {

using State = Connection::State;

void on_connected(natsConnection*, void* closure) noexcept { static_cast<State*>(closure)->set(true, false); }
void on_disconnected(natsConnection*, void* closure) noexcept { static_cast<State*>(closure)->set(false, false); }
void on_closed(natsConnection*, void* closure) noexcept { static_cast<State*>(closure)->set(false, true); }

// Milliseconds. `attempts`: how often every server was tried since the connection was lost. The random half keeps those that lost the
// same server from coming back together.
std::int64_t delay_before(natsConnection*, int attempts, void* closure) noexcept {
  const auto& state = *static_cast<const State*>(closure);
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto doubled = state.reconnect_delay_ms << std::clamp(attempts - 1, 0, 20);
  const auto delay = std::min(doubled, state.reconnect_delay_max_ms);
  return delay + std::uniform_int_distribution<std::int64_t>(0, delay / 2)(random);
}

// Slow consumers and the like: without a handler nats.c writes to stderr.
void on_error(natsConnection*, natsSubscription*, natsStatus, void*) noexcept { traffic().subscription_failed(); }

struct OptionsRelease {
  void operator()(natsOptions* options) const noexcept { natsOptions_Destroy(options); }
};
using Options = std::unique_ptr<natsOptions, OptionsRelease>;

std::string without_password(const std::string& url) {
  std::string shown = url;
  for (std::size_t at = shown.find('@'); at != std::string::npos; at = shown.find('@', at + 1)) {
    const std::size_t slashes = shown.rfind("//", at);
    const std::size_t begin = slashes == std::string::npos ? 0 : slashes + 2;
    shown.replace(begin, at - begin, "***");
    at = begin + 3;
  }
  return shown;
}

std::vector<std::string> servers_of(const std::string& url) {
  std::vector<std::string> servers;
  for (std::size_t begin = 0; begin <= url.size();) {
    const std::size_t comma = std::min(url.find(',', begin), url.size());
    if (comma > begin) servers.push_back(url.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return servers;
}

bool says_tls(const std::string& server) {
  constexpr std::string_view scheme = "tls://";
  const auto begin = std::find_if(server.begin(), server.end(), [](unsigned char c) { return std::isspace(c) == 0; });
  if (server.end() - begin < static_cast<std::ptrdiff_t>(scheme.size())) return false;
  return std::equal(scheme.begin(), scheme.end(), begin,
                    [](char wanted, unsigned char found) { return wanted == std::tolower(found); });
}

// nats.c takes no notice of the scheme, and sends the password to whoever does not ask for TLS. With one server of a list
// under TLS all are: the password is the same.
bool wants_tls(const ConnectionSettings& settings) {
  return !settings.tls_ca_file.empty() || !settings.tls_certificate_file.empty() || !settings.tls_key_file.empty() ||
         std::ranges::any_of(servers_of(settings.url), says_tls);
}

// nats.c, up to 3.10 at least, writes names and secrets into the JSON of its CONNECT line as they are.
std::string json_safe(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

// invalid_input: something would break that line, or begin another.
base::Result<void> check_settings(const ConnectionSettings& settings) {
  for (const auto& [what, text] :
       {std::pair("user", &settings.user), std::pair("password", &settings.password),
        std::pair("token", &settings.token), std::pair("name", &settings.name), std::pair("url", &settings.url)}) {
    const bool is_bad =
        std::ranges::any_of(*text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (is_bad)  // not shown: it may be a secret
      return base::failure(base::ErrorCode::invalid_input,
                           std::string("the ") + what + " for NATS has a line break or another control character",
                           what);
  }
  if (settings.url.find_first_of("\"\\") != std::string::npos)
    return base::failure(base::ErrorCode::invalid_input,
                         "the url for NATS has a quote or a backslash: put user and password beside it, not into it",
                         "url");
  if (auto prefix = Subject::parse(settings.inbox_prefix); !prefix)
    return base::failure(base::ErrorCode::invalid_input, "the inbox prefix for NATS: " + prefix.error().message,
                         "inbox_prefix");
  return {};
}

natsStatus set_servers(natsOptions* options, const std::string& url) {
  const std::vector<std::string> servers = servers_of(url);
  std::vector<const char*> pointers;
  for (const std::string& server : servers) pointers.push_back(server.c_str());
  if (pointers.empty()) return NATS_ADDRESS_MISSING;
  return natsOptions_SetServers(options, pointers.data(), static_cast<int>(pointers.size()));
}

// `public_key`: of the NKey; empty: none.
natsStatus apply(natsOptions* options, const ConnectionSettings& settings, const std::string& public_key,
                 State* state) {
  const auto ms = [](std::chrono::milliseconds time) { return static_cast<std::int64_t>(time.count()); };
  natsStatus status = set_servers(options, settings.url);
  const auto then = [&](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  then(natsOptions_SetName(options, json_safe(settings.name).c_str()));
  then(natsOptions_SetCustomInboxPrefix(options, settings.inbox_prefix.c_str()));
  then(natsOptions_SetTimeout(options, ms(settings.connect_timeout)));
  state->reconnect_delay_ms = ms(settings.reconnect_delay);
  state->reconnect_delay_max_ms = std::max(ms(settings.reconnect_delay_max), ms(settings.reconnect_delay));
  then(natsOptions_SetMaxReconnect(options, settings.reconnects_max > 0 ? settings.reconnects_max : -1));
  then(natsOptions_SetCustomReconnectDelay(options, delay_before, state));
  then(natsOptions_SetRetryOnFailedConnect(options, true, on_connected, state));
  then(natsOptions_SetReconnectedCB(options, on_connected, state));
  then(natsOptions_SetDisconnectedCB(options, on_disconnected, state));
  then(natsOptions_SetClosedCB(options, on_closed, state));
  then(natsOptions_SetErrorHandler(options, on_error, nullptr));
  // A peer that vanished without a word is noticed after about 10 s, a full socket after 2 s.
  then(natsOptions_SetPingInterval(options, 5000));
  then(natsOptions_SetMaxPingsOut(options, 2));
  then(natsOptions_SetWriteDeadline(options, 2000));
  if (settings.sends_asap) then(natsOptions_SetSendAsap(options, true));
  if (!settings.user.empty()) {
    then(natsOptions_SetUserInfo(options, json_safe(settings.user).c_str(), json_safe(settings.password).c_str()));
  }
  if (!settings.token.empty()) then(natsOptions_SetToken(options, json_safe(settings.token).c_str()));
  if (!settings.credentials_file.empty()) {
    then(natsOptions_SetUserCredentialsFromFiles(options, settings.credentials_file.c_str(), nullptr));
  }
  if (!public_key.empty()) {
    then(natsOptions_SetNKeyFromSeed(options, public_key.c_str(), settings.nkey_seed_file.c_str()));
  }
  if (!settings.tls_host.empty()) then(natsOptions_SetExpectedHostname(options, settings.tls_host.c_str()));
  if (settings.ignores_other_servers) then(natsOptions_SetIgnoreDiscoveredServers(options, true));
  if (wants_tls(settings)) then(natsOptions_SetSecure(options, true));
  if (!settings.tls_ca_file.empty()) then(natsOptions_LoadCATrustedCertificates(options, settings.tls_ca_file.c_str()));
  if (!settings.tls_certificate_file.empty() || !settings.tls_key_file.empty()) {
    then(natsOptions_LoadCertificatesChain(options, settings.tls_certificate_file.c_str(),
                                           settings.tls_key_file.c_str()));
  }
  return status;
}

}  // namespace

Connection::Connection(const ConnectionSettings& settings)
    : shown_url_(without_password(settings.url)),
      inbox_prefix_(settings.inbox_prefix),
      state_(std::make_unique<State>()) {}

base::Result<std::unique_ptr<Connection>> Connection::open(const ConnectionSettings& settings) {
  if (auto checked = check_settings(settings); !checked) return tl::unexpected(checked.error());
  std::unique_ptr<Connection> connection(new Connection(settings));  // the constructor is private
  std::string public_key;
  if (!settings.nkey_seed_file.empty()) {
    auto found = public_key_of_seed_file(settings.nkey_seed_file);
    if (!found) return tl::unexpected(found.error());
    public_key = std::move(*found);
  }
  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  const Options options(raw);
  if (status == NATS_OK) status = apply(raw, settings, public_key, connection->state_.get());
  if (status != NATS_OK) return nats_failure(status, "NATS connection settings for " + connection->shown_url_);
  status = natsConnection_Connect(&connection->handle_, raw);
  if (status == NATS_OK) connection->state_->set(true, false);
  if (status == NATS_OK || status == NATS_NOT_YET_CONNECTED) return connection;
  connection->handle_ = nullptr;
  return nats_failure(status, "connect to NATS at " + connection->shown_url_);
}

Connection::~Connection() {
  if (handle_ == nullptr) return;
  natsConnection_Close(handle_);
  bool is_over = false;
  {
    std::unique_lock lock(state_->mutex);
    is_over = state_->changed.wait_for(lock, std::chrono::seconds(5), [&] { return state_->is_closed.load(); });
  }
  natsConnection_Destroy(handle_);
  // The closed callback is the last one. Had it not come, freeing what it writes to would be worse than 200 bytes lost.
  if (!is_over) static_cast<void>(state_.release());
}

Subject Connection::new_inbox() const {
  char* made = nullptr;
  // Fails for want of memory alone.
  if (natsInbox_Create(&made) != NATS_OK) throw std::bad_alloc();
  const std::string made_here = made;
  natsInbox_Destroy(made);
  return Subject::parse(inbox_prefix_ + made_here.substr(made_here.find('.')))
      .value();  // open() has checked the prefix
}

bool Connection::is_connected() const { return state_->is_connected; }
bool Connection::is_closed() const { return state_->is_closed; }
std::uint64_t Connection::connection_count() const { return state_->connection_count; }

bool Connection::wait_connected(std::chrono::milliseconds patience) const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, patience, [&] { return state_->is_connected || state_->is_closed; });
  return state_->is_connected;
}

base::Result<void> Connection::publish(const Subject& subject, std::string_view bytes) {
  const natsStatus status =
      natsConnection_Publish(handle_, subject.c_str(), bytes.data(), static_cast<int>(bytes.size()));
  traffic().sent(subject.text(), bytes.size(), status == NATS_OK);
  if (status != NATS_OK) return nats_failure(status, "publish to '" + subject.text() + "'");
  return {};
}

base::Result<void> Connection::publish_request(const Subject& subject, const Subject& reply, std::string_view bytes) {
  const natsStatus status = natsConnection_PublishRequest(handle_, subject.c_str(), reply.c_str(), bytes.data(),
                                                          static_cast<int>(bytes.size()));
  traffic().sent(subject.text(), bytes.size(), status == NATS_OK);
  if (status != NATS_OK) return nats_failure(status, "request to '" + subject.text() + "'");
  return {};
}

base::Result<std::string> Connection::request(const Subject& subject, std::string_view bytes,
                                              std::chrono::milliseconds patience) {
  natsMsg* raw = nullptr;
  const natsStatus status =
      natsConnection_Request(&raw, handle_, subject.c_str(), bytes.data(), static_cast<int>(bytes.size()),
                             static_cast<std::int64_t>(patience.count()));
  const MessageHandle reply(raw);
  traffic().sent(subject.text(), bytes.size(), status == NATS_OK);
  if (status != NATS_OK) return nats_failure(status, "request to '" + subject.text() + "'");
  std::string answer(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  traffic().received(natsMsg_GetSubject(raw), answer.size());
  return answer;
}

base::Result<std::unique_ptr<Subscription>> Connection::subscribe(const SubjectFilter& subject,
                                                                  const std::string& group) {
  if (!group.empty()) {
    if (auto checked = check_name("queue group", group); !checked) return tl::unexpected(checked.error());
  }
  natsSubscription* raw = nullptr;
  const natsStatus status = group.empty()
                                ? natsConnection_SubscribeSync(&raw, handle_, subject.c_str())
                                : natsConnection_QueueSubscribeSync(&raw, handle_, subject.c_str(), group.c_str());
  if (status != NATS_OK) return nats_failure(status, "subscribe to '" + subject.text() + "'");
  return std::make_unique<Subscription>(own_subscription(raw), subject.text());
}

base::Result<void> Connection::flush(std::chrono::milliseconds patience) {
  const natsStatus status = natsConnection_FlushTimeout(handle_, static_cast<std::int64_t>(patience.count()));
  if (status != NATS_OK) return nats_failure(status, "flush the connection to " + shown_url_);
  return {};
}

Subscription::Subscription(SubscriptionHandle handle, std::string subject)
    : handle_(std::move(handle)), subject_(std::move(subject)) {}

base::Result<std::optional<PlainMessage>> Subscription::next(std::chrono::milliseconds patience) {
  natsMsg* raw = nullptr;
  const natsStatus status = natsSubscription_NextMsg(&raw, handle_.get(), static_cast<std::int64_t>(patience.count()));
  const MessageHandle message(raw);
  if (status == NATS_TIMEOUT) return std::optional<PlainMessage>{};
  if (status == NATS_NO_RESPONDERS)
    return base::failure(base::ErrorCode::not_found, "nobody answers to '" + subject_ + "'");
  if (status != NATS_OK) return nats_failure(status, "next message of '" + subject_ + "'");
  traffic().received(natsMsg_GetSubject(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  const char* reply = natsMsg_GetReply(raw);
  return PlainMessage{.subject = natsMsg_GetSubject(raw),
                      .reply = reply == nullptr ? "" : reply,
                      .bytes = std::string(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)))};
}

}  // namespace noetl::nats
