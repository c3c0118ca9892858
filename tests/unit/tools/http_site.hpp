#pragma once
// What the tests of the http tool share: a server with the answers that the cases need, and calls in one line.
#include <doctest/doctest.h>

#include "support.hpp"
#include "tests/support/local_http.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "worker/tools/http/http_tool.hpp"

namespace noetl::tools {

// A server on a free port with the answers that the cases need; its slow routes end when it does.
class Site {
 public:
  Site() {
    add_plain_routes();
    add_awkward_routes();
    http_.listen();
  }
  [[nodiscard]] std::string url(const std::string& path) const { return http_.url(path); }

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
    http_.server.Get("/echo", echo);
    http_.server.Post("/echo", echo);
    http_.server.Put("/echo", echo);
    http_.server.Delete("/echo", echo);
    http_.server.Get("/text", [](const auto&, auto& response) { response.set_content("plain text", "text/plain"); });
    http_.server.Get("/bytes",
                     [](const auto&, auto& response) { response.set_content("plain \xFF text", "text/plain"); });
    http_.server.Get("/badjson",
                     [](const auto&, auto& response) { response.set_content("{oops", "application/json"); });
    http_.server.Get("/status/(\\d+)", [](const httplib::Request& request, httplib::Response& response) {
      response.status = std::stoi(request.matches[1]);
      if (response.status == 429) response.set_header("Retry-After", "7");
      if (response.status == 503) response.set_header("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT");
      response.set_content(R"({"why":"asked for"})", "application/json");
    });
  }
  void add_awkward_routes() {
    http_.server.Get("/redirect", [](const auto&, auto& response) { response.set_redirect("/echo?from=redirect"); });
    http_.server.Post("/redirect", [](const auto&, auto& response) { response.set_redirect("/echo?from=redirect"); });
    http_.server.Post("/redirect307", [](const auto&, auto& response) { response.set_redirect("/echo", 307); });
    http_.server.Get("/loop", [](const auto&, auto& response) { response.set_redirect("/loop"); });
    http_.server.Get("/elsewhere", [this](const auto&, auto& response) {
      response.set_redirect("http://localhost:" + std::to_string(http_.port()) + "/echo");
    });
    http_.server.Get("/tofile", [](const auto&, auto& response) { response.set_redirect("file:///etc/passwd"); });
    http_.server.Get(
        "/huge", [](const auto&, auto& response) { response.set_content(std::string(5'000'000, 'x'), "text/plain"); });
    // What a proxy is asked for is a whole url.
    http_.server.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      if (!request.target.starts_with("http://")) return httplib::Server::HandlerResponse::Unhandled;
      response.set_content(Json{{"target", request.target}}.dump(), "application/json");
      return httplib::Server::HandlerResponse::Handled;
    });
    http_.server.Get("/zipped", [](const auto&, auto& response) {
      response.set_content(Json{{"text", std::string(20'000, 'z')}}.dump(), "application/json");
    });
    http_.server.Post("/upload", [](const httplib::Request& request, httplib::Response& response) {
      Json seen = Json::object();
      for (const auto& [name, file] : request.files) {
        seen[name] = file.filename.empty()
                         ? file.content
                         : file.filename + " " + file.content_type + " " + std::to_string(file.content.size());
      }
      response.set_content(seen.dump(), "application/json");
    });
    http_.server.Get("/hang", [this](const auto&, auto& response) {
      response.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
        return !http_.closes_within(10ms) && sink.is_writable();
      });
    });
    http_.server.Get("/drip", [this](const auto&, auto& response) {
      response.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
        return !http_.closes_within(10ms) && sink.write("x", 1);
      });
    });
  }

  support::LocalHttp http_;
};

inline Site& site() {
  static Site shared;
  return shared;
}

inline HttpTool& tool() {
  static HttpTool shared({.limits = open_limits(1'000'000), .connect_timeout = 10s, .redirects_max = 5});
  return shared;
}

inline ToolCall http(const std::string& path, Json more = Json::object(), std::chrono::milliseconds within = 30s) {
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
