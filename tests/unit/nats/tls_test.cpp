// TLS to a real nats-server that asks for a client certificate.
#include <doctest/doctest.h>

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

}  // namespace

TEST_CASE("TLS: the authority is checked, and the client shows its certificate") {
  const support::Certificates made;
  const int port = support::free_port();
  support::write_text(made.file("nats.conf"),
                      "listen: 127.0.0.1:" + std::to_string(port) + "\ntls { cert_file: \"" +
                          made.file("server.pem") + "\", key_file: \"" + made.file("server.key") +
                          "\", ca_file: \"" + made.file("ca.pem") + "\", verify: true }\n");
  support::Process server(
      {.command = {support::find_program("nats-server").string(), "-c", made.file("nats.conf")},
       .env = {},
       .log_file = made.file("nats.log"),
       .work_folder = {},
       .user = {}});
  nats::ConnectionSettings settings;
  settings.url = "nats://127.0.0.1:" + std::to_string(port);
  settings.tls_ca_file = made.file("ca.pem");
  settings.tls_certificate_file = made.file("client.pem");
  settings.tls_key_file = made.file("client.key");
  support::wait_until("nats-server listens", 10s,
                      [&] { return server.log().find("Server is ready") != std::string::npos; });

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
