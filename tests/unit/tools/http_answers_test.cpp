// What peers answer, byte for byte: packed bodies, charsets, cookies, trailers, interim answers, Retry-After.
#include "http_site.hpp"
#include "shared/base/text/base64.hpp"
#include "tests/support/packed.hpp"
#include "tests/support/peer.hpp"

using namespace noetl::tools;
using noetl::support::packed;
using noetl::support::Packing;
using noetl::support::Peer;
using namespace std::string_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\n";

ToolResult asked(const std::string& answer, Json more = Json::object(), ResultSource* results = nullptr) {
  Peer peer([&](std::size_t piece) { return piece == 0 ? answer : std::string(); });
  Json options{{"kind", "http"}, {"url", peer.at("127.0.0.1")}};
  options.update(more);
  ToolCall call = call_of(std::move(options), Json::object(), 10s);
  call.results = results;
  return tool().run(call);
}

Json result_of(const std::string& answer) {
  const ToolResult result = asked(answer);
  INFO("error: " << (result.error ? result.error->kind + ": " + result.error->message : "none"));
  REQUIRE_FALSE(result.error.has_value());
  return Json::parse(result.result);
}

std::string chunked(std::string_view body, std::size_t piece) {
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string_view part = body.substr(at, piece);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    text += size + std::string(part) + "\r\n";
  }
  return text + "0\r\n\r\n";
}

// The three ways in which an answer says where its body ends.
std::vector<std::string> framings(const std::string& head, const std::string& body) {
  return {head + "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body,
          head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 7), head + "Connection: close\r\n\r\n" + body};
}

std::string with_length(const std::string& headers, const std::string& body) {
  return framings(ok + headers, body).front();
}

class Results final : public ResultSource {
 public:
  noetl::base::Result<Json> fetch(const std::string& /*reference*/) override { return Json(); }
  noetl::base::Result<std::string> keep(std::string json) override {
    kept += json;
    return "noetl://results/1";
  }
  std::string kept;
};

}  // namespace

TEST_CASE("a packed answer comes whole, in every packing, member by member, however its end is said") {
  const std::string json = R"({"rows":[1,2,3],"text":")" + std::string(5000, 'x') + "\"}";
  const std::pair<const char*, std::string> bodies[] = {{"gzip", packed(json)},
                                                        {"x-gzip", packed(json)},
                                                        {"deflate", packed(json, Packing::zlib)},
                                                        {"deflate", packed(json, Packing::raw)},
                                                        {"gzip", packed(json.substr(0, 50)) + packed(json.substr(50))},
                                                        {"deflate, gzip", packed(packed(json, Packing::zlib))}};
  for (const auto& [coding, body] : bodies) {
    for (const auto& answer :
         framings(ok + "Content-Type: application/json\r\nContent-Encoding: " + coding + "\r\n", body)) {
      CAPTURE(coding);
      CHECK(result_of(answer)["data"]["rows"] == Json{1, 2, 3});
    }
  }
}

TEST_CASE("a packed body that is cut or damaged is an error that is tried again, and no part of it a result") {
  const std::string csv = [] {
    std::string rows;
    for (int i = 0; i < 3000; ++i) rows += std::to_string(i) + "," + std::to_string(i * i) + "\n";
    return rows;
  }();
  std::string wrong_sum = packed(csv);
  wrong_sum[wrong_sum.size() - 7] ^= 1;
  const auto cut = [](const std::string& bytes, std::size_t left_out) {
    return bytes.substr(0, bytes.size() - left_out);
  };
  const std::pair<const char*, std::string> bodies[] = {
      {"gzip", cut(packed(csv), packed(csv).size() / 2)},
      {"gzip", cut(packed(csv), 1)},
      {"gzip", packed(csv).substr(0, 1)},
      {"gzip", packed(csv).substr(0, 10)},
      {"gzip", packed(csv) + cut(packed(csv), 9)},
      {"deflate", cut(packed(csv, Packing::zlib), 5)},
      {"deflate", cut(packed(csv, Packing::raw), packed(csv, Packing::raw).size() / 2)},
      {"gzip", wrong_sum},
      {"gzip", packed(csv) + "and more"},
      {"gzip", csv}};
  for (const auto& [coding, body] : bodies) {
    for (const auto& answer : framings(ok + "Content-Type: text/csv\r\nContent-Encoding: " + coding + "\r\n", body)) {
      CAPTURE(coding);
      CAPTURE(body.size());
      const ToolResult result = asked(answer);
      REQUIRE(result.error.has_value());
      CHECK(result.error->kind == "connection");
      CHECK(result.error->is_retryable);
      CHECK(result.result.find("1,1") == std::string::npos);
    }
  }
}

TEST_CASE("a stream that is cut is kept under no reference") {
  Results results;
  const std::string body = packed(std::string(100'000, 'a'));
  const std::string answer =
      with_length("Content-Encoding: gzip\r\nContent-Type: text/csv\r\n", body.substr(0, body.size() - 3));

  const ToolResult result = asked(answer, {{"stream", true}}, &results);

  CHECK(error_kind(result) == "connection");
  CHECK(result.result.find("_ref") == std::string::npos);
  CHECK(results.kept.find("streamed") == std::string::npos);
}

TEST_CASE("a file that is packed, and says so in its type alone, comes as the bytes that it has") {
  const std::string file = packed("id,name\n1,one\n");

  const Json result = result_of(with_length("Content-Type: application/gzip\r\n", file));

  CHECK(result["data"].is_null());
  CHECK(result["body"].is_null());
  CHECK(noetl::base::base64_decoded(result["data_b64"].get<std::string>()) == file);
}

TEST_CASE("a coding that nobody asked for is named; the status of a failure counts more") {
  for (const char* coding : {"br", "zstd", "gzip, br", "identity"}) {
    CAPTURE(coding);
    const std::string headers = "Content-Encoding: "s + coding + "\r\n";
    const ToolResult result = asked(with_length(headers, "whatever"));
    CHECK(error_kind(result) == "unsupported");
    CHECK_FALSE(result.error->is_retryable);
    const std::string name = coding == "gzip, br"s ? "br" : coding;
    CHECK(result.error->message.find("'" + name + "'") != std::string::npos);
    CHECK(error_kind(asked("HTTP/1.1 404 Not Found\r\n" + with_length(headers, "x").substr(ok.size()))) == "not_found");
  }
  CHECK(error_kind(asked(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(packed("x"), 9))) == "unsupported");
  CHECK(result_of("HTTP/1.1 204 No Content\r\nContent-Encoding: br\r\n\r\n")["data"] == "");
}

TEST_CASE("a body in another charset is the same text, and what is no text is kept as its bytes") {
  const auto data = [](const std::string& type, const std::string& body) {
    return result_of(with_length("Content-Type: " + type + "\r\n", body))["data"];
  };
  CHECK(data("application/json; charset=iso-8859-1", "{\"n\": \"K\xF6k\"}") == Json{{"n", "Kök"}});
  CHECK(data("text/plain; charset=\"Windows-1252\"", "5 \x80") == "5 €");
  CHECK(data("text/csv; charset=utf-16",
             "\xFF\xFE"
             "K\0\xF6\0"s) == "Kö");
  CHECK(data("application/json",
             "\xFF\xFE[\0"
             "1\0]\0"s) == Json{1});
  CHECK(data("text/plain", "Kök") == "Kök");
  CHECK(data("Application/JSON", "[1]") == Json{1});

  const std::pair<const char*, std::string> others[] = {{"text/plain; charset=utf-8", "K\xF6k"},
                                                        {"text/plain", "K\xF6k"},
                                                        {"application/json", "{\"n\": \"K\xF6k\"}"},
                                                        {"text/plain; charset=no-such", "K\xF6k"},
                                                        {"text/plain; charset=ascii//IGNORE", "K\xF6k"},
                                                        {"image/png", "\x89PNG\r\n\x1A\n\0\0"s},
                                                        {"audio/mpeg",
                                                         "\xFF\xFE"
                                                         "ab"},
                                                        {"text/plain", "a\0b"s}};
  for (const auto& [type, body] : others) {
    CAPTURE(type);
    const Json result = result_of(with_length("Content-Type: "s + type + "\r\n", body));
    CHECK(result["data"].is_null());
    CHECK(noetl::base::base64_decoded(result["data_b64"].get<std::string>()) == body);
  }
}

TEST_CASE("a header in ISO-8859-1 or UTF-8 comes as its text") {
  const Json headers = result_of(with_length("X-Old: K\xF6k\r\nX-New: Kök\r\n", ""))["headers"];
  CHECK(headers["x-old"] == "Kök");
  CHECK(headers["x-new"] == "Kök");
}

TEST_CASE("cookies come as a list, one for each line, whatever is in them") {
  const Json headers =
      result_of(with_length("Set-Cookie: session=abc; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT\r\n"
                            "X-Two: a\r\nset-cookie: csrf=def,ghi\r\nX-Two: b\r\nSet-Cookie: long=1;\r\n  Path=/x\r\n",
                            ""))["headers"];
  CHECK(headers["set-cookie"] ==
        Json{"session=abc; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT", "csrf=def,ghi", "long=1; Path=/x"});
  CHECK(headers["x-two"] == "a, b");
  CHECK(result_of(with_length("Set-Cookie: one=1\r\n", ""))["headers"]["set-cookie"] == Json{"one=1"});
  CHECK_FALSE(result_of(with_length("", ""))["headers"].contains("set-cookie"));
}

TEST_CASE("trailers, interim answers, long lines, folded lines and lines that end with LF alone are read") {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  CHECK(
      result_of(ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n")["data"] ==
      "hi");
  for (const auto& interim :
       {hints, hints + hints, "HTTP/1.1 100 Continue\r\n\r\n"s, "HTTP/1.1 102 Processing\r\n\r\n"s}) {
    const Json result = result_of(interim + with_length("X-Own: 1\r\n", "hi"));
    CHECK(result["status_code"] == 200);
    CHECK(result["data"] == "hi");
    CHECK_FALSE(result["headers"].contains("link"));
  }
  CHECK(result_of(with_length("X-Long: " + std::string(40'000, 'a') + "\r\n", "hi"))["headers"]["x-long"]
            .get<std::string>()
            .size() == 40'000);
  CHECK(result_of(with_length("X-Folded: a\r\n b\r\n\tc\r\n", "hi"))["headers"]["x-folded"] == "a b c");
  const Json bare = result_of("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nhi");
  CHECK(bare["data"] == "hi");
  CHECK(bare["headers"]["content-type"] == "text/plain");
  CHECK(result_of("HTTP/1.0 200 OK\r\n\r\nhi")["data"] == "hi");
  CHECK(result_of(ok + "Transfer-Encoding: chunked\r\n\r\n2;name=value\r\nhi\r\n0\r\n\r\n")["data"] == "hi");
}

TEST_CASE("an answer without an end is an error that is tried again") {
  for (const auto& answer :
       {""s, "HTTP/1.1 200 OK\r\n"s, "HTTP/1.1 200 OK\r\nContent-Le"s, "HTTP/1.1 103 Early Hints\r\n\r\n"s,
        ok + "Content-Length: 5\r\n\r\nhi", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhi",
        ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbinary"s, "no HTTP at all\r\n\r\n"s}) {
    CAPTURE(answer);
    const ToolResult result = asked(answer);
    CHECK(error_kind(result) == "connection");
    if (result.error) CHECK(result.error->is_retryable);
  }
}

TEST_CASE("heads beyond the bound are refused in words") {
  for (const auto& headers :
       {"X-Long: " + std::string(90'000, 'a') + "\r\n", "X-Long: " + std::string(200'000, 'a') + "\r\n"})
    CHECK(error_kind(asked(with_length(headers, "hi"))) == "output_limit");
}

TEST_CASE("what a peer says of when to come again reaches the step's error") {
  const auto waits = [](const std::string& value) {
    const ToolResult result = asked("HTTP/1.1 503 Away\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(result.error.has_value());
    return result.error->retry_after;
  };
  CHECK(waits("1.5") == 1500ms);
  CHECK(waits("7") == 7000ms);
  CHECK(waits("99999999999999999999") == 24h);
  CHECK(waits("Sunday, 06-Nov-94 08:49:37 GMT") == 0ms);
  CHECK(waits("soon") == std::nullopt);
}

TEST_CASE("an error of a request says its method, its url with the query, and the beginning of the body") {
  const ToolResult result = tool().run(http("/status/500?page=2&api_key=s3cr3t"));

  REQUIRE(result.error);
  const Json details = Json::parse(result.error->details);
  CHECK(details["method"] == "GET");
  CHECK(details["url"] == site().url("/status/500?page=2&api_key=***"));
  CHECK(details["body"] == R"({"why":"asked for"})");
  const ToolResult params = tool().run(http("/status/404", {{"params", {{"page", 3}}}}));
  CHECK(Json::parse(params.error->details)["url"] == site().url("/status/404?page=3"));
}

TEST_CASE("an error of a request that was not answered says where it went") {
  const ToolResult result = tool().run(call_of({{"url", "http://127.0.0.1:1/items?page=7"}, {"method", "post"}}));

  REQUIRE(result.error);
  const Json details = Json::parse(result.error->details);
  CHECK(details["method"] == "POST");
  CHECK(details["url"] == "http://127.0.0.1:1/items?page=7");
  CHECK_FALSE(details.contains("body"));
}

TEST_CASE("what is no url is shown, without a login that it may have") {
  const auto message = [](const std::string& url) { return tool().run(call_of({{"url", url}})).error->message; };

  CHECK(message("api.example.com/items") ==
        "the url must begin with http:// or https://, found 'api.example.com/items'");
  CHECK(message("ftp://me:pass@host/x").find("'ftp://***@host/x'") != std::string::npos);
  CHECK(message("").find("is empty") != std::string::npos);
}
