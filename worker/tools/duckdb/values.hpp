#pragma once
// Values of DuckDB's vectors as JSON. Used by one thread, on a chunk that it owns.
#include <memory>
#include <string>
#include <vector>

#include "worker/tools/decimal.hpp"
#include "worker/tools/duckdb/api.hpp"

namespace noetl::tools::duckdb {

// The type of a column with its inner types, read once for each statement.
struct ColumnType {
  Type id = Type::sqlnull;
  bool is_json = false;  // a VARCHAR that has JSON in it
  std::uint8_t width = 0;  // of decimals
  std::uint8_t scale = 0;  // of decimals
  Type internal = Type::sqlnull;  // of decimals and enums
  std::uint64_t array_size = 0;
  std::vector<std::string> names;  // members of a struct, words of an enum
  std::vector<ColumnType> inner;  // of lists, arrays, structs; key and value of maps
  // As SQL names it: DECIMAL(10,2), BIGINT[], …
  [[nodiscard]] std::string sql() const;
  // Empty, or the name of a type that has no JSON form here.
  [[nodiscard]] std::string unsupported() const;
};

// `type` stays the caller's.
[[nodiscard]] ColumnType column_type(const Api& api, Handle type);

// Appends the value of one row; null where it is not valid.
void append_json(const Api& api, std::string& to, const ColumnType& type, Handle vector, Index row, NumericAs numeric);

}  // namespace noetl::tools::duckdb
