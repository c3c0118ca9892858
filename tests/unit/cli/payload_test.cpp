#include "cli/payload.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/server_client.hpp"

namespace noetl::cli {
namespace {

using Json = nlohmann::json;

TEST_CASE("a payload is a JSON object, given as text or as a file") {
  const std::string file =
      std::filesystem::temp_directory_path() / ("noetl-payload-" + std::to_string(getpid()) + ".json");
  std::ofstream(file) << R"({"from": "file"})";

  CHECK(read_payload("").value() == Json::object());
  CHECK(read_payload(R"({"a": 1})").value() == Json{{"a", 1}});
  CHECK(read_payload("@" + file).value() == Json{{"from", "file"}});

  std::remove(file.c_str());
}

TEST_CASE("a payload that is no object, no JSON or no file is refused") {
  CHECK(read_payload("[1]").error().message == "payload: expected a JSON object, found array");
  CHECK(read_payload("[1]", "--tool").error().message == "--tool: expected a JSON object, found array");
  CHECK(read_payload(R"({"n": 340282366920938463463374607431768211456})").error().message.find("would be rounded") !=
        std::string::npos);
  CHECK_FALSE(read_payload("{").has_value());
  CHECK(read_payload("@/does/not/exist").error().code == base::ErrorCode::not_found);
  CHECK_FALSE(read_payload("@/tmp").has_value());
}

TEST_CASE("--set reaches into objects and reads JSON where it is JSON") {
  Json payload{{"kept", true}};

  for (const auto* assignment :
       {"name=world", "count=3", "a.b.c=[1,2]", "a.d=null", "text:=3", "empty=", "url=http://x/?a=b"}) {
    CAPTURE(assignment);
    CHECK(apply_setting(payload, assignment).has_value());
  }

  CHECK(payload == Json::parse(R"({"kept":true,"name":"world","count":3,"a":{"b":{"c":[1,2]},"d":null},
                                   "text":"3","empty":"","url":"http://x/?a=b"})"));
}

TEST_CASE("--set keeps a number that would be printed differently as text") {
  Json payload = Json::object();

  for (const auto* assignment :
       {"a=1.10", "b=1e5", "c=-0", "d=12345678901234567890123", "e=1.5", "f=00501", "g=18446744073709551615"})
    CHECK(apply_setting(payload, assignment).has_value());

  CHECK(payload == Json::parse(R"({"a":"1.10","b":"1e5","c":"-0","d":"12345678901234567890123","e":1.5,"f":"00501",
                                   "g":18446744073709551615})"));
}

TEST_CASE("--set without a key, or into something that is no object, is refused") {
  Json payload{{"a", 1}};

  for (const auto* assignment : {"", "novalue", "=1", ":=1", "a..b=1", ".a=1", "a.=1", "a.b=1"}) {
    CAPTURE(assignment);
    CHECK_FALSE(apply_setting(payload, assignment).has_value());
  }
}

TEST_CASE("a server's address may have a prefix, and NoETL's /api is not doubled") {
  CHECK(parse_server_url("http://h:1")->origin == "http://h:1");
  CHECK(parse_server_url("https://h/noetl/")->prefix == "/noetl");
  CHECK(parse_server_url("http://h:1/api")->prefix.empty());
  CHECK_FALSE(parse_server_url("h:1").has_value());
  CHECK_FALSE(parse_server_url("ftp://h").has_value());
}

}  // namespace
}  // namespace noetl::cli
