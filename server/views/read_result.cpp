#include "server/views/read_result.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/execution_table.hpp"

namespace noetl::views {

base::Result<std::string> read_result(dispatch::ServerContext& context, base::ResultId result_id) {
  std::map<base::ResultId, std::string> found;
  context.connections.run_one(
      [&](postgres::Session& session) { found = store::ExecutionTable(session).results({result_id}); });
  if (found.empty())
    return base::failure(base::ErrorCode::not_found, "no stored result has the id " + result_id.str(), "id");
  return std::move(found.begin()->second);
}

std::optional<base::ResultId> result_id_of(std::string_view reference) {
  constexpr std::string_view scheme = "noetl://result/";
  if (reference.starts_with(scheme)) reference.remove_prefix(scheme.size());
  const auto id = base::parse_id(reference);
  if (!id) return std::nullopt;
  return base::ResultId{*id};
}

}  // namespace noetl::views
