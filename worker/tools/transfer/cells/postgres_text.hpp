#pragma once
// A cell as the text that a column of Postgres takes, when the column keeps its value. Pure; any thread.
#include <optional>
#include <string>

#include "worker/tools/postgres/connection.hpp"
#include "worker/tools/transfer/cells/cell.hpp"

namespace noetl::tools::transfer {

// Nothing for null. invalid_input: Postgres would take it and round, cut or convert it, or it is of another kind.
[[nodiscard]] base::Result<std::optional<std::string>> postgres_text(const Cell& cell, const Column& source,
                                                                     const postgres::Types& types,
                                                                     const postgres::Column& target);

}  // namespace noetl::tools::transfer
