#include <doctest/doctest.h>

#include "server/notify/group_backlog.hpp"

using noetl::notify::GroupBacklog;

TEST_CASE("a group goes back as its line grows, and comes forward when the lanes are empty") {
  GroupBacklog backlog;
  for (int i = 0; i < 100; ++i) CHECK(backlog.add("default", 1) == 0);
  for (int i = 100; i < 10'000; ++i) CHECK(backlog.add("default", 1) == 1);
  CHECK(backlog.add("default", 1) == 2);
  CHECK(backlog.add("default", 2) == 0);
  CHECK(backlog.add("other", 1) == 0);
  CHECK(backlog.groups() == 3);

  backlog.reconcile("default", {0, 0, 0});  // they have joined since, and what is said of the lanes may be older
  CHECK(backlog.groups() == 3);
  backlog.reconcile("default", {0, 0, 1});  // the last of its line still stands there
  CHECK(backlog.add("default", 1) == 2);
  CHECK(backlog.groups() == 2);
  backlog.reconcile("default", {0, 3, 0});
  CHECK(backlog.add("default", 1) == 2);  // ten thousand may be before it
  backlog.reconcile("default", {7, 0, 0});
  CHECK(backlog.add("default", 1) == 1);
  CHECK(backlog.add("default", 2) == 0);
  backlog.reconcile("default", {0, 0, 0});
  backlog.reconcile("default", {0, 0, 0});
  CHECK(backlog.groups() == 1);
  CHECK(backlog.add("default", 1) == 0);
}

TEST_CASE("groups without end are forgotten, those with short lines first") {
  GroupBacklog backlog;
  for (int i = 0; i < 200; ++i) (void)backlog.add("default", 0);
  for (std::uint64_t group = 1; group <= GroupBacklog::groups_max; ++group) (void)backlog.add("default", group);
  CHECK(backlog.groups() <= 2);
  CHECK(backlog.add("default", 0) == 1);
}
