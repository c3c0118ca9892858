#pragma once
// What Postgres gives as cells and columns of a transfer. Pure functions; any thread.
#include <string>
#include <string_view>

#include "worker/tools/postgres/connection.hpp"
#include "worker/tools/transfer/cells/cell.hpp"

namespace noetl::tools::transfer {

// The type that DuckDB has for a column of Postgres.
[[nodiscard]] std::string declared_type(const postgres::Types& types, const postgres::Column& column);
[[nodiscard]] Cell postgres_cell(const postgres::Types& types, postgres::TypeId id, std::string_view text);

}  // namespace noetl::tools::transfer
