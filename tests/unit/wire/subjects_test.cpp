#include <doctest/doctest.h>

#include "shared/wire/subjects.hpp"

using namespace noetl::wire;

TEST_CASE("the default pool has the seed's names and every other pool its own") {
  CHECK(commands_subject_of("default") == "noetl.commands");
  CHECK(commands_consumer_of("default") == "noetl-worker-pool");
  CHECK(commands_subject_of("gpu_1") == "noetl.commands.gpu_1");
  CHECK(commands_consumer_of("gpu_1") == "noetl-worker-pool-gpu_1");
  CHECK(dead_subject_of("default") == "noetl.dead.default");
  CHECK(commands_stream_subjects() == std::vector<std::string>{"noetl.commands", "noetl.commands.>"});
}
