#include "server/api/routes/query_check.hpp"

#include <nlohmann/json.hpp>

namespace noetl::api {
namespace {

tl::unexpected<base::Error> refused(std::string_view name, const std::string& problem) {
  return base::failure(base::ErrorCode::invalid_input, "query field '" + std::string(name) + "' " + problem,
                       std::string(name));
}

}  // namespace

base::Result<void> check_query(const Endpoint& endpoint, const Query& query, const schema::Checker& checker) {
  for (const auto& field : endpoint.query) {
    const auto [first, last] = query.equal_range(std::string(field.name));
    if (first == last && field.is_required) return refused(field.name, "is missing: " + std::string(field.summary));
    for (auto given = first; given != last; ++given) {
      if (given->second.empty()) return refused(field.name, "is empty: give it a value, or leave it out");
      if (field.type == "limit" || field.type == "flag") continue;  // QueryReader knows them
      const std::string subject = "query field '" + std::string(field.name) + "'";
      auto error = checker.check(field.type, given->second, {.subject = subject});
      if (!error) continue;
      error->field = field.name;
      return base::failure(std::move(*error));
    }
  }
  return {};
}

}  // namespace noetl::api
