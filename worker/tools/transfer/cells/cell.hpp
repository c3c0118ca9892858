#pragma once
// Cell: one value on its way, and Column: what its source declares. Values; pure functions; any thread. A number keeps
// its digits, JSON its text: nothing is read into a double on the way.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace noetl::tools::transfer {

struct Cell {
  enum class Shape : std::uint8_t {
    null,
    boolean,  // true or false
    number,  // its digits; NaN, Infinity
    text,
    bytes,
    json,  // the text of a map, a list, or, of a json column, of any JSON
    field,  // of a CSV: a text that the target's type reads
  };
  Shape shape = Shape::null;
  std::string text;
  std::string array;  // Postgres's own text of an array, which knows more than a list
};

struct Column {
  std::string name;
  std::string declared;  // the type as DuckDB names it; NUMERIC: decimals of any size; empty: the values say
};

// Cells of JSON that is parsed, and that is a text.
[[nodiscard]] Cell cell_of(const nlohmann::json& value);
[[nodiscard]] Cell cell_of_text(std::string_view json);

// The members of the text of a map, of which it is known that it is one; a name that comes twice counts once, the last.
[[nodiscard]] std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view json);
// The member or item at a dotted path below a cell; null where there is none.
[[nodiscard]] Cell cell_at(const Cell& cell, std::string_view path);

// As a text column and a CSV have it: bytes are base64.
[[nodiscard]] std::string plain_text(const Cell& cell);
// As a JSON file has it.
[[nodiscard]] std::string json_text(const Cell& cell);

}  // namespace noetl::tools::transfer
