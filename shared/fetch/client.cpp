#include "shared/fetch/client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "shared/base/text/ascii.hpp"
#include "shared/fetch/exchange_state.hpp"

namespace noetl::fetch {
namespace {

using std::chrono::milliseconds;
using How = Ending::How;
using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

// A wait is cut into such pieces, in case a wake-up is lost.
constexpr milliseconds look_again{1000};
constexpr long buffer_bytes = 64L * 1024;  // less than the slack in ExchangeState::count_wire

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()), milliseconds(0));
}

void set(CURL* handle, CURLoption option, long value) { curl_easy_setopt(handle, option, value); }
void set(CURL* handle, CURLoption option, const std::string& value) { curl_easy_setopt(handle, option, value.c_str()); }

List header_list(const Message& message) {
  List list(nullptr, &curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  };
  bool has_type = false;
  for (const auto& [name, value] : message.headers) {
    has_type = has_type || base::lower_case(name.text()) == "content-type";
    // The library's way to say an empty value.
    add(value.text().empty() ? name.text() + ";" : name.text() + ": " + value.text());
  }
  if (!has_type) add("Content-Type:");
  add("Expect:");
  return list;
}

void set_method(CURL* handle, const Message& message) {
  const std::string& method = message.method.text();
  const bool wants_length = method == "POST" || method == "PUT" || method == "PATCH";
  if (method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!message.body.empty() || wants_length) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, message.body.empty() ? "" : message.body.data());
  }
  set(handle, CURLOPT_CUSTOMREQUEST, method);
}

void set_tls(CURL* handle, const Tls& tls) {
  set(handle, CURLOPT_SSL_VERIFYPEER, tls.is_verified ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, tls.is_verified ? 2L : 0L);
  // As OpenSSL's own clients do, which the library does not.
  const char* const file = std::getenv("SSL_CERT_FILE");
  const char* const folder = std::getenv("SSL_CERT_DIR");
  if (!tls.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, tls.ca_file);
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  } else {
    if (file != nullptr) curl_easy_setopt(handle, CURLOPT_CAINFO, file);
    if (folder != nullptr) curl_easy_setopt(handle, CURLOPT_CAPATH, folder);
  }
  if (tls.certificate_file.empty()) return;
  set(handle, CURLOPT_SSLCERT, tls.certificate_file);
  set(handle, CURLOPT_SSLKEY, tls.key_file);
}

void set_proxy(CURL* handle, const Proxy& proxy) {
  if (proxy.host.empty()) {
    set(handle, CURLOPT_PROXY, std::string());  // nor that of the environment
    return;
  }
  const bool is_v6 = proxy.host.find(':') != std::string::npos;
  set(handle, CURLOPT_PROXY,
      "http://" + (is_v6 ? "[" + proxy.host + "]" : proxy.host) + ":" + std::to_string(proxy.port));
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (proxy.user.empty()) return;
  set(handle, CURLOPT_PROXYUSERNAME, proxy.user);
  set(handle, CURLOPT_PROXYPASSWORD, proxy.password);
}

void set_all(CURL* handle, const Message& message, const Bounds& bounds) {
  set(handle, CURLOPT_URL, message.url.text());
  set(handle, CURLOPT_PROTOCOLS_STR, std::string("http,https"));
  set(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(handle, CURLOPT_PATH_AS_IS, 1L);
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_QUICK_EXIT, 1L);  // a look-up that hangs holds nobody beyond the deadline
  set(handle, CURLOPT_BUFFERSIZE, buffer_bytes);
  // Asked for, but not undone by the library: it takes a body that ends in the middle for whole.
  set(handle, CURLOPT_ACCEPT_ENCODING, std::string("gzip, deflate"));
  set(handle, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(handle, CURLOPT_TCP_NODELAY, 1L);
  const auto connect =
      std::clamp(bounds.connect_timeout, milliseconds(1), std::max(left_until(bounds.deadline), milliseconds(1)));
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  set_method(handle, message);
  set_tls(handle, message.tls);
  set_proxy(handle, message.proxy);
}

Ending ending_of(CURLcode code, const char* words, bool is_head_whole) {
  const std::string why = *words != '\0' ? words : curl_easy_strerror(code);
  constexpr int too_large = 100;  // CURLE_TOO_LARGE, which older headers do not name
  const bool is_long_line = code == CURLE_OUT_OF_MEMORY || static_cast<int>(code) == too_large;
  if (is_long_line && !is_head_whole)
    return {.how = How::oversized, .why = "a header line of the peer is longer than the bound of 100 KiB"};
  if (code == CURLE_RECV_ERROR && why.find("Out of memory in chunked-encoding") != std::string::npos)
    return {.how = How::oversized, .why = "a trailer line of the peer is longer than the bound of 4 KiB"};
  switch (code) {
    case CURLE_OK: return {};
    case CURLE_OPERATION_TIMEDOUT: return {.how = How::connect_timeout, .why = why};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR: return {.how = How::untrusted, .why = why};
    default: break;
  }
  return {.how = How::broken, .why = why};
}

// Once in a process, before the first handle; the library's own lock makes that safe beside others that use it.
void start_library() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

}  // namespace

struct Client::Handles {
  Handles() : multi((start_library(), curl_multi_init())), easy(curl_easy_init()) {
    if (multi == nullptr || easy == nullptr) {
      close();
      throw std::bad_alloc();
    }
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1L);
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() { close(); }
  void close() const {
    if (easy != nullptr) curl_easy_cleanup(easy);
    if (multi != nullptr) curl_multi_cleanup(multi);
  }

  // Runs the transfer that is set; nothing when it was left at the deadline, at a stop or because `state` ended it.
  std::optional<CURLcode> run(const ExchangeState& state, const Bounds& bounds, const std::stop_token& stop) const {
    const std::stop_callback wakes(stop, [this] { curl_multi_wakeup(multi); });
    while (true) {
      int running = 0;
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (state.ended()) return std::nullopt;
      int queued = 0;
      if (const CURLMsg* said = curl_multi_info_read(multi, &queued); said != nullptr) return said->data.result;
      const milliseconds left = left_until(bounds.deadline);
      if (stop.stop_requested() || left == milliseconds(0)) return std::nullopt;
      curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::min(left, look_again).count()), nullptr);
    }
  }

  CURLM* multi;
  CURL* easy;
};

Client::Client(const reach::Egress& egress) : egress_(egress), handles_(std::make_unique<Handles>()) {}
Client::~Client() = default;

Ending Client::send(const Message& message, const Bounds& bounds, const std::stop_token& stop, const Reader& reader) {
  if (!message.proxy.host.empty()) {
    // The proxy resolves and connects: what can be known of the target is checked before it is asked.
    if (auto why = egress_.refusal_by_name(message.url.host, message.url.port))
      return {.how = How::forbidden, .why = *why};
  }
  CURL* const handle = handles_->easy;
  ExchangeState state(egress_, message, reader);
  std::array<char, CURL_ERROR_SIZE> words{};
  curl_easy_reset(handle);
  set_all(handle, message, bounds);
  const List headers = header_list(message);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  state.attach(handle);
  curl_multi_add_handle(handles_->multi, handle);
  const auto code = handles_->run(state, bounds, stop);
  curl_multi_remove_handle(handles_->multi, handle);
  curl_easy_reset(handle);  // what it points to ends with this call
  if (state.ended()) return *state.ended();
  if (!code) {
    const bool is_stopped = stop.stop_requested();
    return {.how = is_stopped ? How::stopped : How::late,
            .why = is_stopped ? "the call was stopped" : "the deadline has passed"};
  }
  if (*code == CURLE_OK) return state.missing().value_or(Ending{});
  return ending_of(*code, words.data(), state.is_head_whole());
}

}  // namespace noetl::fetch
