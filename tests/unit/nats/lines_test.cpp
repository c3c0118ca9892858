#include <doctest/doctest.h>

#include "server/notify/lines.hpp"

using noetl::notify::Lines;

TEST_CASE("a group goes back as its line grows, and comes forward when the lanes are empty") {
  Lines lines;
  for (int i = 0; i < 100; ++i) CHECK(lines.join("default", 1) == 0);
  for (int i = 100; i < 10'000; ++i) CHECK(lines.join("default", 1) == 1);
  CHECK(lines.join("default", 1) == 2);
  CHECK(lines.join("default", 2) == 0);
  CHECK(lines.join("other", 1) == 0);
  CHECK(lines.groups() == 3);

  lines.settle("default", {0, 0, 0});  // they have joined since, and what is said of the lanes may be older
  CHECK(lines.groups() == 3);
  lines.settle("default", {0, 0, 1});  // the last of its line still stands there
  CHECK(lines.join("default", 1) == 2);
  CHECK(lines.groups() == 2);
  lines.settle("default", {0, 3, 0});
  CHECK(lines.join("default", 1) == 2);  // ten thousand may be before it
  lines.settle("default", {7, 0, 0});
  CHECK(lines.join("default", 1) == 1);
  CHECK(lines.join("default", 2) == 0);
  lines.settle("default", {0, 0, 0});
  lines.settle("default", {0, 0, 0});
  CHECK(lines.groups() == 1);
  CHECK(lines.join("default", 1) == 0);
}

TEST_CASE("groups without end are forgotten, those with short lines first") {
  Lines lines;
  for (int i = 0; i < 200; ++i) (void)lines.join("default", 0);
  for (std::uint64_t group = 1; group <= Lines::groups_max; ++group) (void)lines.join("default", group);
  CHECK(lines.groups() <= 2);
  CHECK(lines.join("default", 0) == 1);
}
