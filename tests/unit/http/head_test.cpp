#include "shared/http/head.hpp"

#include <doctest/doctest.h>

using namespace noetl::http;

namespace {

// The status with which a head is refused; 0: it is read.
int status_of(const std::string& bytes) {
  HeadEnd end;
  const auto found = end.find(bytes);
  if (const auto* refused = std::get_if<Refused>(&found)) return refused->status;
  if (std::get<std::size_t>(found) == 0) return -1;  // its end has not come
  const auto read = read_head(std::string_view(bytes).substr(0, std::get<std::size_t>(found)));
  const auto* refused = std::get_if<Refused>(&read);
  return refused != nullptr ? refused->status : 0;
}

Head read(const std::string& bytes) {
  auto head = read_head(bytes);
  REQUIRE(std::holds_alternative<Head>(head));
  return std::get<Head>(head);
}

const std::string begin = "POST /a?b=1 HTTP/1.1\r\nHost: h\r\n";

}  // namespace

TEST_CASE("a head is read: method, target, headers, length") {
  const auto head =
      read("POST /a%20b?c=d HTTP/1.1\r\nHost: Example.org:1\r\nX-Y:  two words \r\nContent-Length: 12\r\n\r\n");

  CHECK(head.method == "POST");
  CHECK(head.raw_path() == "/a%20b");
  CHECK(head.query() == "c=d");
  CHECK(head.header("x-y") == "two words");
  CHECK(head.content_length == 12);
  CHECK(head.keeps_alive);
  CHECK(read("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n").keeps_alive == false);
  CHECK(read("GET / HTTP/1.0\r\n\r\n").keeps_alive == false);
  CHECK(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps_alive);
  CHECK(read(begin + "Transfer-Encoding: Chunked\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST_CASE("whatever two readers could understand differently is refused") {
  for (const std::string lines : {"Content-Length : 5\r\n",
                                  "Content-Length\t: 5\r\n",
                                  " X: 1\r\n",
                                  "X: 1\r\n folded\r\n",
                                  "X\r\n",
                                  ": 1\r\n",
                                  "X Y: 1\r\n",
                                  "Content-Length: 5\r\nContent-Length: 5\r\n",
                                  "Content-Length: 5, 5\r\n",
                                  "Content-Length: +5\r\n",
                                  "Content-Length: -5\r\n",
                                  "Content-Length: 0x5\r\n",
                                  "Content-Length: 5 5\r\n",
                                  "Content-Length: \r\n",
                                  "Content-Length: 99999999999999999999\r\n",
                                  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                  "Transfer-Encoding: gzip, chunked\r\n",
                                  "Transfer-Encoding: identity\r\n",
                                  "Transfer-Encoding: chunked;x\r\n",
                                  "Host: h\r\n",
                                  "X: a\rb\r\n",
                                  "X: a\x01\r\n",
                                  "X: a\x7F\r\n",
                                  "Host : x\r\n"}) {
    CAPTURE(lines);
    CHECK(status_of(begin + lines + "\r\n") == 400);
  }
  CHECK(status_of(begin + std::string("X: a\0b\r\n\r\n", 10)) == 400);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);  // no Host
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  for (const std::string line :
       {"GET /\r\n", "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n", "GET / HTTP/2.0\r\n", "GET / http/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n", "GET http://h/ HTTP/1.1\r\n", "GET * HTTP/1.1\r\n", "G@T / HTTP/1.1\r\n",
        "GET /\x80 HTTP/1.1\r\n", "GET /#a HTTP/1.1\r\n", "\r\n"}) {
    CAPTURE(line);
    CHECK(status_of(line + "Host: h\r\n\r\n") == 400);
  }
}

TEST_CASE("lines end with CR LF, and it is not waited for more when one does not") {
  CHECK(status_of("GET / HTTP/1.1\nHost: h\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\nX: y") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\rX") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\n\r") == -1);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == 0);
}

TEST_CASE("the end of a head is found whatever pieces it comes in") {
  const std::string bytes = begin + "X: 1\r\n\r\nbody";
  HeadEnd end;
  for (std::size_t size = 1; size < bytes.size() - 4; ++size)
    REQUIRE(std::get<std::size_t>(end.find(std::string_view(bytes).substr(0, size))) == 0);
  CHECK(std::get<std::size_t>(end.find(bytes)) == bytes.size() - 4);
}

TEST_CASE("a head has a bound in bytes and in headers") {
  CHECK(status_of("GET /" + std::string(head_bytes_max, 'x')) == 431);
  std::string many = begin;
  for (std::size_t i = 0; i < headers_max; ++i) many += "X: 1\r\n";
  CHECK(status_of(many + "\r\n") == 431);
}

TEST_CASE("a path means what its bytes say") {
  CHECK(std::get<std::string>(decode_path("/a%20b%C3%A4%25")) == "/a b\xC3\xA4%");
  for (const char* path : {"/a%2fb", "/a%2Fb", "/a%00", "/%6civez", "/%2e%2e/x", "/a%7e", "/a%5f", "/a%2d", "/a%39",
                           "/%", "/%2", "/%zz"}) {
    CAPTURE(path);
    CHECK(std::holds_alternative<Refused>(decode_path(path)));
  }
}

TEST_CASE("a query is fields") {
  const auto fields = std::get<QueryFields>(decode_query("a=1&b=x+y%2B&&c&a=2"));

  CHECK(fields == QueryFields{{"a", "1"}, {"b", "x y+"}, {"c", ""}, {"a", "2"}});
  for (const char* wrong : {"a=%zz", "a=1&=d", "="}) CHECK(std::holds_alternative<Refused>(decode_query(wrong)));
}

TEST_CASE("a host has a name and perhaps a port") {
  CHECK(host_name("LocalHost:8082") == "localhost");
  CHECK(host_name("[::1]:80") == "[::1]");
  CHECK(host_name("a.b") == "a.b");
  for (const char* host : {"a:", "a:b", "a:1:2", "::1", "[::1", "a:123456"}) CHECK(host_name(host).empty());
}
