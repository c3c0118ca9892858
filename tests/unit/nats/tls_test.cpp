// TLS to a real nats-server that asks for a client certificate.
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>

#include "shared/nats/connection.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {

// Opening fails on settings alone: only an answer says that the server has accepted them.
bool answers(const nats::ConnectionSettings& settings, std::chrono::milliseconds patience) {
  const auto connection = nats::Connection::open(settings);
  return connection && (*connection)->wait_connected(patience) && (*connection)->flush(patience).has_value();
}

// A nats-server with more lines of configuration, or none.
class Server {
 public:
  Server(const support::Certificates& made, const std::string& tls) {
    support::write_text(made.file("nats.conf"), "listen: 127.0.0.1:" + std::to_string(port_) + "\n" + tls);
    process_ = std::make_unique<support::Process>(support::ProcessSettings{
        .command = {support::find_program("nats-server").string(), "-c", made.file("nats.conf")},
        .env = {},
        .log_file = made.file("nats.log"),
        .work_folder = {},
        .user = {}});
    support::wait_until("nats-server listens", 10s,
                        [&] { return process_->log().find("Server is ready") != std::string::npos; });
  }

  [[nodiscard]] nats::ConnectionSettings at(const std::string& scheme, const std::string& host) const {
    nats::ConnectionSettings settings;
    settings.url = scheme + "://" + host + ":" + std::to_string(port_);
    return settings;
  }
  static std::string tls(const support::Certificates& made, const std::string& more = {}) {
    return "tls { cert_file: \"" + made.file("server.pem") + "\", key_file: \"" + made.file("server.key") +
           "\", ca_file: \"" + made.file("ca.pem") + "\"" + more + " }\n";
  }

 private:
  const int port_ = support::free_port();
  std::unique_ptr<support::Process> process_;
};

}  // namespace

TEST_CASE("TLS: the authority is checked, and the client shows its certificate") {
  const support::Certificates made;
  const Server server(made, Server::tls(made, ", verify: true"));
  auto settings = server.at("nats", "127.0.0.1");
  settings.tls_ca_file = made.file("ca.pem");
  settings.tls_certificate_file = made.file("client.pem");
  settings.tls_key_file = made.file("client.key");

  CHECK(answers(settings, 5s));

  auto unknown_client = settings;
  unknown_client.tls_certificate_file.clear();
  unknown_client.tls_key_file.clear();
  CHECK_FALSE(answers(unknown_client, 500ms));
  auto other_authority = settings;
  other_authority.tls_ca_file = made.file("client.pem");
  CHECK_FALSE(answers(other_authority, 500ms));
  auto no_key = settings;
  no_key.tls_key_file = made.file("no-such-file");
  CHECK_FALSE(nats::Connection::open(no_key).has_value());
}

TEST_CASE("TLS: the certificate must name the host that was asked for") {
  const support::Certificates made;  // for 127.0.0.1
  const Server server(made, Server::tls(made));
  auto settings = server.at("tls", "127.0.0.1");
  settings.tls_ca_file = made.file("ca.pem");
  CHECK(answers(settings, 5s));

  auto other_name = server.at("tls", "localhost");
  other_name.tls_ca_file = made.file("ca.pem");

  CHECK_FALSE(answers(other_name, 500ms));
}

TEST_CASE("tls:// trusts the system's authorities, also beside one of our own") {
  const support::Certificates made;
  const Server server(made, Server::tls(made));
  CHECK_FALSE(answers(server.at("tls", "127.0.0.1"), 500ms));

  REQUIRE(setenv("SSL_CERT_FILE", made.file("ca.pem").c_str(), 1) == 0);  // what OpenSSL takes for the system's
  CHECK(answers(server.at("tls", "127.0.0.1"), 5s));
  CHECK(answers(server.at("TLS", "127.0.0.1"), 5s));
  const support::Certificates others;
  auto one_authority = server.at("tls", "127.0.0.1");
  one_authority.tls_ca_file = others.file("ca.pem");
  CHECK(answers(one_authority, 5s));  // nats.c adds to what the system has
  REQUIRE(unsetenv("SSL_CERT_FILE") == 0);
}

TEST_CASE("a server without TLS is refused by tls://, by an authority and by a certificate") {
  const support::Certificates made;
  const Server server(made, "");
  CHECK(answers(server.at("nats", "127.0.0.1"), 5s));

  CHECK_FALSE(answers(server.at("tls", "127.0.0.1"), 500ms));
  auto with_authority = server.at("nats", "127.0.0.1");
  with_authority.tls_ca_file = made.file("ca.pem");
  CHECK_FALSE(answers(with_authority, 500ms));
  auto with_certificate = server.at("nats", "127.0.0.1");
  with_certificate.tls_certificate_file = made.file("client.pem");
  with_certificate.tls_key_file = made.file("client.key");
  CHECK_FALSE(answers(with_certificate, 500ms));
  auto one_of_two = server.at("nats", "127.0.0.1");
  one_of_two.url += ",tls://127.0.0.1:1";
  CHECK_FALSE(answers(one_of_two, 500ms));
}
