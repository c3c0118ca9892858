#pragma once
// Request: what a postgres step asks for, read from its options: statements with their parameters, or rows for
// COPY. A value; reading a script may touch a file or the network, so not under a lock.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/postgres/sql/statements.hpp"
#include "worker/tools/postgres/sql/values.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools::postgres {

struct CopyRows {
  std::string table;  // quoted
  std::vector<std::string> columns;  // as written, not quoted
  Json rows;  // a list of lists in that order, or of maps
};

struct Request {
  std::vector<Statement> statements;
  std::optional<CopyRows> copy;  // instead of statements
  bool is_one_transaction = false;
  NumericAs numeric = NumericAs::exact;
};

// The text of the option `script`; invalid_input, not_found, …
using ScriptReader = std::function<base::Result<std::string>(const ToolCall&)>;

[[nodiscard]] base::Result<Request> request_of(const ToolCall& call, const ScriptReader& read_script);

}  // namespace noetl::tools::postgres
