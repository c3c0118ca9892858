#include <doctest/doctest.h>

#include "shared/wire/subjects.hpp"

using namespace noetl::wire;

TEST_CASE("the default pool has NoETL v1's names and every other pool its own") {
  CHECK(commands_subject_of("default") == "noetl.commands");
  CHECK(commands_consumer_of("default") == "noetl-worker-pool");
  CHECK(commands_subject_of("gpu_1") == "noetl.commands.gpu_1");
  CHECK(commands_consumer_of("gpu_1") == "noetl-worker-pool-gpu_1");
  CHECK(dead_subject_of("default") == "noetl.dead.default");
  CHECK(commands_stream_subjects() == std::vector<std::string>{"noetl.commands", "noetl.commands.>"});
}

TEST_CASE("the lanes of a pool have names that no other pool can have") {
  CHECK(lane_subject_of("default", 0) == "noetl.commands");
  CHECK(lane_subject_of("default", 1) == "noetl.commands.default.lane1");
  CHECK(lane_subject_of("gpu_1", 0) == "noetl.commands.gpu_1");
  CHECK(lane_subject_of("gpu_1", 2, "jobs") == "jobs.gpu_1.lane2");
  CHECK(lane_consumer_of("noetl-worker-pool-gpu_1", 0) == "noetl-worker-pool-gpu_1");
  CHECK(lane_consumer_of("noetl-worker-pool-gpu_1", 2) == "noetl-worker-pool-gpu_1:lane2");
}

TEST_CASE("the pool of a consumer is told by its name, and what is none of ours has none") {
  for (const char* pool : {"gpu_1", "a-b", "x"}) {
    for (std::size_t lane = 0; lane < lanes; ++lane)
      CHECK(pool_of_consumer(lane_consumer_of(commands_consumer_of(pool), lane)) == pool);
  }
  CHECK(pool_of_consumer("hands-gpu_1:lane1", "hands") == "gpu_1");
  for (const char* other :
       {"noetl-worker-pool", "noetl-worker-pool:lane1", "noetl-worker-pool-", "noetl-worker-pool-x:lane0",
        "noetl-worker-pool-x:lane9", "noetl-worker-pool-x:mine", "noetl-worker-pool-x.y", "my-consumer", ""})
    CHECK_FALSE(pool_of_consumer(other));
}

TEST_CASE("who has many in line goes to a later lane") {
  CHECK(lane_of(0) == 0);
  CHECK(lane_of(99) == 0);
  CHECK(lane_of(100) == 1);
  CHECK(lane_of(9'999) == 1);
  CHECK(lane_of(10'000) == 2);
  CHECK(lane_of(5'000'000) == 2);
}

TEST_CASE("other names for the default pool give other names for every pool") {
  CHECK(commands_subject_of("default", "jobs") == "jobs");
  CHECK(commands_subject_of("gpu_1", "jobs") == "jobs.gpu_1");
  CHECK(commands_consumer_of("gpu_1", "hands") == "hands-gpu_1");
  CHECK(commands_stream_subjects("jobs") == std::vector<std::string>{"jobs", "jobs.>"});
  CHECK(advisories_stream_of("JOBS") == "JOBS_ADVISORIES");
  CHECK(advisories_subject_of("JOBS") == "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.JOBS.*");
}
