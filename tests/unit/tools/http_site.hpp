#pragma once
// What the tests of the http tool share: a server with the answers that the cases need, and calls in one line.
#include <doctest/doctest.h>
#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "support.hpp"
#include "worker/tools/http_tool.hpp"

namespace noetl::tools {

// A server on a free port with the answers that the cases need; its slow routes end when it does.
class Site {
 public:
  Site() {
    add_plain_routes();
    add_awkward_routes();
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
  }
  ~Site() {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    closing_.notify_all();
    server_.stop();
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  void add_plain_routes() {
    const auto echo = [](const httplib::Request& request, httplib::Response& response) {
      Json headers = Json::object();
      for (const auto& [name, value] : request.headers) headers[name] = value;
      Json params = Json::object();
      for (const auto& [name, value] : request.params) params[name].push_back(value);
      response.set_content(Json{{"method", request.method},
                                {"headers", headers},
                                {"params", params},
                                {"body", request.body},
                                {"target", request.target}}
                               .dump(),
                           "application/json");
    };
    server_.Get("/echo", echo);
    server_.Post("/echo", echo);
    server_.Put("/echo", echo);
    server_.Delete("/echo", echo);
    server_.Get("/text",
                [](const auto&, auto& response) { response.set_content("plain \xFF text", "text/plain"); });
    server_.Get("/badjson",
                [](const auto&, auto& response) { response.set_content("{oops", "application/json"); });
    server_.Get("/status/(\\d+)", [](const httplib::Request& request, httplib::Response& response) {
      response.status = std::stoi(request.matches[1]);
      if (response.status == 429) response.set_header("Retry-After", "7");
      if (response.status == 503) response.set_header("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT");
      response.set_content(R"({"why":"asked for"})", "application/json");
    });
  }
  void add_awkward_routes() {
    server_.Get("/redirect",
                [](const auto&, auto& response) { response.set_redirect("/echo?from=redirect"); });
    server_.Post("/redirect",
                 [](const auto&, auto& response) { response.set_redirect("/echo?from=redirect"); });
    server_.Post("/redirect307", [](const auto&, auto& response) { response.set_redirect("/echo", 307); });
    server_.Get("/loop", [](const auto&, auto& response) { response.set_redirect("/loop"); });
    server_.Get("/elsewhere", [this](const auto&, auto& response) {
      response.set_redirect("http://localhost:" + std::to_string(port_) + "/echo");
    });
    server_.Get("/tofile", [](const auto&, auto& response) { response.set_redirect("file:///etc/passwd"); });
    server_.Get("/huge", [](const auto&, auto& response) {
      response.set_content(std::string(5'000'000, 'x'), "text/plain");
    });
    // What a proxy is asked for is a whole url.
    server_.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      if (!request.target.starts_with("http://")) return httplib::Server::HandlerResponse::Unhandled;
      response.set_content(Json{{"target", request.target}}.dump(), "application/json");
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.Get("/zipped", [](const auto&, auto& response) {
      response.set_content(Json{{"text", std::string(20'000, 'z')}}.dump(), "application/json");
    });
    server_.Post("/upload", [](const httplib::Request& request, httplib::Response& response) {
      Json seen = Json::object();
      for (const auto& [name, file] : request.files) {
        seen[name] = file.filename.empty() ? file.content
                                           : file.filename + " " + file.content_type + " " +
                                                 std::to_string(file.content.size());
      }
      response.set_content(seen.dump(), "application/json");
    });
    server_.Get("/hang", [this](const auto&, auto& response) {
      response.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
        return !closes_within(10ms) && sink.is_writable();
      });
    });
    server_.Get("/drip", [this](const auto&, auto& response) {
      response.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
        return !closes_within(10ms) && sink.write("x", 1);
      });
    });
  }

  // How slow a slow peer is; its end is not waited for.
  bool closes_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return closing_.wait_for(lock, time, [this] { return is_closing_; });
  }

  std::mutex mutex_;
  std::condition_variable closing_;
  bool is_closing_ = false;  // guarded by mutex_
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

inline Site& site() {
  static Site shared;
  return shared;
}

inline HttpTool& tool() {
  static HttpTool shared(
      {.limits = {.result_bytes_max = 1'000'000}, .connect_timeout = 10s, .redirects_max = 5});
  return shared;
}

inline ToolCall http(const std::string& path, Json more = Json::object(),
                     std::chrono::milliseconds within = 30s) {
  Json options{{"kind", "http"}, {"url", site().url(path)}};
  options.update(more);
  return call_of(std::move(options), Json::object(), within);
}

inline Json answer_of(const ToolCall& call) {
  const ToolResult result = tool().run(call);
  INFO("error: " << (result.error ? result.error->kind + ": " + result.error->message : "none"));
  REQUIRE(result.outcome == noetl::domain::Outcome::completed);
  return Json::parse(result.result);
}

}  // namespace noetl::tools
