// What may stand in a line of NATS' protocol, and what the line that greets the server says.
#include "shared/nats/subject.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/nats/connection.hpp"
#include "tests/support/line_peer.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using namespace std::string_literals;
using nats::Subject;
using nats::SubjectFilter;

TEST_CASE("a subject is tokens between dots, and a filter may have wildcards for whole ones") {
  for (const char* good : {"a", "a.b.c", "$KV.bucket.key", "_INBOX.x.1", "a-b_c.D:1/2", "grüße.日本", "a\"b.{}"}) {
    CAPTURE(good);
    CHECK(Subject::parse(good)->text() == good);
    CHECK(SubjectFilter::parse(good)->text() == good);
  }
  for (const char* filter : {"*", ">", "a.*", "a.*.c", "a.>", "*.*.>"}) {
    CAPTURE(filter);
    CHECK_FALSE(Subject::parse(filter));
    CHECK(SubjectFilter::parse(filter)->text() == filter);
  }
  for (const auto& bad : {""s, "."s, "a."s, ".a"s, "a..b"s, "a b"s, "a\tb"s, "a\rb"s, "a\nb"s, "a\0b"s, "a\x7F"s, " a"s,
                          "a "s, "a\r\nPUB b 1\r\nx"s, std::string(1025, 'a')}) {
    CAPTURE(bad);
    const auto subject = Subject::parse(bad);
    REQUIRE_FALSE(subject);
    CHECK(subject.error().code == base::ErrorCode::invalid_input);
    CHECK(subject.error().message.find_first_of("\r\n\t"s + '\0') == std::string::npos);
    CHECK_FALSE(SubjectFilter::parse(bad));
  }
  for (const char* bad : {"a*", "*a", "a.>.b", ">.a", "a.b>", "**"}) CHECK_FALSE(SubjectFilter::parse(bad));
}

TEST_CASE("names of streams, consumers, groups, buckets and keys have no character that leads out of their token") {
  CHECK(nats::check_name("stream", "NOETL_COMMANDS"));
  CHECK(nats::check_name("consumer", "noetl-worker-pool:lane1"));
  for (const auto& bad : {""s, "a b"s, "a.b"s, "a*"s, "a>"s, "a/b"s, "a\\b"s, "a\nb"s, "a\0b"s, std::string(256, 'a')})
    CHECK_FALSE(nats::check_name("stream", bad));
  CHECK(nats::check_bucket("Sessions_1-x"));
  for (const auto& bad : {""s, "a.b"s, "a b"s, "a\0b"s, "ü"s, std::string(253, 'a')})
    CHECK_FALSE(nats::check_bucket(bad));
  CHECK(nats::check_key("a/b.c=d_e-f"));
  for (const auto& bad : {""s, ".a"s, "a."s, "a..b"s, "a b"s, "a*"s, "a>"s, "a\0b"s, "a\r\n"s, "ü"s})
    CHECK_FALSE(nats::check_key(bad));
  CHECK(nats::check_header_value("message_id", "order 7, ünïcode"));
  for (const auto& bad : {"a\r\nb"s, "a\0"s, "a\tb"s, std::string(2000, 'a')})
    CHECK_FALSE(nats::check_header_value("message_id", bad));
}

TEST_CASE("a user, a password, a token and a name reach the server as they are, whatever is in them") {
  support::LinePeer peer = support::LinePeer::nats();
  nats::ConnectionSettings settings;
  settings.url = "nats://127.0.0.1:" + std::to_string(peer.port());
  settings.user = "us\"er\\";
  settings.password = R"(p"a\s"s,"pedantic":true)";
  settings.name = "na\"me";
  {
    const auto connection = nats::Connection::open(settings);
    REQUIRE(connection);
    REQUIRE((*connection)->wait_connected(5s));
  }
  const std::string heard = peer.heard();
  REQUIRE(heard.starts_with("CONNECT "));
  const auto said = nlohmann::json::parse(heard.substr(8, heard.find("\r\n") - 8));
  CHECK(said["user"] == settings.user);
  CHECK(said["pass"] == settings.password);
  CHECK(said["name"] == settings.name);
  CHECK(said["pedantic"] == false);
  CHECK(heard.substr(heard.find("\r\n")) == "\r\nPING\r\n");
}

TEST_CASE("settings of a connection that would break its lines are refused before anything is sent") {
  support::LinePeer peer = support::LinePeer::nats();
  nats::ConnectionSettings good;
  good.url = "nats://127.0.0.1:" + std::to_string(peer.port());
  for (const auto& bad : {"a\r\nPUB b 1\r\nx\r\n"s, "a\nb"s, "secret\n"s, "a\0b"s, "\x7F"s}) {
    for (auto place :
         {&nats::ConnectionSettings::user, &nats::ConnectionSettings::password, &nats::ConnectionSettings::token,
          &nats::ConnectionSettings::name, &nats::ConnectionSettings::url, &nats::ConnectionSettings::inbox_prefix}) {
      nats::ConnectionSettings settings = good;
      settings.user = "u";
      settings.*place = bad;
      const auto opened = nats::Connection::open(settings);
      REQUIRE_FALSE(opened);
      CHECK(opened.error().code == base::ErrorCode::invalid_input);
      if (place != &nats::ConnectionSettings::inbox_prefix)
        CHECK(opened.error().message.find("secret") == std::string::npos);
    }
  }
  nats::ConnectionSettings settings = good;
  settings.inbox_prefix = "a b";
  CHECK_FALSE(nats::Connection::open(settings));
  CHECK(peer.heard().empty());
}
