#include "server/cluster/exchange_log.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "server/cluster/request_form.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::cluster {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using telemetry::LogLevel;

constexpr int failures_from = 500;
constexpr std::size_t body_bytes_max = 1024UL * 1024;  // larger ones are not searched
constexpr std::size_t executions_max = 8;
constexpr std::size_t id_bytes_max = 200;

LogLevel level_of(int status) {
  if (status < bad_request) return LogLevel::debug;
  return status < failures_from ? LogLevel::info : LogLevel::warn;
}

// Of failures, which strangers can cause as often as they like: one line a second.
bool may_tell_failure() {
  static std::atomic<std::int64_t> next_ms{0};
  const auto now =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  auto next = next_ms.load();
  return now >= next && next_ms.compare_exchange_strong(next, now + 1000);
}

void add_execution(const Json& object, std::set<std::string>& ids) {
  if (!object.is_object() || ids.size() >= executions_max) return;
  const auto found = object.find("execution_id");
  if (found != object.end() && found->is_string()) ids.insert(found->get<std::string>().substr(0, id_bytes_max));
}

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (const auto text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

std::string text_in(const std::string& body, const char* name) {
  if (body.size() > body_bytes_max) return {};
  const auto json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains(name) || !json.at(name).is_string()) return {};
  return json.at(name).get<std::string>().substr(0, id_bytes_max);
}

}  // namespace

std::string executions_in(std::string_view body) {
  if (body.size() > body_bytes_max) return {};
  const auto json = Json::parse(body, nullptr, false);
  std::set<std::string> ids;
  add_execution(json, ids);
  const auto add_all = [&](const Json& list) {
    if (list.is_array()) {
      for (const auto& element : list) add_execution(element, ids);
    }
  };
  add_all(json);
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) add_all(value);
  }
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}

bool is_exchange_logged(int status) { return telemetry::is_log_enabled(level_of(status)); }

void log_exchange(std::string_view what, const Exchange& exchange, const nats::Responder::Incoming& request,
                  const http::Response& response) {
  const auto level = level_of(response.status);
  // At debug every one has its line.
  if (level != LogLevel::debug && !telemetry::is_log_enabled(LogLevel::debug) && !may_tell_failure()) return;
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - exchange.begun);
  std::array<char, 32> latency{};
  std::snprintf(latency.data(), latency.size(), "%.3f", took.count());
  const auto header = [&](const char* name) { return nats::header_of(request.headers, name); };
  const auto id = first_of({exchange.message_id, header("Nats-Msg-Id"), header("X-Event-ID"), request.reply});
  const auto answered = executions_in(response.body);
  telemetry::log(level, "nats", "request answered",
                 {{"request", std::string(what)},
                  {"subject", request.subject},
                  {"message_id", std::string(id)},
                  {"execution", answered.empty() ? exchange.executions : answered},
                  {"worker", exchange.worker_id.empty() ? text_in(response.body, "worker_id") : exchange.worker_id},
                  {"status", std::to_string(response.status)},
                  {"latency_ms", latency.data()}});
}

}  // namespace noetl::cluster
