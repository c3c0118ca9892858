#pragma once
// Whether a text keeps its value in a type: databases round and cut without a word. Pure functions; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace noetl::tools::transfer {

// The decimal that a text writes: 0.digits times ten to the power of `exponent`; without zeros at either end.
struct Decimal {
  bool is_negative = false;
  std::string digits;  // empty: zero
  long exponent = 0;
  [[nodiscard]] long scale() const;  // digits after the point
  [[nodiscard]] long whole_digits() const { return exponent > 0 ? exponent : 0; }
  bool operator==(const Decimal&) const = default;
};
[[nodiscard]] std::optional<Decimal> decimal_of(std::string_view text);

// The integer without point and exponent; nothing when it has a fraction or is none.
[[nodiscard]] std::optional<std::string> whole_number(std::string_view text);
// Does the nearest double (float) print as this number? NaN and Infinity do.
[[nodiscard]] bool is_exact_double(std::string_view text);
[[nodiscard]] bool is_exact_float(std::string_view text);

// How many digits a time has after its seconds, without zeros at the end.
[[nodiscard]] int fraction_digits(std::string_view moment);
// "+02:00", "Z", or empty.
[[nodiscard]] std::string_view zone_of(std::string_view moment);
[[nodiscard]] bool is_utc(std::string_view zone);
// Has it a time of day other than midnight?
[[nodiscard]] bool has_time(std::string_view moment);

// "0044-03-15 12:00:00 BC" as DuckDB reads it, "0044-03-15 (BC) 12:00:00".
[[nodiscard]] std::string duckdb_moment(std::string_view moment);
// An interval as Postgres or ISO 8601 write it, as DuckDB reads it; nothing when it is none.
[[nodiscard]] std::optional<std::string> duckdb_interval(std::string_view interval);

// The beginning of a value for a message.
[[nodiscard]] std::string shown(std::string_view value);

}  // namespace noetl::tools::transfer
