#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "shared/service/config_keys.hpp"

namespace noetl::service {
namespace {

using telemetry::LogLevel;

TEST_CASE("the log level of one program counts before that of all, and others' keys do not count") {
  const ConfigKeys keys{{"server.log_level", "error"}, {"worker.log_level", "warn"}, {"worker.w-1.log_level", "debug"}};

  CHECK(log_level_of(keys, "worker", "w-1").level == LogLevel::debug);
  CHECK(log_level_of(keys, "worker", "w-1").key == "worker.w-1.log_level");
  CHECK(log_level_of(keys, "worker", "w-2").level == LogLevel::warn);
  CHECK(log_level_of(keys, "server", "w-1").level == LogLevel::error);
  CHECK_FALSE(log_level_of({}, "server", "w-1").level.has_value());
}

TEST_CASE("a level that is none is a fault that names key, value and the levels") {
  const auto read = log_level_of({{"server.log_level", "loud"}}, "server", "s");

  CHECK_FALSE(read.level.has_value());
  REQUIRE(read.faults.size() == 1);
  CHECK(read.faults[0].key == "server.log_level");
  CHECK(read.faults[0].value == "loud");
  CHECK(read.faults[0].allowed == "trace, debug, info, warn, error, off");
}

TEST_CASE("pools are paused by true, left alone by what is neither, and every other key is a fault") {
  const auto read = pool_pauses_of({{"pool.a.paused", "true"},
                                    {"pool.b.paused", "false"},
                                    {"pool.c.paused", "yes"},
                                    {"pool.a.rate", "10"},
                                    {"pool.a.b.paused", "true"},
                                    {"pool." + std::string(65, 'p') + ".paused", "true"},
                                    {"server.s.log_level", "loud"}});

  CHECK(read.paused == std::set<std::string>{"a"});
  CHECK(read.unclear == std::set<std::string>{"c"});
  std::vector<std::string> keys;
  for (const auto& fault : read.faults) keys.push_back(fault.key);
  CHECK(keys == std::vector<std::string>{"pool.a.b.paused", "pool.a.rate", "pool.c.paused",
                                         "pool." + std::string(65, 'p') + ".paused"});
}

TEST_CASE("of a value a hundred bytes are told") {
  const auto read = pool_pauses_of({{"pool.a.paused", std::string(5000, 'x')}});

  CHECK(read.faults.at(0).value.size() == 100);
}

}  // namespace
}  // namespace noetl::service
