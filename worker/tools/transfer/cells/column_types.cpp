#include "worker/tools/transfer/cells/column_types.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "worker/tools/transfer/cells/fit.hpp"

namespace noetl::tools::transfer {

namespace {

constexpr long width_max = 38;  // of DuckDB's DECIMAL

bool is_by_value(const std::string& declared) {
  return declared.empty() || declared == "NUMERIC" || declared == "HUGEINT" || declared == "UHUGEINT" ||
         declared.starts_with("DECIMAL(");
}

bool is_int64(std::string_view text) {
  const auto whole = whole_number(text);
  std::int64_t value = 0;
  return whole && std::from_chars(whole->data(), whole->data() + whole->size(), value).ec == std::errc{};
}

}  // namespace

ColumnTypes::ColumnTypes(std::vector<Column> columns, bool has_huge)
    : columns_(std::move(columns)), seen_(columns_.size()), has_huge_(has_huge) {}

void ColumnTypes::see(std::size_t column, const Cell& cell) {
  if (cell.shape == Cell::Shape::null || !is_by_value(columns_[column].declared)) return;
  Seen& seen = seen_[column];
  if (cell.shape == Cell::Shape::boolean) {
    seen.boolean = true;
  } else if (cell.shape == Cell::Shape::json) {
    seen.json = true;
  } else if (cell.shape != Cell::Shape::number) {
    seen.other = true;
  } else {
    seen.number = true;
    const auto decimal = decimal_of(cell.text);
    seen.special = seen.special || !decimal;
    if (!decimal) return;
    seen.all_int64 = seen.all_int64 && is_int64(cell.text);
    seen.all_doubles = seen.all_doubles && is_exact_double(cell.text);
    seen.whole_digits = std::max(seen.whole_digits, decimal->whole_digits());
    seen.scale = std::max(seen.scale, decimal->scale());
  }
}

std::string ColumnTypes::decimal(const Seen& seen, long width, long scale) const {
  scale = std::max(scale, seen.scale);
  if (seen.special || seen.whole_digits + scale > width_max) return "VARCHAR";
  return "DECIMAL(" + std::to_string(std::max(width, std::max(1L, seen.whole_digits + scale))) + "," +
         std::to_string(scale) + ")";
}

std::string ColumnTypes::of(std::size_t column) const {
  const std::string& declared = columns_[column].declared;
  const Seen& seen = seen_[column];
  // Parquet has no zone in a time, and of intervals no negative ones and no microseconds.
  if (!has_huge_ && (declared == "TIME WITH TIME ZONE" || declared == "INTERVAL")) return "VARCHAR";
  if (!is_by_value(declared)) return declared;
  if (declared.ends_with("HUGEINT")) return has_huge_ ? declared : decimal(seen, width_max, 0);
  if (declared == "NUMERIC") return decimal(seen, width_max, 0);
  if (!declared.empty())
    return decimal(seen, std::atol(declared.c_str() + 8), std::atol(declared.c_str() + declared.find(',') + 1));
  const int kinds = (seen.boolean ? 1 : 0) + (seen.number ? 1 : 0) + (seen.other ? 1 : 0) + (seen.json ? 1 : 0);
  if (kinds != 1 || seen.other) return "VARCHAR";
  if (seen.boolean) return "BOOLEAN";
  if (seen.json) return "JSON";
  if (seen.all_int64) return "BIGINT";
  if (seen.scale == 0 && seen.whole_digits <= width_max) return has_huge_ ? "HUGEINT" : decimal(seen, width_max, 0);
  return seen.all_doubles ? "DOUBLE" : decimal(seen, width_max, 0);
}

}  // namespace noetl::tools::transfer
