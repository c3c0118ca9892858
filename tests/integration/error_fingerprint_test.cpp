// What errors of one cause have in common.
#include "server/attempts/error_fingerprint.hpp"

#include <doctest/doctest.h>

#include <string>

using noetl::attempts::error_fingerprint;
using noetl::attempts::normalised_message;

TEST_CASE("numbers, times and addresses do not count") {
  CHECK(normalised_message("connection to 10.0.0.7:5432 refused after 3.1s") == "connection to # refused after #s");
  CHECK(normalised_message("line 17, column 3") == "line #, column #");
  CHECK(normalised_message("at 2026-01-31T12:00:00Z: late") == "at #T#Z: late");
  CHECK(normalised_message("GET https://peer:8443/a?b=1 answered 503") == "GET <address> answered #");
}

TEST_CASE("ids and hexadecimal texts do not count, words do") {
  CHECK(normalised_message("order 550e8400-e29b-41d4-a716-446655440000 is unknown") == "order # is unknown");
  CHECK(normalised_message("commit 3f2a9c01d4 at 0x7ffe12") == "commit # at #");
  CHECK(normalised_message("the facade decade failed") == "the facade decade failed");
  CHECK(normalised_message("user-42 and item_7b") == "user-# and item_#b");
}

TEST_CASE("quoted texts and paths do not count, apostrophes open nothing") {
  CHECK(normalised_message("no such file: '/tmp/a/7'") == "no such file: '*'");
  CHECK(normalised_message("cannot open /var/lib/x.csv.") == "cannot open <path>.");
  CHECK(normalised_message(R"(KeyError: "name" in `row`)") == "KeyError: '*' in '*'");
  CHECK(normalised_message("the peer doesn't answer, it's gone") == "the peer doesn't answer, it's gone");
  CHECK(normalised_message("open 'quote") == "open 'quote");
}

TEST_CASE("blanks are one blank, and what follows a long beginning does not count") {
  CHECK(normalised_message("  a \n\t b  ") == "a b");
  CHECK(normalised_message("") == "");
  const std::string beginning(600, 'y');
  CHECK(normalised_message(beginning + "1") == normalised_message(beginning + "2 more"));
  CHECK(normalised_message(std::string(100'000, '\'')).size() <= 512);
}

TEST_CASE("the same message of another tool or kind is another cause") {
  const auto one = error_fingerprint("http", "timeout", "took 5s");

  CHECK(one.size() == 16);
  CHECK(one == error_fingerprint("http", "timeout", "took 17s"));
  CHECK(one != error_fingerprint("http", "server_error", "took 5s"));
  CHECK(one != error_fingerprint("python", "timeout", "took 5s"));
}
