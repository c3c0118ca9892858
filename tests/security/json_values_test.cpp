// JSON from outside is bounded by its values before a tree is made of it: a tree takes up to thirty times its text.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

long memory_kib(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  }
  return -1;
}

void forget_peak(pid_t pid) { std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5"; }

std::string maps(std::size_t bytes) {
  std::string text;
  text.reserve(bytes + 3);
  while (text.size() < bytes) text += "{},";
  return text + "{}";
}

// The longest that /livez took while `act` ran.
template <class Act>
std::chrono::milliseconds slowest_livez(const Stack& stack, const Act& act) {
  std::atomic<bool> is_over = false;
  std::chrono::steady_clock::duration slowest{0};
  std::thread asking([&] {
    while (!is_over) {
      const auto begun = std::chrono::steady_clock::now();
      CHECK(stack.api().get("/livez").status == 200);
      slowest = std::max(slowest, std::chrono::steady_clock::now() - begun);
      std::this_thread::yield();
    }
  });
  act();
  is_over = true;
  asking.join();
  return std::chrono::duration_cast<std::chrono::milliseconds>(slowest);
}

// A peer that answers every request with the same JSON.
class Answering {
 public:
  explicit Answering(std::string body) {
    server_.Get("/", [body = std::move(body)](const httplib::Request&, httplib::Response& response) {
      response.set_content(body, "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    serving_ = std::thread([this] { server_.listen_after_bind(); });
    wait_until("the peer", 5s, [&] { return server_.is_running(); });
  }
  ~Answering() {
    server_.stop();
    serving_.join();
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread serving_;
};

HttpAnswer post_or_closed(const Stack& stack, const std::string& path, const std::string& body) {
  try {
    return stack.api().post_raw(path, body);
  } catch (const HttpFailed&) {
    return {.status = 413, .body = {}, .headers = {}};  // the server refused by the length alone and closed
  }
}

}  // namespace

TEST_CASE("28 MiB of empty maps cost a stranger's request its refusal, and the server nothing") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const std::string large = maps(28UL << 20);
  const std::string medium = maps(7UL << 20);
  const pid_t server = stack.server().pid();
  REQUIRE(stack.api().post("/api/v2/commands", {{"tool", {{"kind", "noop"}}}}).status == 201);
  const long idle = memory_kib(server, "VmRSS");
  // What this machine needs when the server has nothing else to do.
  const auto usual = slowest_livez(stack, [&] {
    for (int i = 0; i < 200; ++i) static_cast<void>(stack.api().get("/readyz"));
  });

  struct Attack {
    std::string path, body;
    long more_mib_max;
  };
  const std::string report = R"({"worker_id":"w","events":[)";
  const Attack attacks[] = {
      {"/api/v2/execute", R"({"path":"p","payload":{"x":[)" + large + "]}}", 20},
      {"/api/v2/commands", R"({"commands":[)" + large + "]}", 20},
      {"/api/v2/execute", R"({"path":"p","payload":{"x":[)" + medium + "]}}", 20},
      {"/api/v2/commands", R"({"commands":[)" + medium + "]}", 20},
      {"/api/v2/commands", R"({"tool":{"kind":"noop"},"input":{"x":[)" + medium + "]}}", 20},
      {"/api/v2/execute/batch", R"({"executions":[)" + medium + "]}", 20},
      // A report may be that large, as text: what it has to hold, and nothing for a tree.
      {"/api/v2/events", report + large + "]}", 28 + 20},
      {"/api/v2/events",
       report + R"({"queue_id":"1","epoch":1,"name":"command.completed","payload":{"result":[)" + large + "]}}]}",
       28 + 20},
  };
  for (const auto& [path, body, more_mib_max] : attacks) {
    CAPTURE(path);
    CAPTURE(body.size());
    forget_peak(server);

    HttpAnswer answer;
    const auto livez = slowest_livez(stack, [&] { answer = post_or_closed(stack, path, body); });

    CHECK_MESSAGE((answer.status >= 400 && answer.status < 500), answer.status, answer.body);
    CHECK(memory_kib(server, "VmHWM") - idle < more_mib_max * 1024);
    CHECK(livez < 50ms + 2 * usual);
  }
}

TEST_CASE("honest batches and results of many values go on working") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});
  Json input = Json::object();
  for (int i = 0; i < 40; ++i) input["field_" + std::to_string(i)] = i;
  std::vector<Json> commands(10'000, Json{{"tool", {{"kind", "noop"}}}, {"input", input}, {"delay", 3600}});
  std::string python = "result = [{'id': i, 'name': 'n'} for i in range(150000)]";

  const auto enqueued = stack.api().post("/api/v2/commands", {{"commands", commands}});
  CHECK_MESSAGE(enqueued.status == 201, enqueued.body.substr(0, 500));
  CHECK(enqueued.json().at("count") == 10'000);

  const auto rows = stack.enqueue({{{"tool", {{"kind", "python"}, {"code", python}}}}}).front();
  wait_until("the rows", 30s,
             [&] { return stack.api().get("/api/v2/commands/" + rows).json().at("status") == "done"; });
}

TEST_CASE("a result of more values than a worker may hold fails with a kind that says so") {
  // An http peer whose answer is small as text.
  Answering many("[" + maps(4UL << 20) + "]");
  const Stack stack(StackSettings{.workers = 1, .env = {}});
  const Json python{{"tool", {{"kind", "python"}, {"code", "result = [{}] * 2500000"}}}, {"max_attempts", 1}};

  const Json peer{{"tool", {{"kind", "http"}, {"url", "http://127.0.0.1:" + std::to_string(many.port()) + "/"}}},
                  {"max_attempts", 1}};
  for (const auto& id : stack.enqueue({python, peer})) {
    Json command;
    wait_until("the end of " + id, 60s, [&] {
      command = stack.api().get("/api/v2/commands/" + id).json();
      return command.at("status") == "dead" || command.at("status") == "done";
    });
    CHECK(command.at("status") == "dead");
    CHECK_MESSAGE(command.at("error").at("kind") == "output_limit", command.at("error").dump());
    CHECK(command.at("error").at("message").get<std::string>().find("values") != std::string::npos);
  }
}
