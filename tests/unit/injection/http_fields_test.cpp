// Every text of a step that becomes a part of an HTTP request, with texts that would break out of it: the peer gets the one
// request that was meant, or nothing and the step fails with invalid_input.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "server/vault/token_request.hpp"
#include "tests/support/line_peer.hpp"
#include "tests/unit/injection/wire.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/http/http_tool.hpp"
#include "worker/tools/objects/object_tool.hpp"
#include "worker/tools/script_source.hpp"

using namespace noetl;
using namespace noetl::injection;
using namespace noetl::tools;
using support::LinePeer;

namespace {

// Answers each request, as far as it can tell one, with an empty map; it never closes.
LinePeer http_peer() {
  return {
      "", [heard = std::string()](std::string_view piece) mutable {
        heard += piece;
        const std::size_t head_end = heard.find("\r\n\r\n");
        if (head_end == std::string::npos) return std::string();
        const std::size_t length_at = heard.find("Content-Length: ");
        const std::size_t length = length_at < head_end ? std::stoul(heard.substr(length_at + 16)) : 0;
        if (heard.size() < head_end + 4 + length) return std::string();
        heard.clear();
        return std::string(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"access_token\":\"t\"}");
      }};
}

// The kind of the error, or nothing.
using Act = std::function<std::optional<std::string>(const std::string& url, const std::string& text)>;
struct Field {
  std::string name;
  Act act;
};

std::optional<std::string> kind_of(const ToolResult& result) {
  return result.error ? std::optional(result.error->kind) : std::nullopt;
}

// A field of the http tool: `options` of a text.
Act http(std::function<Json(const std::string& url, const std::string& text)> options) {
  return [options = std::move(options)](const std::string& url, const std::string& text) {
    HttpTool tool({.limits = open_limits(), .connect_timeout = 5s, .redirects_max = 5});
    Json all{{"kind", "http"}, {"url", url + "/x"}};
    all.update(options(url, text));
    return kind_of(tool.run(call_of(std::move(all), Json::object(), 5s)));
  };
}

Act object(std::function<Json(const std::string& text)> options) {
  return [options = std::move(options)](const std::string& url, const std::string& text) {
    ObjectTool tool("s3", open_limits());
    Json all{{"kind", "s3"},
             {"action", "put"},
             {"bucket", "bucket"},
             {"key", "key"},
             {"content", "c"},
             {"endpoint", url},
             {"credential", {{"token", "t"}}}};
    all.update(options(text));
    return kind_of(tool.run(call_of(std::move(all), Json::object(), 5s)));
  };
}

Act script() {
  return [](const std::string& url, const std::string& text) -> std::optional<std::string> {
    HttpTool tool({.limits = open_limits(), .connect_timeout = 5s, .redirects_max = 5});
    const ScriptSource scripts({}, &tool);
    const Json source{{"uri", url + "/" + text}, {"source", {{"type", "http"}}}};
    const auto read = scripts.read(call_of({{"script", source}}, Json::object(), 5s));
    return read ? std::nullopt : std::optional(std::string(to_string(read.error().code)));
  };
}

Act token(std::function<void(vault::TokenRequest& request, const std::string& text)> set) {
  return [set = std::move(set)](const std::string& url, const std::string& text) -> std::optional<std::string> {
    vault::TokenRequest request;
    request.url = url + "/token";
    request.form = {{"a", "b"}};
    request.time_max = 5s;
    set(request, text);
    const auto answer = vault::request_token(request, support::open_reach()->egress);
    return answer ? std::nullopt : std::optional(std::string(to_string(answer.error().code)));
  };
}

std::vector<Field> url_fields() {
  return {{"url: path", http([](const auto& url, const auto& text) {
             return Json{{"url", url + "/" + text}};
           })},
          {"url: query", http([](const auto& url, const auto& text) {
             return Json{{"url", url + "/?q=" + text}};
           })},
          {"url: user", http([](const auto& url, const auto& text) {
             return Json{{"url", "http://" + text + ":p@" + url.substr(7)}};
           })},
          {"url: password", http([](const auto& url, const auto& text) {
             return Json{{"url", "http://u:" + text + "@" + url.substr(7)}};
           })},
          {"method", http([](const auto&, const auto& text) {
             return Json{{"method", text}};
           })},
          {"params", http([](const auto&, const auto& text) {
             return Json{{"params", text}};
           })},
          {"params: name", http([](const auto&, const auto& text) {
             return Json{{"params", {{text, "v"}}}};
           })},
          {"params: value", http([](const auto&, const auto& text) {
             return Json{{"params", {{"n", text}}}};
           })},
          {"params: list", http([](const auto&, const auto& text) {
             return Json{{"params", {{"n", {text, text}}}}};
           })},
          {"data.query", http([](const auto&, const auto& text) {
             return Json{{"data", {{"query", text}}}};
           })},
          {"data.query: name", http([](const auto&, const auto& text) {
             return Json{{"data", {{"query", {{text, "v"}}}}}};
           })},
          {"script: uri", script()}};
}

std::vector<Field> head_fields() {
  const auto auth = [](Json fields, const char* name) {
    return http([fields = std::move(fields), name](const auto&, const auto& text) {
      Json all = fields;
      all[name] = text;
      return Json{{"auth", all}};
    });
  };
  return {{"headers: name", http([](const auto&, const auto& text) {
             return Json{{"headers", {{text, "v"}}}};
           })},
          {"headers: value", http([](const auto&, const auto& text) {
             return Json{{"headers", {{"X-Own", text}}}};
           })},
          {"headers: cookie", http([](const auto&, const auto& text) {
             return Json{{"headers", {{"Cookie", "c=" + text}}}};
           })},
          {"headers: host", http([](const auto&, const auto& text) {
             return Json{{"headers", {{"Host", text}}}};
           })},
          {"headers: content-type", http([](const auto&, const auto& text) {
             return Json{{"method", "POST"}, {"payload", "x"}, {"headers", {{"Content-Type", text}}}};
           })},
          {"bearer: token", auth({{"type", "bearer"}}, "token")},
          {"basic: username", auth({{"type", "basic"}, {"password", "p"}}, "username")},
          {"basic: password", auth({{"type", "basic"}, {"username", "u"}}, "password")},
          {"api_key: value", auth({{"type", "api_key"}, {"header", "X-Key"}}, "value")},
          {"api_key: header", auth({{"type", "api_key"}, {"value", "v"}}, "header")},
          {"api_key in the query: value", auth({{"type", "api_key"}, {"in", "query"}, {"name", "k"}}, "value")},
          {"api_key in the query: name", auth({{"type", "api_key"}, {"in", "query"}, {"value", "v"}}, "name")},
          {"proxy: user", http([](const auto& url, const auto& text) {
             return Json{{"url", "http://192.0.2.1/x"}, {"proxy", "http://" + text + ":p@" + url.substr(7)}};
           })},
          {"proxy: password", http([](const auto& url, const auto& text) {
             return Json{{"url", "http://192.0.2.1/x"}, {"proxy", "http://u:" + text + "@" + url.substr(7)}};
           })}};
}

std::vector<Field> body_fields() {
  const auto post = [](std::function<Json(const std::string&)> options) {
    return http([options = std::move(options)](const auto&, const auto& text) {
      Json all = options(text);
      all["method"] = "POST";
      return all;
    });
  };
  const auto file = [post](const char* member) {
    return post([member](const auto& text) {
      Json one{{"content", "c"}};
      one[member] = text;
      return Json{{"files", {{"f", one}}}};
    });
  };
  return {{"payload", post([](const auto& text) {
             return Json{{"payload", text}};
           })},
          {"json", post([](const auto& text) {
             return Json{{"json", {{text, text}}}};
           })},
          {"form: text", post([](const auto& text) {
             return Json{{"form", text}};
           })},
          {"form: name", post([](const auto& text) {
             return Json{{"form", {{text, "v"}}}};
           })},
          {"form: value", post([](const auto& text) {
             return Json{{"form", {{"n", text}}}};
           })},
          {"files: field", post([](const auto& text) {
             return Json{{"files", {{text, {{"content", "c"}}}}}};
           })},
          {"files: form field", post([](const auto& text) {
             return Json{{"files", {{"f", {{"content", "c"}}}}}, {"form", {{text, "v"}}}};
           })},
          {"files: filename", file("filename")},
          {"files: content_type", file("content_type")},
          {"files: content", file("content")}};
}

std::vector<Field> object_fields() {
  const auto keys = [](const char* name) {
    return object([name](const auto& text) {
      Json credential{{"access_key", "id"}, {"secret_key", "s"}};
      credential[name] = text;
      return Json{{"credential", credential}};
    });
  };
  return {{"s3: bucket", object([](const auto& text) {
             return Json{{"bucket", text}};
           })},
          {"s3: key", object([](const auto& text) {
             return Json{{"key", text}};
           })},
          {"s3: uri", object([](const auto& text) {
             return Json{{"uri", "s3://bucket/" + text}};
           })},
          {"s3: region", object([](const auto& text) {
             return Json{{"region", text}};
           })},
          {"s3: content_type", object([](const auto& text) {
             return Json{{"content_type", text}};
           })},
          {"s3: token", object([](const auto& text) {
             return Json{{"credential", {{"token", text}}}};
           })},
          {"s3: access_key", keys("access_key")},
          {"s3: secret_key", keys("secret_key")},
          {"s3: session_token", keys("session_token")}};
}

std::vector<Field> token_fields() {
  return {{"token: url", token([](auto& request, const auto& text) { request.url += "/" + text; })},
          {"token: query", token([](auto& request, const auto& text) { request.url += "?a=" + text; })},
          {"token: method", token([](auto& request, const auto& text) { request.method = text; })},
          {"token: header name", token([](auto& request, const auto& text) {
             request.headers = {{text, "v"}};
           })},
          {"token: header value", token([](auto& request, const auto& text) {
             request.headers = {{"X-Own", text}};
           })},
          {"token: content-type", token([](auto& request, const auto& text) {
             request.headers = {{"Content-Type", text}};
           })},
          {"token: params name", token([](auto& request, const auto& text) {
             request.params = {{text, "v"}};
           })},
          {"token: params value", token([](auto& request, const auto& text) {
             request.params = {{"n", text}};
           })},
          {"token: form", token([](auto& request, const auto& text) {
             request.form = {{text, text}};
           })},
          {"token: user", token([](auto& request, const auto& text) { request.user = text; })},
          {"token: password", token([](auto& request, const auto& text) {
             request.user = "u";
             request.password = text;
           })}};
}

// No header and no part of a multipart body may have come from a text.
void check_sent(const std::string& heard) {
  const auto request = only_request(heard);
  REQUIRE_MESSAGE(request.has_value(), heard);
  std::set<std::string> names;
  for (const auto& [name, value] : request->headers) {
    CHECK_MESSAGE(names.insert(name).second, heard);
    CHECK_MESSAGE(name != "x-injected", heard);
  }
  CHECK_MESSAGE(request->target.find("/injected HTTP") == std::string::npos, heard);
  const auto type = std::find_if(request->headers.begin(), request->headers.end(),
                                 [](const auto& header) { return header.first == "content-type"; });
  if (type == request->headers.end() || !type->second.starts_with("multipart/form-data; boundary=")) return;
  // Head of a part: "name: value" lines, of two names alone. A part's content is the author's own.
  const std::string boundary = "--" + type->second.substr(30);
  for (std::size_t at = request->body.find(boundary + "\r\n"); at != std::string::npos;
       at = request->body.find(boundary + "\r\n", at + 1)) {
    const std::size_t begin = at + boundary.size() + 2;
    std::string_view head(request->body);
    head = head.substr(begin, request->body.find("\r\n\r\n", begin) - begin);
    int lines = 0;
    for (std::size_t from = 0; from <= head.size(); ++lines) {
      const std::size_t end = std::min(head.find("\r\n", from), head.size());
      const std::string_view line = head.substr(from, end - from);
      CHECK_MESSAGE((line.starts_with("Content-Disposition: form-data; name=\"") || line.starts_with("Content-Type: ")),
                    heard);
      CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
      const auto quotes = std::count(line.begin(), line.end(), '"');
      if (line.starts_with("Content-D"))
        CHECK((quotes == 2 || (quotes == 4 && line.find("\"; filename=\"") != std::string_view::npos)));
      from = end + 2;
    }
    CHECK(lines <= 2);
  }
}

void check_fields(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    CAPTURE(field.name);
    for (const std::string& text : hostile_texts()) {
      CAPTURE(text);
      LinePeer peer = http_peer();
      const auto kind = field.act("http://127.0.0.1:" + std::to_string(peer.port()), text);
      const std::string heard = peer.heard();
      if (kind) {
        // Before a '/' behind "http://" stands the host, whatever was meant: the url names another peer then, which is not there.
        const bool names_another = (field.name.starts_with("url: ") || field.name.starts_with("proxy: ")) &&
                                   text.find_first_of("/?#") != std::string::npos;
        CHECK((*kind == "invalid_input" || (names_another && *kind == "connection")));
        CHECK_MESSAGE(heard.empty(), heard);
        continue;
      }
      check_sent(heard);
    }
    LinePeer peer = http_peer();
    const auto plain = field.act("http://127.0.0.1:" + std::to_string(peer.port()), "plain");
    CHECK_MESSAGE(!plain.has_value(), plain.value_or(""));  // or the field was not tried at all
    CHECK_MESSAGE(peer.heard().find("HTTP/1.1") != std::string::npos, field.name);
  }
}

}  // namespace

TEST_CASE("no text in a url, a query or a method reaches a peer as anything else") { check_fields(url_fields()); }

TEST_CASE("no text in a header, a login or a key reaches a peer as anything else") { check_fields(head_fields()); }

TEST_CASE("no text in a body, a form or a file's names reaches a peer as anything else") {
  check_fields(body_fields());
}

TEST_CASE("no text of a store's object or of who asks reaches the store as anything else") {
  check_fields(object_fields());
}

TEST_CASE("no text of a token call reaches its endpoint as anything else") { check_fields(token_fields()); }

TEST_CASE("a query that was given as text arrives as the same pairs") {
  const std::pair<const char*, const char*> queries[] = {
      {"a=1&b=2", "/x?a=1&b=2"},     {"?a=1", "/x?a=1"},        {"q=a b", "/x?q=a%20b"},
      {"q=C#&r=1", "/x?q=C%23&r=1"}, {"q=100%", "/x?q=100%25"}, {"q=%20%zz%4", "/x?q=%20%25zz%254"},
      {"q=grün", "/x?q=gr%C3%BCn"},  {"q=a+b", "/x?q=a+b"},     {"", "/x"}};
  for (const auto& [query, target] : queries) {
    CAPTURE(query);
    LinePeer peer = http_peer();
    CHECK_FALSE(http([&, text = query](const auto&, const auto&) {
      return Json{{"params", text}};
    })("http://127.0.0.1:" + std::to_string(peer.port()), ""));
    CHECK(only_request(peer.heard())->target == target);
  }
}
