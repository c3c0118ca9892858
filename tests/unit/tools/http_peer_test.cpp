// How the http tool meets its peers: connections, credentials, files, proxies.
#include <mutex>
#include <set>

#include "http_site.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "worker/tools/script_source.hpp"

using namespace noetl::tools;

TEST_CASE("connections are kept for the next request to the same place") {
  HttpTool own({.limits = open_limits(), .connect_timeout = 10s, .redirects_max = 5});
  std::set<int> ports;
  httplib::Server server;
  std::mutex mutex;
  server.Get("/", [&](const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex);
    ports.insert(request.remote_port);
    response.set_content("ok", "text/plain");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::jthread thread([&] { server.listen_after_bind(); });
  const ToolCall call = call_of({{"kind", "http"}, {"url", "http://127.0.0.1:" + std::to_string(port)}});

  for (int i = 0; i < 4; ++i) CHECK(error_kind(own.run(call)) == "none");  // a server of this library keeps five

  CHECK(ports.size() == 1);
  server.stop();
}

TEST_CASE("a server that came back is reached although the kept connection is dead") {
  HttpTool own({.limits = open_limits(), .connect_timeout = 10s, .redirects_max = 5});
  const auto answer = [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok", "text/plain");
  };
  auto server = std::make_unique<httplib::Server>();
  server->Get("/", answer);
  const int port = server->bind_to_any_port("127.0.0.1");
  std::jthread thread([&] { server->listen_after_bind(); });
  const ToolCall call = call_of({{"kind", "http"}, {"url", "http://127.0.0.1:" + std::to_string(port)}});
  CHECK(error_kind(own.run(call)) == "none");
  server->stop();
  thread.join();
  server = std::make_unique<httplib::Server>();
  server->Get("/", answer);
  REQUIRE(server->bind_to_port("127.0.0.1", port));
  thread = std::jthread([&] { server->listen_after_bind(); });

  CHECK(error_kind(own.run(call)) == "none");

  server->stop();
}

TEST_CASE("files and fields go as multipart") {
  const Json answer = answer_of(
      http("/upload", {{"method", "POST"},
                       {"form", {{"who", "me"}}},
                       {"files",
                        {{"one", {{"filename", "a.txt"}, {"content", "x\ny"}, {"content_type", "text/plain"}}},
                         {"two", {{"content_b64", "AP8="}}}}}}));
  CHECK(answer["data"]["who"] == "me");
  CHECK(answer["data"]["one"] == "a.txt text/plain 3");
  CHECK(answer["data"]["two"] == "file application/octet-stream 2");
  CHECK(error_kind(tool().run(http("/upload", {{"method", "POST"}, {"files", {{"one", "/no/such/file"}}}}))) ==
        "invalid_input");
}

TEST_CASE("credentials are basic, bearer, or keys in a header or the query, by name or in place") {
  struct Source final : CredentialSource {
    noetl::base::Result<Credential> find(const std::string& name) override {
      return Credential{.name = name, .type = "bearer", .data = {{"token", "t0"}}};
    }
  } source;
  ToolCall named = http("/echo", {{"auth", "some"}});
  named.credentials = &source;

  CHECK(answer_of(named)["data"]["headers"]["authorization"] == "Bearer t0");
  CHECK(answer_of(http("/echo", {{"auth", {{"type", "api_key"}, {"value", "k"}}}}))["data"]["headers"]["x-api-key"] ==
        "k");
  const Json in_query =
      answer_of(http("/echo", {{"auth", {{"type", "api_key"}, {"name", "key"}, {"value", "k&"}, {"in", "query"}}}}));
  CHECK(in_query["data"]["params"]["key"] == Json{"k&"});
  CHECK(in_query["url"] == site().url("/echo"));
  CHECK(error_kind(tool().run(http("/echo", {{"auth", {{"type", "kerberos"}}}}))) == "invalid_input");
}

TEST_CASE("a compressed answer comes as what it says") {
  CHECK(answer_of(http("/zipped"))["data"]["text"].get<std::string>().size() == 20'000);
}

TEST_CASE("a proxy is asked instead of the host") {
  const Json answer =
      answer_of(call_of({{"kind", "http"}, {"url", "http://nowhere.invalid/echo?a=1"}, {"proxy", site().url("")}}));
  CHECK(answer["data"]["target"] == "http://nowhere.invalid/echo?a=1");
}

TEST_CASE("a status that was expected is no error") {
  CHECK(answer_of(http("/status/404", {{"expected_status", {404}}}))["status_code"] == 404);
  CHECK(error_kind(tool().run(http("/status/404", {{"expected_status", 409}}))) == "not_found");
}

TEST_CASE("a script is fetched from where its source says") {
  const ScriptSource scripts({}, &tool());
  const auto read = [&](const std::string& path) {
    return scripts.read(call_of(
        {{"script",
          {{"uri", "x.py"},
           {"source", {{"type", "http"}, {"endpoint", site().url(path)}, {"method", "GET"}, {"timeout", 5}}}}}}));
  };

  CHECK(*read("/text") == "plain text");
  CHECK(read("/status/404").error().code == noetl::base::ErrorCode::not_found);
  CHECK(read("/status/503").error().code == noetl::base::ErrorCode::unavailable);
}
