#include <future>

#include "http_site.hpp"
#include "shared/fetch/url.hpp"

using namespace noetl::tools;
using noetl::fetch::parse_url;
using noetl::fetch::resolve_url;

TEST_CASE("a JSON answer comes parsed, under both of its names, with status, headers and url") {
  const Json answer = answer_of(http("/echo", {{"params", {{"a", "1 &"}, {"b", {1, true}}, {"c", nullptr}}}}));

  CHECK(answer["status_code"] == 200);
  CHECK(answer["data"] == answer["body"]);
  CHECK(answer["data"]["method"] == "GET");
  CHECK(answer["data"]["params"] == Json{{"a", {"1 &"}}, {"b", {"1", "true"}}});
  CHECK(answer["headers"]["content-type"] == "application/json");
  CHECK(answer["url"] == site().url("/echo?a=1%20%26&b=1&b=true"));
  CHECK(answer["elapsed"].get<double>() >= 0);
}

TEST_CASE("a text answer stays text; JSON that is none stays text too") {
  CHECK(answer_of(http("/text"))["data"] == "plain text");
  CHECK(answer_of(http("/badjson"))["data"] == "{oops");
}

TEST_CASE("bodies are sent as asked for") {
  const auto echoed = [](Json options) {
    options["method"] = "post";
    return answer_of(http("/echo", options))["data"];
  };
  for (const char* option : {"payload", "json", "data", "body"}) {
    INFO(option);
    const Json echo = echoed({{option, {{"x", {1}}}}});
    CHECK(echo["method"] == "POST");
    CHECK(echo["body"] == R"({"x":[1]})");
    CHECK(echo["headers"]["content-type"] == "application/json");
  }
  CHECK(echoed({{"data", {{"query", {{"q", 1}}}, {"body", {{"b", 2}}}}}})["params"] == Json{{"q", {"1"}}});
  CHECK(echoed({{"data", {{"query", {{"q", 1}}}, {"body", {{"b", 2}}}}}})["body"] == R"({"b":2})");
  CHECK(echoed({{"payload", "just text"}})["headers"]["content-type"] == "text/plain; charset=utf-8");
  CHECK(echoed({{"form", {{"a", "x y"}, {"b", 2}}}})["params"] == Json{{"a", {"x y"}}, {"b", {"2"}}});
  CHECK(echoed({{"payload", "<a/>"}, {"headers", {{"Content-Type", "text/xml"}}}})["headers"]["content-type"] ==
        "text/xml");
}

TEST_CASE("headers, credentials and the trace context are sent") {
  ToolCall call = http("/echo", {{"headers", {{"X-Own", 5}}},
                                 {"auth", {{"type", "basic"}, {"username", "user"}, {"password", "pass"}}}});
  call.traceparent = "00-11-22-01";
  const Json headers = answer_of(call)["data"]["headers"];
  CHECK(headers["x-own"] == "5");
  CHECK(headers["authorization"] == "Basic dXNlcjpwYXNz");
  CHECK(headers["traceparent"] == "00-11-22-01");

  CHECK(
      answer_of(http("/echo", {{"auth", {{"type", "bearer"}, {"token", "t"}}}}))["data"]["headers"]["authorization"] ==
      "Bearer t");
  CHECK(answer_of(
            http("/echo",
                 {{"auth", {{"type", "api_key"}, {"header", "X-Key"}, {"value", "k"}}}}))["data"]["headers"]["x-key"] ==
        "k");
}

TEST_CASE("a repeated step passes its next page in its input") {
  ToolCall call = http("/echo", {{"params", {{"page", 1}}}});
  call.input = {{"params", {{"page", 2}}}};
  CHECK(answer_of(call)["data"]["params"]["page"] == Json{"2"});
}

TEST_CASE("a status that is not 2xx fails with its kind, and the answer is there") {
  const std::pair<int, const char*> kinds[] = {{400, "client_error"}, {401, "auth"},         {403, "auth"},
                                               {404, "not_found"},    {408, "client_error"}, {409, "client_error"},
                                               {422, "client_error"}, {425, "client_error"}, {429, "rate_limit"},
                                               {500, "server_error"}, {503, "server_error"}};
  for (const auto& [status, kind] : kinds) {
    INFO(status);
    const ToolResult result = tool().run(http("/status/" + std::to_string(status) + "?key=secret"));
    CHECK(error_kind(result) == kind);
    CHECK(result.error->status == status);
    CHECK(result.error->is_retryable == (status == 408 || status == 425 || status == 429 || status >= 500));
    CHECK(result.error->message.find("secret") == std::string::npos);
    CHECK(Json::parse(result.result)["data"]["why"] == "asked for");
    if (status == 429) CHECK(result.error->retry_after == 7000ms);
    if (status == 503) CHECK(result.error->retry_after == 0ms);
  }
}

TEST_CASE("redirects are followed as browsers do, or not when told so") {
  CHECK(answer_of(http("/redirect"))["data"]["params"]["from"] == Json{"redirect"});
  CHECK(answer_of(http("/redirect", {{"method", "POST"}, {"json", {{"a", 1}}}}))["data"]["method"] == "GET");
  CHECK(answer_of(http("/redirect307", {{"method", "POST"}, {"json", {{"a", 1}}}}))["data"]["body"] == R"({"a":1})");
  CHECK(answer_of(http("/redirect", {{"follow_redirects", false}}))["status_code"] == 302);
  CHECK(error_kind(tool().run(http("/loop"))) == "invalid_input");
  CHECK(error_kind(tool().run(http("/tofile"))) != "none");
}

TEST_CASE("what a step sends in its headers does not follow a redirect to another host") {
  const Json headers = answer_of(http(
      "/elsewhere", {{"auth", {{"type", "bearer"}, {"token", "t"}}},
                     {"headers", {{"Cookie", "c"}, {"X-Own", "x"}, {"Accept-Language", "sv"}}}}))["data"]["headers"];
  CHECK_FALSE(headers.contains("authorization"));
  CHECK_FALSE(headers.contains("cookie"));
  CHECK_FALSE(headers.contains("x-own"));  // any header may carry a key
  CHECK(headers["accept-language"] == "sv");
}

TEST_CASE("a key does not follow a redirect to another host, whatever its header is called") {
  const Json keys[] = {{{"type", "api_key"}, {"header", "X-Vendor-Token"}, {"value", "t"}},
                       {{"type", "header"}, {"header_name", "x-vendor-token"}, {"value", "t"}},
                       {{"type", "api_key"}, {"name", "X-VENDOR-TOKEN"}, {"value", "t"}}};
  for (const Json& auth : keys) {
    INFO(auth.dump());
    const Json here = answer_of(http("/echo", {{"auth", auth}}))["data"]["headers"];
    CHECK(here["x-vendor-token"] == "t");
    const Json elsewhere = answer_of(http("/elsewhere", {{"auth", auth}}))["data"]["headers"];
    CHECK_FALSE(elsewhere.contains("x-vendor-token"));
  }
}

TEST_CASE("an answer above the bound is refused") { CHECK(error_kind(tool().run(http("/huge"))) == "output_limit"); }

TEST_CASE("a server that hangs, or drips for ever, is a timeout") {
  for (const char* path : {"/hang", "/drip"}) {
    INFO(path);
    const auto began = std::chrono::steady_clock::now();
    const ToolResult result = tool().run(http(path, Json::object(), 300ms));
    CHECK(error_kind(result) == "timeout");
    CHECK(result.error->is_retryable);
    CHECK(std::chrono::steady_clock::now() - began < 2s);
  }
  CHECK(error_kind(tool().run(http("/hang", {{"timeout", 0.2}}))) == "timeout");
}

TEST_CASE("a stop aborts a request whenever it comes") {
  for (const auto after : {0ms, 1ms, 5ms, 50ms}) {
    std::stop_source source;
    ToolCall call = http("/hang");
    call.stop = source.get_token();
    auto running = std::async(std::launch::async, [&] { return tool().run(call); });
    (void)running.wait_for(after);
    const auto began = std::chrono::steady_clock::now();
    source.request_stop();
    CHECK(running.get().outcome == noetl::domain::Outcome::cancelled);
    CHECK(std::chrono::steady_clock::now() - began < 1s);
  }
}

TEST_CASE("a stop aborts a connection that is not made yet") {
  // An address that never answers (TEST-NET-1) or is refused at once where there is no route to it.
  std::stop_source source;
  ToolCall call = call_of({{"url", "http://192.0.2.1:81/"}});
  call.stop = source.get_token();
  auto running = std::async(std::launch::async, [&] { return tool().run(call); });
  (void)running.wait_for(50ms);
  const auto began = std::chrono::steady_clock::now();
  source.request_stop();
  CHECK(running.get().outcome != noetl::domain::Outcome::completed);
  CHECK(std::chrono::steady_clock::now() - began < 1s);
}

TEST_CASE("a refused connection is retryable and says so") {
  // Port 1 (tcpmux) is privileged and unused: nothing of a test can be given it.
  const ToolResult result = tool().run(call_of({{"url", "http://127.0.0.1:1/"}}));
  CHECK(error_kind(result) == "connection");
  CHECK(result.error->is_retryable);
}

TEST_CASE("a TLS handshake with a server that speaks none fails as a connection") {
  std::string url = site().url("/text");
  url.replace(0, 4, "https");
  CHECK(error_kind(tool().run(call_of({{"url", url}, {"verify_ssl", false}}, Json::object(), 5s))) == "connection");
}

TEST_CASE("options that make no request are refused") {
  const Json bad[] = {{{"kind", "http"}},
                      {{"url", "file:///etc/passwd"}},
                      {{"url", "gopher://x/"}},
                      {{"url", "http://"}},
                      {{"url", "http://a b/"}},
                      {{"url", "http://host:0/"}},
                      {{"url", "http://host:99999/"}},
                      {{"url", 5}},
                      {{"url", "http://127.0.0.1:1/"}, {"method", "GE T"}},
                      {{"url", "http://127.0.0.1:1/"}, {"headers", {{"A", "b\r\nC: d"}}}},
                      {{"url", "http://127.0.0.1:1/"}, {"headers", "x"}},
                      {{"url", "http://127.0.0.1:1/"}, {"auth", 5}},
                      {{"url", "http://127.0.0.1:1/"}, {"timeout", -1}},
                      {{"url", "http://127.0.0.1:1/"}, {"verify_ssl", "perhaps"}}};
  for (const Json& options : bad) {
    INFO(options.dump());
    CHECK(error_kind(tool().run(call_of(options))) == "invalid_input");
  }
}

TEST_CASE("urls are taken apart and put together") {
  const auto url = parse_url("HTTPS://us%40er:p%3Aw@Example.com:8443/a b?q=ü#frag");
  REQUIRE(url.has_value());
  CHECK(url->is_tls);
  CHECK(url->host == "Example.com");
  CHECK(url->user == "us@er");
  CHECK(url->password == "p:w");
  CHECK(url->target.text() == "/a%20b?q=%C3%BC");
  CHECK(url->text() == "https://Example.com:8443/a%20b?q=%C3%BC");
  CHECK(parse_url("http://[::1]:80?x")->text() == "http://[::1]/?x");

  const auto base = parse_url("http://h/a/b?c");
  CHECK(resolve_url(*base, "d")->text() == "http://h/a/d");
  CHECK(resolve_url(*base, "/d?e=http://x/")->text() == "http://h/d?e=http://x/");
  CHECK(resolve_url(*base, "?e")->text() == "http://h/a/b?e");
  CHECK(resolve_url(*base, "//other/d")->text() == "http://other/d");
  CHECK_FALSE(resolve_url(*base, "file:///x").has_value());
}

TEST_CASE("many requests at once get their own answers") {
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t, &wrong] {
        for (int i = 0; i < 50; ++i) {
          const std::string number = std::to_string(t * 100 + i);
          const ToolResult result = tool().run(http("/echo", {{"params", {{"n", number}}}}));
          if (result.error || Json::parse(result.result)["data"]["params"]["n"] != Json{number}) ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
}
