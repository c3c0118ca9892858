// Prints the events of executions, a line each. Killed and started again under the same name it goes on where it was, also when the
// stream has dropped events since: those it reads from the server.
//   NATS_URL=… SERVER_API_URL=… NOETL_TOKEN=… follow-events [name] [events]
#include <curl/curl.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <noetl/messaging.hpp>
#include <thread>

namespace messaging = noetl::messaging;
using messaging::FailureKind;
using nlohmann::json;

namespace {

std::atomic<bool> is_stopped{false};
std::atomic<int> events_left{0};  // 0: for ever

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

void show(const std::string& path, const json& event) {
  std::cout << event.at("event_id").get<std::string>() << ' ' << path << ' '
            << event.at("event_type").get<std::string>() << ' ' << event.at("execution_id").get<std::string>()
            << std::endl;
  if (events_left > 0 && --events_left == 0) is_stopped = true;
}

messaging::Result<json> get(const std::string& path) {
  std::string body;
  CURL* request = curl_easy_init();
  const std::string token = setting("NOETL_TOKEN", "");
  curl_slist* headers =
      token.empty() ? nullptr : curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str());
  curl_easy_setopt(request, CURLOPT_URL, (setting("SERVER_API_URL", "http://localhost:8082") + path).c_str());
  curl_easy_setopt(request, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(request, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(request, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(request, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(
      request, CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t, std::size_t count, void* into) {
        static_cast<std::string*>(into)->append(bytes, count);
        return count;
      });
  const CURLcode code = curl_easy_perform(request);
  curl_slist_free_all(headers);
  curl_easy_cleanup(request);
  auto answer = json::parse(body, nullptr, false);
  if (code != CURLE_OK || answer.is_discarded())
    return messaging::failure(FailureKind::connect, "GET " + path + ": " + curl_easy_strerror(code));
  return answer;
}

// The events that the stream has dropped, a page at a time; each page is done when its place is saved.
messaging::Result<void> catch_up(const messaging::Gap& gap) {
  if (gap.after.empty()) return {};
  for (std::string after = gap.after; !after.empty();) {
    const auto page =
        get("/api/v2/events?limit=500&after=" + after + (gap.before.empty() ? "" : "&before=" + gap.before));
    if (!page) return messaging::failure(page.error());
    for (const auto& one : page->at("events")) {
      show(one.at("path").is_null() ? "" : one.at("path").get<std::string>(), one.at("event"));
      after = one.at("position").get<std::string>();
    }
    if (!page->at("events").empty()) {
      if (auto saved = gap.save(after); !saved) return saved;
    }
    if (page->at("next_after").is_null()) return {};
  }
  return {};
}

int run(const std::string& name) {
  noetl::nats::ConnectionSettings nats;
  nats.url = setting("NATS_URL", "nats://127.0.0.1:4222");
  nats.name = name;
  const auto connection = messaging::connect(nats);
  if (!connection) {
    std::cerr << to_string(connection.error().kind) << ": " << connection.error().message << '\n';
    return 1;
  }
  const auto checkpoints = messaging::KeyValueCheckpointer::open(**connection, "follow-events");
  if (!checkpoints) {
    std::cerr << checkpoints.error().message << '\n';
    return 1;
  }
  messaging::Handlers handlers;
  handlers.on_others([](const messaging::Received& message) -> messaging::Result<void> {
    if (is_stopped) return messaging::failure(FailureKind::handler, "this program ends");  // not this one any more
    const auto event = message.envelope.json();
    if (!event) return messaging::failure(event.error());
    const auto path = message.subject.substr(0, message.subject.find('.', sizeof("noetl.events.") - 1));
    show(path.substr(sizeof("noetl.events.") - 1), *event);
    return {};
  });
  handlers.on_failure([](const messaging::Failure& failed) {
    if (!is_stopped) std::cerr << to_string(failed.kind) << ": " << failed.message << '\n';
  });
  messaging::StreamReaderSettings settings;
  settings.stream = "NOETL_EVENTS";
  settings.name = name;
  settings.mark_header = "Noetl-Position";
  settings.on_gap = catch_up;
  const auto reader = messaging::StreamReader::open(*connection, settings, **checkpoints, handlers);
  if (!reader) {
    std::cerr << to_string(reader.error().kind) << ": " << reader.error().message << '\n';
    return 1;
  }
  while (!is_stopped) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return (*reader)->close().has_value() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGINT, [](int) { is_stopped = true; });
  std::signal(SIGTERM, [](int) { is_stopped = true; });
  if (count > 2) events_left = std::atoi(words[2]);
  return run(count > 1 ? words[1] : "follow-events");
}
