#pragma once
// What flows through a transfer: rows in chunks from a source to a target. Used by one thread; sources push,
// targets take, and nobody holds more than a chunk.
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "worker/tools/duckdb/duckdb_tool.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"
#include "worker/tools/results.hpp"
#include "worker/tools/tool.hpp"
#include "worker/tools/transfer/cells/cell.hpp"

namespace noetl::tools::transfer {

template <class T>
using Outcome = tl::expected<T, domain::ToolError>;

// What the transfer will not do, for the playbook to mend.
[[nodiscard]] inline domain::ToolError refusal(const std::string& message) {
  return error_of("invalid_input", message);
}

// The tools that do the work: connections, databases and requests are theirs.
struct Peers {
  Tool& http;
  PostgresTool& postgres;
  DuckdbTool& duckdb;
};

struct Chunk {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // in the order of the columns
};
using TakeChunk = std::function<Outcome<void>(Chunk)>;

// One end of a transfer: the call with the options of that end as its tool.
struct End {
  ToolCall call;
  std::string type;  // postgres, duckdb, http, csv, parquet, json
};

// Reads everything in chunks of at most so many rows; the first error of take() ends it.
[[nodiscard]] Outcome<void> read_source(const Peers& peers, const End& end, std::size_t rows_max,
                                        const TakeChunk& take);

class Target {
 public:
  virtual ~Target() = default;
  [[nodiscard]] virtual Outcome<void> take(const Chunk& chunk) = 0;
  // Makes what was taken lasting. A target that is not finished leaves nothing behind, but for http.
  [[nodiscard]] virtual Outcome<void> finish() = 0;
};
[[nodiscard]] Outcome<std::unique_ptr<Target>> open_target(const Peers& peers, const End& end);

[[nodiscard]] Outcome<std::unique_ptr<Target>> open_postgres(const Peers& peers, const ToolCall& call);
[[nodiscard]] Outcome<std::unique_ptr<Target>> open_duckdb(const Peers& peers, const ToolCall& call);
[[nodiscard]] Outcome<std::unique_ptr<Target>> open_file(const Peers& peers, const End& end);

// The file that an end names, below the root of files.
[[nodiscard]] base::Result<std::string> file_of(const Peers& peers, const std::string& path);
[[nodiscard]] bool is_file_type(std::string_view type);
// 'it''s' for SQL.
[[nodiscard]] std::string sql_text(std::string_view text);

}  // namespace noetl::tools::transfer
