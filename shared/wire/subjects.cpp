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
