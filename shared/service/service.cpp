#include "shared/service/service.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "shared/base/stop_wait.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::service {
namespace {

using Json = nlohmann::json;

constexpr const char* announce_subject = "discovery.announce";

std::string now() {
  const auto time = std::chrono::system_clock::now();
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string fraction = std::to_string(1000 + ms).substr(1);
  return std::string(text.data(), length) + "." + fraction + "Z";
}

}  // namespace

std::string token_of(std::string_view text) {
  std::string token(text);
  for (char& c : token) {
    const bool is_fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!is_fine) c = '_';
  }
  return token;
}

base::Result<std::unique_ptr<Service>> Service::start(nats::Connection& connection, Settings settings) {
  std::unique_ptr<Service> made(new Service(connection, std::move(settings)));
  if (auto served = made->serve_all(); !served) return base::failure(std::move(served.error()));
  made->announcing_ = std::jthread([service = made.get()](const std::stop_token& stop) { service->announce(stop); });
  return made;
}

Service::Service(nats::Connection& connection, Settings settings)
    : connection_(connection), settings_(std::move(settings)), started_at_(now()) {}

Service::~Service() {
  announcing_ = {};
  for (const auto& responder : responders_) responder->stop();
}

base::Result<void> Service::serve(const std::string& subject, bool is_shared, Body body) {
  auto filter = nats::SubjectFilter::parse(subject);
  if (!filter) return base::failure(std::move(filter.error()));
  responders_.push_back(std::make_unique<nats::Responder>(
      connection_, [this, body](nats::Responder& responder, nats::Responder::Incoming request) {
        if (request.is_whole()) responder.answer(request, {}, (this->*body)());
      }));
  return responders_.back()->listen(*filter, is_shared ? settings_.name : std::string{});
}

base::Result<void> Service::serve_all() {
  struct Subject {
    std::string text;
    bool is_shared;
    Body body;
  };
  std::vector<Subject> subjects{{"health." + settings_.name, true, &Service::health},
                                {"discovery." + settings_.name, true, &Service::discovery},
                                {"noetl.pod." + settings_.id + ".health", false, &Service::pod_health}};
  for (const auto& [verb, body] : {std::pair<std::string, Body>{"$SRV.PING", &Service::ping},
                                   {"$SRV.INFO", &Service::info},
                                   {"$SRV.STATS", &Service::stats}}) {
    subjects.push_back({verb, false, body});
    subjects.push_back({verb + "." + settings_.name, false, body});
    subjects.push_back({verb + "." + settings_.name + "." + settings_.id, false, body});
  }
  for (const auto& [subject, is_shared, body] : subjects) {
    if (auto served = serve(subject, is_shared, body); !served) return served;
  }
  return {};
}

void Service::announce(const std::stop_token& stop) {
  base::name_thread("service");
  const nats::ThreadScope scope;
  ProcessUsage usage;
  const auto announced = nats::Subject::parse(announce_subject).value();
  const auto heartbeat = nats::Subject::parse("noetl.pod." + settings_.id + ".heartbeat");
  while (!stop.stop_requested()) {
    try {
      // What is lost while NATS is away is said again soon.
      if (connection_.is_connected()) {
        (void)connection_.publish(announced, discovery());
        if (heartbeat) (void)connection_.publish(*heartbeat, beat(usage.look()));
      }
    } catch (const std::exception& error) {
      telemetry::log_warn("nats", "cannot announce this program", {{"error", error.what()}});
    }
    base::wait_for_stop(stop, settings_.interval);
  }
}

std::string Service::beat(const Usage& usage) const {
  return Json{{"pod_id", settings_.id},
              {"timestamp", now()},
              {"active_connections", settings_.health().active_connections},
              {"memory_usage_mb", usage.memory_mb},
              {"cpu_usage_percent", usage.cpu_percent}}
      .dump();
}

std::string Service::health() const {
  const auto health = settings_.health();
  return Json{
      {"status", health.status}, {"service", settings_.name}, {"version", settings_.version}, {"timestamp", now()}}
      .dump();
}

std::string Service::pod_health() const {
  const auto health = settings_.health();
  return Json{{"pod_id", settings_.id},
              {"status", health.status},
              {"active_connections", health.active_connections},
              {"timestamp", now()}}
      .dump();
}

std::string Service::discovery() const {
  Json endpoints = Json::array();
  for (const auto& endpoint : settings_.endpoints) endpoints.push_back(endpoint.subject);
  return Json{{"name", settings_.name},
              {"version", settings_.version},
              {"instance_id", settings_.id},
              {"description", settings_.description},
              {"capabilities", settings_.capabilities},
              {"endpoints", std::move(endpoints)},
              {"timestamp", now()}}
      .dump();
}

std::string Service::ping() const {
  return Json{{"type", "io.nats.micro.v1.ping_response"},
              {"name", settings_.name},
              {"id", settings_.id},
              {"version", settings_.version},
              {"metadata", Json::object()}}
      .dump();
}

std::string Service::info() const {
  Json endpoints = Json::array();
  for (const auto& endpoint : settings_.endpoints) {
    endpoints.push_back({{"name", endpoint.name},
                         {"subject", endpoint.subject},
                         {"queue_group", endpoint.queue_group},
                         {"metadata", Json::object()}});
  }
  return Json{{"type", "io.nats.micro.v1.info_response"},
              {"name", settings_.name},
              {"id", settings_.id},
              {"version", settings_.version},
              {"description", settings_.description},
              {"metadata", Json::object()},
              {"endpoints", std::move(endpoints)}}
      .dump();
}

std::string Service::stats() const {
  Json endpoints = Json::array();
  for (const auto& endpoint : settings_.endpoints) {
    const auto counts = endpoint.counts ? endpoint.counts() : EndpointCounts{};
    endpoints.push_back(
        {{"name", endpoint.name},
         {"subject", endpoint.subject},
         {"queue_group", endpoint.queue_group},
         {"num_requests", counts.requests},
         {"num_errors", counts.errors},
         {"last_error", ""},
         {"processing_time", counts.processing_ns},
         {"average_processing_time", counts.requests == 0 ? 0 : counts.processing_ns / counts.requests}});
  }
  return Json{{"type", "io.nats.micro.v1.stats_response"},
              {"name", settings_.name},
              {"id", settings_.id},
              {"version", settings_.version},
              {"metadata", Json::object()},
              {"started", started_at_},
              {"endpoints", std::move(endpoints)}}
      .dump();
}

}  // namespace noetl::service
