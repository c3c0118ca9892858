#pragma once
// ColumnTypes: the types of a table that a transfer makes, from what the source declares and, where it declares
// nothing, from all values that come: as narrow as all of them allow. One thread.
#include <string>
#include <vector>

#include "worker/tools/transfer/cells/cell.hpp"

namespace noetl::tools::transfer {

class ColumnTypes {
 public:
  // `has_huge`: a table of DuckDB, not Parquet, where integers of 128 bits become doubles.
  ColumnTypes(std::vector<Column> columns, bool has_huge);
  void see(std::size_t column, const Cell& cell);
  // The SQL name of the type that holds everything seen.
  [[nodiscard]] std::string of(std::size_t column) const;

 private:
  struct Seen {
    bool boolean = false;
    bool number = false;
    bool other = false;
    bool json = false;
    bool special = false;  // NaN and the like
    bool all_int64 = true;
    bool all_doubles = true;
    long whole_digits = 0;
    long scale = 0;
  };
  [[nodiscard]] std::string decimal(const Seen& seen, long width, long scale) const;
  std::vector<Column> columns_;
  std::vector<Seen> seen_;
  bool has_huge_;
};

}  // namespace noetl::tools::transfer
