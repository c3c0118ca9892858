// TLS to a real nats-server that asks for a client certificate.
#include <doctest/doctest.h>

#include "shared/nats/connection.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {

// An authority, a server and a client, all made anew.
class Certificates {
 public:
  Certificates() {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem");
    for (const std::string name : {"server", "client"}) {
      openssl("req -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " + name +
              ".csr");
      support::write_text(folder_.path() / "names", "subjectAltName=IP:127.0.0.1");
      openssl("x509 -req -days 2 -in " + name +
              ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out " + name + ".pem");
    }
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

 private:
  void openssl(const std::string& arguments) const {
    const auto program = support::find_program("openssl").string();
    support::run_program({.command = {"/bin/sh", "-c", program + " " + arguments},
                          .env = {},
                          .log_file = folder_.path() / "openssl.log",
                          .work_folder = folder_.path(),
                          .user = {}},
                         30s);
  }
  support::TemporaryFolder folder_{"noetl-tls"};
};

// Opening fails on settings alone: only an answer says that the server has accepted them.
bool answers(const nats::ConnectionSettings& settings, std::chrono::milliseconds patience) {
  const auto connection = nats::Connection::open(settings);
  return connection && (*connection)->wait_connected(patience) && (*connection)->flush(patience).has_value();
}

}  // namespace

TEST_CASE("TLS: the authority is checked, and the client shows its certificate") {
  const Certificates made;
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
