#pragma once
// check_query: the fields after the '?' of a URL, by the schemas that the endpoints table names for them. A field that the table
// does not have is left to QueryReader. Pure; any thread.
#include "server/api/routes/endpoints.hpp"
#include "shared/base/result.hpp"
#include "shared/schema/checker.hpp"

namespace noetl::api {

[[nodiscard]] base::Result<void> check_query(const Endpoint& endpoint, const Query& query,
                                             const schema::Checker& checker);

}  // namespace noetl::api
