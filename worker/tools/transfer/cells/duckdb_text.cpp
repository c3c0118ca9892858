#include "worker/tools/transfer/cells/duckdb_text.hpp"

#include <algorithm>
#include <cstdlib>

#include "shared/base/text/base64.hpp"
#include "worker/tools/results.hpp"
#include "worker/tools/transfer/cells/fit.hpp"

namespace noetl::tools::transfer {

namespace {

using LiteralText = base::Result<std::string>;
using Json = nlohmann::json;

tl::unexpected<base::Error> unfit(const Cell& cell, const std::string& type, const std::string& why) {
  return base::failure(base::ErrorCode::invalid_input, shown(plain_text(cell)) + " does not fit " + type + ": " + why);
}

bool is_nested(const std::string& type) {
  return type.ends_with(']') || type.starts_with("STRUCT(") || type.starts_with("MAP(");
}

LiteralText number_text(const Cell& cell, const Column& source, const std::string& type) {
  const auto decimal = decimal_of(cell.text);
  const bool is_float = type == "FLOAT" || type == "DOUBLE";
  if (!decimal) {
    const bool is_special = cell.text == "NaN" || cell.text == "Infinity" || cell.text == "-Infinity";
    if (is_float && is_special) return cell.text;
    return unfit(cell, type, "it is no such number");
  }
  if (is_float) {
    const bool is_same = source.declared == "FLOAT" || source.declared == type;
    if (!is_same && !(type == "FLOAT" ? is_exact_float(cell.text) : is_exact_double(cell.text)))
      return unfit(cell, type, "it would be rounded");
    return cell.text;
  }
  if (type.starts_with("DECIMAL(")) {
    const long scale = std::atol(type.c_str() + type.find(',') + 1);
    if (decimal->scale() > scale) return unfit(cell, type, "it has more digits after the point");
    return cell.text;
  }
  auto whole = whole_number(cell.text);
  if (!whole) return unfit(cell, type, "it has a fraction");
  return *std::move(whole);
}

LiteralText moment_text(const Cell& cell, const std::string& type) {
  const bool is_zoned = type.ends_with("WITH TIME ZONE");
  if (type == "DATE") {
    if (has_time(cell.text)) return unfit(cell, type, "it has a time");
    std::string_view day = cell.text;
    if (!day.ends_with(" BC")) day = day.substr(0, day.find('T'));
    return duckdb_moment(day);
  }
  const int digits = type == "TIMESTAMP_S" ? 0 : type == "TIMESTAMP_MS" ? 3 : type == "TIMESTAMP_NS" ? 9 : 6;
  if (fraction_digits(cell.text) > digits) return unfit(cell, type, "it has more digits after the second");
  if (!is_zoned && !is_utc(zone_of(cell.text))) return unfit(cell, type, "it has a time zone");
  return duckdb_moment(cell.text);
}

}  // namespace

LiteralText duckdb_text(const Cell& cell, const Column& source, const std::string& type) {
  const bool is_text = cell.shape == Cell::Shape::text || cell.shape == Cell::Shape::field;
  if (type == "VARCHAR" || type.starts_with("ENUM(") || type == "UUID") return plain_text(cell);
  if (type == "BLOB") {
    if (cell.shape == Cell::Shape::bytes) return cell.text;
    if (auto bytes = is_text ? base::base64_decoded(cell.text) : std::nullopt) return *std::move(bytes);
    return unfit(cell, type, "it is no base64");
  }
  if (type == "JSON") {
    if (cell.shape == Cell::Shape::text && source.declared != "JSON") {
      const std::size_t first = cell.text.find_first_not_of(" \t\r\n");
      const bool is_structure = !source.declared.empty() && first != std::string::npos &&
                                (cell.text[first] == '{' || cell.text[first] == '[');
      return is_structure && Json::accept(cell.text) ? cell.text : to_text(Json(cell.text));
    }
    return cell.shape == Cell::Shape::field ? cell.text : json_text(cell);
  }
  if (is_nested(type)) {
    const bool is_structure = cell.shape == Cell::Shape::json || is_text;
    // What the JSON of the target's type would read as would be compared in vain: only the same type is sure to keep it.
    if (!is_structure || source.declared != type)
      return unfit(cell, type, "only a source of the same type is sure to keep it");
    return cell.text;
  }
  if (type == "BOOLEAN") {
    if (cell.shape == Cell::Shape::number && cell.text != "0" && cell.text != "1")
      return unfit(cell, type, "it is no truth value");
    return cell.text;
  }
  if (type == "INTERVAL") {
    auto text = duckdb_interval(cell.text);
    if (!text) return unfit(cell, type, "it cannot be read");
    return *std::move(text);
  }
  if (type.starts_with("TIME") || type == "DATE") return moment_text(cell, type);
  return number_text(cell, source, type);
}

std::string duckdb_cast(const std::string& expression, const std::string& type, bool is_try) {
  const std::string cast = is_try ? "try_cast(" : "cast(";
  if (type == "VARCHAR" || type == "BLOB") return expression;
  if (is_nested(type)) return cast + cast + expression + " as JSON) as " + type + ")";
  return cast + expression + " as " + type + ")";
}

}  // namespace noetl::tools::transfer
