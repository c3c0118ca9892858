#include "worker/tools/transfer/cells/postgres_cell.hpp"

namespace noetl::tools::transfer {

// The type that DuckDB has for a column of Postgres.
std::string declared_type(const postgres::Types& types, const postgres::Column& column) {
  namespace type = postgres::type;
  const postgres::Type known = types.of(column.type);
  if (known.element != 0) return "JSON";
  switch (known.id) {
    case type::boolean: return "BOOLEAN";
    case type::int2: return "SMALLINT";
    case type::int4: return "INTEGER";
    case type::int8: return "BIGINT";
    case type::oid: return "UINTEGER";
    case type::float4: return "FLOAT";
    case type::float8: return "DOUBLE";
    case type::bytea: return "BLOB";
    case type::date: return "DATE";
    case type::time: return "TIME";
    case type::timetz: return "TIME WITH TIME ZONE";
    case type::timestamp: return "TIMESTAMP";
    case type::timestamptz: return "TIMESTAMP WITH TIME ZONE";
    case type::interval: return "INTERVAL";
    case type::uuid: return "UUID";
    case type::json:
    case type::jsonb: return "JSON";
    case type::numeric: break;
    default: return "VARCHAR";
  }
  const int precision = column.modifier < 4 ? 0 : (column.modifier - 4) >> 16;
  const int scale = column.modifier < 4 ? 0 : (((column.modifier - 4) & 0x7ff) ^ 1024) - 1024;
  constexpr int precision_max = 38;  // DuckDB's
  if (precision == 0 || precision > precision_max || scale < 0 || scale > precision) return "NUMERIC";
  return "DECIMAL(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
}

Cell postgres_cell(const postgres::Types& types, postgres::TypeId id, std::string_view text) {
  namespace type = postgres::type;
  const postgres::Type known = types.of(id);
  Cell cell{.shape = Cell::Shape::text, .text = {}, .array = {}};
  if (known.element != 0) {
    postgres::append_json(cell.text, types, id, text, NumericAs::digits);
    cell.shape = Cell::Shape::json;
    cell.array = text;
    return cell;
  }
  switch (known.id) {
    case type::boolean:
      cell.shape = Cell::Shape::boolean;
      cell.text = text == "t" ? "true" : "false";
      return cell;
    case type::int2:
    case type::int4:
    case type::int8:
    case type::oid:
    case type::float4:
    case type::float8:
    case type::numeric: cell.shape = Cell::Shape::number; break;
    case type::json:
    case type::jsonb: cell.shape = Cell::Shape::json; break;
    case type::bytea:
      cell.shape = Cell::Shape::bytes;
      cell.text = postgres::bytes_of(text);
      return cell;
    case type::timestamp:
    case type::timestamptz: {
      postgres::append_json(cell.text, types, id, text, NumericAs::digits);
      cell.text = cell.text.substr(1, cell.text.size() - 2);  // nothing in it needs an escape
      return cell;
    }
    default: break;
  }
  cell.text = text;
  return cell;
}

}  // namespace noetl::tools::transfer
