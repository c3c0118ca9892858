#include "shared/wire/subjects.hpp"

#include "shared/base/invariant.hpp"
#include "shared/domain/command.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

std::string joined(std::string_view prefix, char separator, std::string_view pool) {
  NOETL_INVARIANT(is_pool_name(pool), "a pool's name is checked before it becomes part of a subject");
  std::string name(prefix);
  name += separator;
  name += pool;
  return name;
}

}  // namespace

std::string commands_subject_of(std::string_view pool, std::string_view base) {
  return pool == domain::default_pool ? std::string(base) : joined(base, '.', pool);
}

std::string commands_consumer_of(std::string_view pool, std::string_view base) {
  return pool == domain::default_pool ? std::string(base) : joined(base, '-', pool);
}

std::optional<std::string> pool_of_consumer(std::string_view consumer, std::string_view base) {
  const std::string prefix = std::string(base) + "-";
  if (!consumer.starts_with(prefix)) return std::nullopt;
  const std::string pool(consumer.substr(prefix.size(), consumer.find(':') - prefix.size()));
  if (!is_pool_name(pool)) return std::nullopt;
  const std::string own = commands_consumer_of(pool, base);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    if (consumer == lane_consumer_of(own, lane)) return pool;
  }
  return std::nullopt;
}

std::size_t lane_of(std::uint64_t backlog, const LaneBacklogs& backlog_max) {
  std::size_t lane = 0;
  while (lane + 1 < lanes && backlog >= backlog_max[lane]) ++lane;
  return lane;
}

std::string lane_subject_of(std::string_view pool, std::size_t lane, std::string_view base) {
  if (lane == 0) return commands_subject_of(pool, base);
  return joined(base, '.', pool) + ".lane" + std::to_string(lane);
}

std::string lane_consumer_of(std::string_view consumer, std::size_t lane) {
  return lane == 0 ? std::string(consumer) : std::string(consumer) + ":lane" + std::to_string(lane);
}

std::string dead_subject_of(std::string_view pool) { return joined(dead_subject, '.', pool); }

std::vector<std::string> commands_stream_subjects(std::string_view base) {
  std::vector<std::string> subjects;
  subjects.emplace_back(base);
  subjects.push_back(std::string(base) + ".>");
  return subjects;
}

std::string advisories_stream_of(std::string_view stream) { return std::string(stream) + "_ADVISORIES"; }

std::string advisories_subject_of(std::string_view stream) {
  return "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + std::string(stream) + ".*";
}

std::vector<std::string> dead_stream_subjects() {
  std::vector<std::string> subjects;
  subjects.emplace_back("noetl.dead.>");
  return subjects;
}

}  // namespace noetl::wire
