// Where steps, and token calls of the server, may connect: not to this machine, a link, metadata or our own parts, however the
// address is spelt, and not by way of a redirect; and what goes along when one is followed.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <ifaddrs.h>

#include <array>

#include "tests/security/one_command.hpp"
#include "tests/support/peer.hpp"

using namespace noetl::support;
using Json = nlohmann::json;

namespace {

const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

// Nothing allowed, as a worker of an installation has it.
StackSettings strict() { return {.env = {{"NOETL_EGRESS_ALLOW", ""}}}; }

// `P` stands for the port.
// clang-format off
const std::vector<std::string> table{
    "http://127.0.0.1:P/", "http://127.0.0.2:P/", "http://127.255.255.254:P/", "http://127.1:P/", "http://127.0.1:P/",
    "http://2130706433:P/", "http://017700000001:P/", "http://0x7f000001:P/", "http://0x7F.0.0.1:P/",
    "http://0177.0.0.01:P/", "http://0x7f.1:P/", "http://127.0.0.1.:P/", "http://0:P/", "http://00:P/",
    "http://0x0:P/", "http://0.0.0.0:P/", "http://0.0.0.0.:P/", "http://0.1.2.3:P/", "http://localhost:P/",
    "http://LOCALHOST:P/", "http://LocalHost.:P/", "http://a.localhost:P/", "http://ip6-localhost:P/",
    "HTTP://127.0.0.1:P/", "hTTp://127.0.0.1:P/", "http://[::1]:P/", "http://[::]:P/", "http://[0:0:0:0:0:0:0:1]:P/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:P/", "http://[::ffff:127.0.0.1]:P/",
    "http://[::ffff:7f00:1]:P/", "http://[::FFFF:127.0.0.1]:P/", "http://[0:0:0:0:0:ffff:127.0.0.1]:P/",
    "http://[::ffff:0.0.0.0]:P/", "http://[::ffff:0:0]:P/", "http://[::127.0.0.1]:P/",
    "http://[64:ff9b::127.0.0.1]:P/", "http://[64:ff9b::7f00:1]:P/", "http://[64:ff9b:1::127.0.0.1]:P/",
    "http://[2002:7f00:1::]:P/", "http://[2002:7f00:0001::1]:P/", "http://[fe80::1]:P/", "http://[fe80::1%25lo]:P/",
    "http://[fe80::1%lo]:P/", "http://[::1%25lo]:P/", "http://[fec0::1]:P/",
    "http://169.254.169.254/latest/meta-data/", "http://169.254.1.1:P/", "http://0xa9fea9fe/", "http://2852039166/",
    "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[fd00:ec2::254]/",
    "http://[FD00:0EC2:0:0:0:0:0:254]/", "http://[fd20:ce::254]/", "http://100.100.100.200/", "http://192.0.0.192/",
    "http://168.63.129.16/", "http://169.254.170.2/v2/credentials", "http://224.0.0.1:P/", "http://240.0.0.1:P/",
    "http://255.255.255.255:P/", "http://[ff02::1]:P/", "http://user@127.0.0.1:P/", "http://user:word@127.0.0.1:P/",
    "http://example.com@127.0.0.1:P/", "http://example.com:80@127.0.0.1:P/", "http://127.0.0.1:P#@example.com/",
    "http://127.0.0.1:P?@example.com/", "http://127.0.0.1:P\\@example.com/", "http://example.com\\@127.0.0.1:P/",
    "http://127.0.0.1%2f:P/", "http://127.0.0.1\t:P/", "http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1:P/",
    "http://127\xE3\x80\x82" "0.0.1:P/", "http://[127.0.0.1]:P/", "http:127.0.0.1:P/", "http:///127.0.0.1:P/",
    "//127.0.0.1:P/", "file:///etc/passwd", "gopher://127.0.0.1:P/_x", "dict://127.0.0.1:P/x", "ftp://127.0.0.1:P/",
};
// clang-format on

std::vector<std::string> spellings() {
  std::vector<std::string> all = table;
  // What this machine is called from elsewhere.
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) == 0) {
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
      std::array<char, INET_ADDRSTRLEN> text{};
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text.data(), text.size());
      all.push_back("http://" + std::string(text.data()) + ":P/");
    }
    freeifaddrs(list);
  }
  return all;
}

std::string with_port(std::string text, int port) {
  for (std::size_t at = text.find(":P"); at != std::string::npos; at = text.find(":P", at + 1))
    text.replace(at + 1, 1, std::to_string(port));
  return text;
}

std::string playbook_with_token(const std::string& name, const std::string& entry) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: " + name + ", path: security/" + name +
         "}\nkeychain:\n  - " + entry +
         "\nworkflow:\n  - step: start\n    tool:\n      kind: python\n      input: {token: \"{{ keychain.k "
         "}}\"}\n"
         "      code: |\n        result = str(token)[::-1]\n";
}

}  // namespace

TEST_CASE("no spelling of an address of this machine, of a link or of metadata is reached by a step") {
  Peer peer(once(ok_head, "reached"));
  const Stack stack(strict());
  std::vector<Json> commands;
  std::vector<std::string> urls;
  for (const std::string& spelling : spellings()) {
    urls.push_back(with_port(spelling, peer.port()));
    commands.push_back({{"tool", {{"kind", "http"}, {"url", urls.back()}, {"timeout", 5}}}, {"max_attempts", 1}});
  }
  REQUIRE(commands.size() >= 60);

  const auto ids = stack.enqueue(commands);
  wait_until("all commands have ended", std::chrono::seconds(60),
             [&] { return stack.sql_number("select count(*) from noetl.queue where finished_at is null") == 0; });

  CHECK(peer.connections() == 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Json command = stack.api().get("/api/v2/commands/" + ids[i]).json();
    CAPTURE(urls[i]);
    CAPTURE(command.dump());
    CHECK(command.at("status") != "done");
    // Refused, not tried in vain: but for names that this machine's resolver does not know.
    const std::string why = complaint_of(command);
    const bool is_refused = why.find("may not be reached") != std::string::npos ||
                            why.find("the url ") != std::string::npos || why.find("resolve") != std::string::npos;
    CHECK(is_refused);
  }
}

TEST_CASE("postgres, nats, stores of objects, scripts and transfers are kept from this machine as http is") {
  Peer peer(once(ok_head, "reached"));
  const Stack stack(strict());
  const std::string port = std::to_string(peer.port());
  const std::vector<Json> tools{
      {{"kind", "postgres"},
       {"query", "select 1"},
       {"auth", {{"type", "postgres"}, {"db_host", "127.0.0.1"}, {"db_port", port}}}},
      {{"kind", "postgres"}, {"query", "select 1"}, {"connection_string", "postgresql://u:p@localhost:" + port + "/x"}},
      {{"kind", "postgres"},
       {"query", "select 1"},
       {"connection_string", "host=example.com hostaddr=127.0.0.1 port=" + port}},
      {{"kind", "postgres"},
       {"query", "select 1"},
       {"connection_string", "host=192.0.2.1,127.0.0.1 port=5432," + port}},
      {{"kind", "postgres"}, {"query", "select 1"}, {"connection_string", "host=/var/run/postgresql dbname=postgres"}},
      {{"kind", "postgres"}, {"query", "select 1"}, {"connection_string", "dbname=postgres"}},
      {{"kind", "postgres"}, {"query", "select 1"}, {"connection_string", "service=own host=192.0.2.1"}},
      {{"kind", "postgres"}, {"query", "select 1"}, {"connection_string", "passfile=/etc/hostname host=192.0.2.1"}},
      {{"kind", "nats"},
       {"operation", "publish"},
       {"subject", "x"},
       {"auth", {{"type", "nats"}, {"nats_url", "nats://127.0.0.1:" + port}}}},
      {{"kind", "nats"},
       {"operation", "publish"},
       {"subject", "x"},
       {"auth", {{"type", "nats"}, {"nats_url", "localhost:" + port}}}},
      {{"kind", "s3"},
       {"action", "get"},
       {"bucket", "b"},
       {"key", "k"},
       {"endpoint", peer.at("127.0.0.1")},
       {"credential", {{"token", "t"}}}},
      {{"kind", "gcs"},
       {"action", "get"},
       {"bucket", "b"},
       {"key", "k"},
       {"endpoint", peer.at("[::1]")},
       {"credential", {{"token", "t"}}}},
      {{"kind", "python"}, {"script", {{"uri", peer.at("127.0.0.1") + "/x.py"}, {"source", {{"type", "http"}}}}}},
      {{"kind", "transfer"},
       {"source", {{"type", "http"}, {"url", peer.at("localhost")}}},
       {"target", {{"type", "csv"}, {"path", "x.csv"}}}},
      {{"kind", "http"}, {"url", "http://192.0.2.1/"}, {"proxy", peer.at("127.0.0.1")}, {"timeout", 5}},
  };
  for (const Json& tool : tools) {
    CAPTURE(tool.dump());

    const Json command = ended_command(stack, tool);

    CAPTURE(command.dump());
    CHECK(command.at("status") != "done");
    CHECK(peer.connections() == 0);
    CHECK(complaint_of(command).find("timeout") == std::string::npos);
  }
}

TEST_CASE("a rule opens what it names, and a redirect leads nowhere else") {
  Peer closed(once(ok_head, "reached"));
  Peer open(once("HTTP/1.1 302 Found\r\nLocation: " + closed.at("127.0.0.1") + "/\r\n", ""));
  Peer plain(once(ok_head, "welcome"));
  const std::string allow = "127.0.0.1:" + std::to_string(open.port()) + ", localhost:" + std::to_string(plain.port());
  const Stack stack({.env = {{"NOETL_EGRESS_ALLOW", allow}}});

  const Json led = ended_command(stack, {{"kind", "http"}, {"url", open.at("127.0.0.1")}});
  const Json named = ended_command(stack, {{"kind", "http"}, {"url", plain.at("localhost")}});
  const Json unnamed = ended_command(stack, {{"kind", "http"}, {"url", plain.at("127.0.0.1")}});

  CHECK_MESSAGE(complaint_of(led).find("may not be reached") != std::string::npos, led.dump());
  CHECK(open.connections() == 1);
  CHECK(closed.connections() == 0);
  CHECK_MESSAGE(named.at("status") == "done", named.dump());
  CHECK_MESSAGE(complaint_of(unnamed).find("egress-allow") != std::string::npos, unnamed.dump());
}

TEST_CASE("a rule opens a NATS server that a step names, as it does a web server") {
  Stack stack;
  const Json publish{{"kind", "nats"},
                     {"operation", "publish"},
                     {"subject", "a"},
                     {"data", "x"},
                     {"auth", {{"type", "nats"}, {"nats_url", stack.nats().url()}}}};

  const Json sent = ended_command(stack, publish);

  CHECK_MESSAGE(sent.at("status") == "done", sent.dump());
}

TEST_CASE("to another origin go no header of the step and no body") {
  Peer other(once(ok_head, "end"));
  const std::string to = "Location: " + other.at("127.0.0.1") + "/taken\r\n";
  Peer moved(once("HTTP/1.1 302 Found\r\n" + to, ""));
  Peer kept(once("HTTP/1.1 307 Temporary Redirect\r\n" + to, ""));
  Peer with_user(
      once("HTTP/1.1 302 Found\r\nLocation: http://u:w@127.0.0.1:" + std::to_string(other.port()) + "/\r\n", ""));
  const Stack stack;
  const Json headers{{"X-Vault-Token", "t0ken-secret"},
                     {"apikey", "t0ken-secret"},
                     {"Private-Token", "t0ken-secret"},
                     {"Accept-Language", "sv"}};

  const Json followed = ended_command(stack, {{"kind", "http"}, {"url", moved.at("localhost")}, {"headers", headers}});
  const std::string heard = other.heard();
  const Json refused = ended_command(stack, {{"kind", "http"},
                                             {"method", "POST"},
                                             {"url", kept.at("localhost")},
                                             {"json", {{"client_secret", "t0ken-secret"}}}});
  const Json named = ended_command(stack, {{"kind", "http"}, {"url", with_user.at("localhost")}});

  CHECK_MESSAGE(followed.at("status") == "done", followed.dump());
  CHECK(moved.heard().find("t0ken-secret") != std::string::npos);
  CHECK(heard.find("GET /taken") != std::string::npos);
  CHECK(heard.find("t0ken-secret") == std::string::npos);
  CHECK(heard.find("sv") != std::string::npos);
  CHECK_MESSAGE(complaint_of(refused).find("another origin") != std::string::npos, refused.dump());
  CHECK_MESSAGE(complaint_of(named).find("user or a password") != std::string::npos, named.dump());
  CHECK(other.connections() == 1);
}

TEST_CASE("a token call reaches neither this machine nor, whatever is allowed, the server's own API") {
  Peer peer(once("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", R"({"access_token": "s3cret"})"));
  for (const char* allow : {"", "all"}) {
    CAPTURE(allow);
    const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", std::string(64, 'c')}, {"NOETL_EGRESS_ALLOW", allow}}});
    const std::string own = stack.api().url() + "/api/v2/queue";
    for (const std::string& endpoint : {own, peer.at("localhost") + "/token", peer.at("[::1]") + "/token"}) {
      CAPTURE(endpoint);
      const auto path = stack.register_playbook(playbook_with_token(
          "loop", "{name: k, kind: oauth2, endpoint: '" + endpoint + "', method: GET, map: {access_token: total}}"));

      const Json execution = stack.wait_for_execution(stack.execute(path, Json::object()));

      const bool is_allowed = std::string(allow) == "all" && endpoint != own;
      CHECK((execution.dump().find("may not be called from the server") != std::string::npos) == !is_allowed);
      CHECK_MESSAGE((is_allowed || execution.at("status") == "FAILED"), execution.dump());
    }
  }
  CHECK(peer.connections() == 2);
}

TEST_CASE("a token call has no line that its playbook did not name as a header") {
  Peer peer(once("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", R"({"access_token": "s3cret"})"));
  const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", std::string(64, 'c')}}});
  for (const char* headers :
       {R"({"X-A": "a\r\nX-Injected: 1"})", R"({"X-A: 1\r\nX-Injected": "1"})", R"({"X-A": "a\nX-Injected: 1"})",
        R"({"Content-Type": "text/plain\r\nX-Injected: 1"})", R"({"X A": "1"})"}) {
    CAPTURE(headers);
    const auto path = stack.register_playbook(
        playbook_with_token("lines", "{name: k, kind: oauth2, endpoint: '" + peer.at("127.0.0.1") +
                                         "/token', headers: " + headers + ", data: {a: b}}"));

    const Json execution = stack.wait_for_execution(stack.execute(path, Json::object()));

    CHECK_MESSAGE(execution.at("status") == "FAILED", execution.dump());
  }
  CHECK(peer.heard().find("X-Injected") == std::string::npos);
}
