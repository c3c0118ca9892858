// Logins by NKey, and how a connection comes back: against a real nats-server.
#include <doctest/doctest.h>

#include <memory>

#include "shared/nats/connection.hpp"
#include "shared/nats/nkey.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {
// Of the documentation of NATS.
const std::string seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const std::string public_key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

bool logs_in(const nats::ConnectionSettings& settings, std::chrono::milliseconds patience) {
  const auto connection = nats::Connection::open(settings);
  return connection && (*connection)->wait_connected(patience) && (*connection)->flush(patience).has_value();
}
}  // namespace

TEST_CASE("the public key of a seed is that of the NATS tools, and what is no seed of a user is refused unseen") {
  CHECK(nats::public_key_of_seed(seed).value() == public_key);
  auto wrong = seed;
  wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {wrong, public_key, seed.substr(0, 57), std::string("SUA"), std::string("SU" + std::string(56, '1'))}) {
    CAPTURE(text);
    const auto refused = nats::public_key_of_seed(text);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == base::ErrorCode::invalid_input);
    CHECK(refused.error().message.find(text) == std::string::npos);
  }
}

TEST_CASE("a login by NKey is accepted by the nats-server that knows the public key, and by no other") {
  const support::TemporaryFolder folder("noetl-nkey");
  const support::NatsServer server("authorization { users: [ { nkey: " + public_key + " } ] }\n");
  nats::ConnectionSettings settings;
  settings.url = server.url();
  CHECK_FALSE(logs_in(settings, 500ms));

  settings.nkey_seed_file = (folder.path() / "seed.nk").string();
  support::write_text(settings.nkey_seed_file, seed + "\n");
  CHECK(logs_in(settings, 5s));

  support::write_text(settings.nkey_seed_file, "nothing\n");
  CHECK(nats::Connection::open(settings).error().code == base::ErrorCode::not_found);
  settings.nkey_seed_file = "/nowhere";
  CHECK(nats::Connection::open(settings).error().message.find("/nowhere") != std::string::npos);
}

TEST_CASE("a connection comes back for ever, or is closed after as many attempts as it may make") {
  support::NatsServer server;
  nats::ConnectionSettings settings;
  settings.url = server.url();
  settings.reconnect_delay = 10ms;
  settings.reconnect_delay_max = 50ms;
  const auto patient = nats::Connection::open(settings).value();
  settings.reconnects_max = 3;
  const auto impatient = nats::Connection::open(settings).value();
  REQUIRE(patient->wait_connected(5s));
  REQUIRE(impatient->wait_connected(5s));

  server.stop();
  support::wait_until("one is closed", 10s, [&] { return impatient->is_closed(); });
  CHECK_FALSE(patient->is_closed());
  CHECK_FALSE(patient->is_connected());

  server.start();
  CHECK(patient->wait_connected(2s));
  CHECK(impatient->is_closed());
}
