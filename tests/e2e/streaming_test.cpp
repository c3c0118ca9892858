// A large body goes through the worker into the store of results, and from there into a file.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <httplib.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "tests/support/stack.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl::support;
using Json = nlohmann::json;

namespace {

constexpr std::size_t body_bytes = 5'000'003;

// Serves one body of that many bytes, each named by its place.
class Site {
 public:
  Site() {
    server_.Get("/large", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(body(), "application/octet-stream");
    });
    // So many MiB, made while they are sent.
    server_.Get("/mib/(\\d+)", [](const httplib::Request& request, httplib::Response& response) {
      const auto bytes = std::stoul(request.matches[1]) * 1024 * 1024;
      response.set_content_provider(
          bytes, "application/octet-stream", [](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            std::string piece(std::min<std::size_t>(length, 65536), static_cast<char>(offset / 65536));
            return sink.write(piece.data(), piece.size());
          });
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    wait_until("the site listens", std::chrono::seconds(10), [this] { return server_.is_running(); });
  }
  ~Site() { server_.stop(); }
  [[nodiscard]] std::string url(const std::string& path = "/large") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  static std::string body() {
    std::string bytes(body_bytes, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((i * 31 + i / 256) & 0xFF);
    return bytes;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

// The most memory that a process has had, in MiB.
int peak_mib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoi(line.substr(6)) / 1024;
  }
  return -1;
}

}  // namespace

// NOETL_TEST_STREAM_MIB says how much is streamed.
TEST_CASE("the memory of worker and server does not grow with the body") {
  const char* wanted = std::getenv("NOETL_TEST_STREAM_MIB");
  const int mib = wanted == nullptr ? 96 : std::stoi(wanted);
  const Site site;
  Stack stack;
  const std::string path = stack.register_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata:\n  name: long\n  path: e2e/long\nworkflow:\n"
      "  - step: start\n    tool: {kind: http, url: \"" +
      site.url("/mib/" + std::to_string(mib)) + "\", stream: true}\n");
  const int worker_before = peak_mib(stack.worker().pid());
  const int server_before = peak_mib(stack.server().pid());

  const auto began = std::chrono::steady_clock::now();
  const std::string execution_id = stack.execute(path, Json::object());
  const Json execution = stack.wait_for_execution(execution_id, std::chrono::minutes(3));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  REQUIRE_MESSAGE(execution.at("status") == "COMPLETED", execution.dump());
  const int worker = peak_mib(stack.worker().pid()) - worker_before;
  const int server = peak_mib(stack.server().pid()) - server_before;
  MESSAGE(mib << " MiB in " << took.count() << " s; peak memory: worker " << worker_before << " + " << worker
              << " MiB, server " << server_before << " + " << server << " MiB");
  CHECK(stack.sql_number("select count(*) from noetl.result where execution_id = " + execution_id) == mib + 1);
  // A sanitizer keeps freed memory back.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(worker < 48);
  CHECK(server < 48);
#endif
}

TEST_CASE(
    "a streamed body is kept with its execution, read by a later step, and its reference stands in the "
    "result") {
  const Site site;
  const Stack stack;
  const auto file = stack.folder().path() / "large.bin";
  const std::string path = stack.register_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata:\n  name: streams\n  path: e2e/streams\nworkflow:\n"
      "  - step: start\n    tool: {kind: http, url: \"" +
      site.url() +
      "\", stream: true}\n"
      "    next: [{step: save}]\n"
      "  - step: save\n    tool: {kind: artifact, result_ref: \"{{ start._ref }}\", path: \"" +
      file.string() + "\"}\n");

  const std::string execution_id = stack.execute(path, Json::object());
  const Json execution = stack.wait_for_execution(execution_id);

  REQUIRE_MESSAGE(execution.at("status") == "COMPLETED", execution.dump());
  CHECK(std::filesystem::file_size(file) == body_bytes);
  std::ifstream stream(file, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(stream), {}) == Site::body());
  CHECK(stack.sql_number("select count(*) from noetl.result where execution_id = " + execution_id) == 6);
}

TEST_CASE("a plain command cannot keep a body, and says what to do instead") {
  const Site site;
  const Stack stack;
  const std::string id =
      stack.enqueue({{{"tool", {{"kind", "http"}, {"url", site.url()}, {"stream", true}}}, {"max_attempts", 1}}})
          .front();
  Json command;
  wait_until("its end", std::chrono::seconds(20), [&] {
    command = stack.api().get("/api/v2/commands/" + id).json();
    return command.at("status") == "dead";
  });
  CHECK(command.at("error").at("kind") == "unsupported");
  CHECK(command.at("error").at("message").get<std::string>().find("Run it as a step of a playbook") !=
        std::string::npos);
}

TEST_CASE("only who runs a command keeps something with it") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const std::string path = stack.register_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata:\n  name: one\n  path: e2e/one\nworkflow:\n"
      "  - step: start\n    tool: {kind: noop}\n");
  const std::string execution_id = stack.execute(path, Json::object());
  const auto api = stack.api();
  REQUIRE(api.post("/api/v2/workers", {{"worker_id", "hand"}}).status == 200);
  const auto id = std::to_string(stack.sql_number("select queue_id from noetl.queue"));
  const auto keep = [&](int epoch) {
    return api.post("/api/v2/results",
                    {{"worker_id", "hand"}, {"queue_id", id}, {"epoch", epoch}, {"value", {{"a", 1}}}});
  };

  CHECK(keep(1).json().at("code") == "lease_lost");
  REQUIRE(api.post("/api/v2/commands/" + id + "/claim", {{"worker_id", "hand"}}).status == 200);
  const auto kept = keep(1);
  REQUIRE(kept.status == 201);
  CHECK(api.get("/api/v2/results/" + kept.json().at("id").get<std::string>()).json() == Json{{"a", 1}});
  CHECK(keep(2).status == 409);
  CHECK(stack.sql_number("select count(*) from noetl.result where execution_id = " + execution_id) == 1);
}
