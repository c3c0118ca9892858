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

TEST_CASE("other names for the default pool give other names for every pool") {
  CHECK(commands_subject_of("default", "jobs") == "jobs");
  CHECK(commands_subject_of("gpu_1", "jobs") == "jobs.gpu_1");
  CHECK(commands_consumer_of("gpu_1", "hands") == "hands-gpu_1");
  CHECK(commands_stream_subjects("jobs") == std::vector<std::string>{"jobs", "jobs.>"});
  CHECK(advisories_stream_of("JOBS") == "JOBS_ADVISORIES");
  CHECK(advisories_subject_of("JOBS") == "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.JOBS.*");
}
