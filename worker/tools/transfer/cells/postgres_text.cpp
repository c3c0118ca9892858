#include "worker/tools/transfer/cells/postgres_text.hpp"

#include "shared/base/text/base64.hpp"
#include "worker/tools/results.hpp"
#include "worker/tools/transfer/cells/fit.hpp"

namespace noetl::tools::transfer {

namespace {

namespace type = postgres::type;
using ParameterText = base::Result<std::optional<std::string>>;
using Json = nlohmann::json;

tl::unexpected<base::Error> unfit(const Cell& cell, const std::string& why) {
  return base::failure(base::ErrorCode::invalid_input, shown(plain_text(cell)) + " does not fit: " + why);
}

bool is_number_type(postgres::TypeId id) {
  return id == type::int2 || id == type::int4 || id == type::int8 || id == type::oid || id == type::float4 ||
         id == type::float8 || id == type::numeric;
}

ParameterText number_text(const Cell& cell, const Column& source, postgres::TypeId id, int modifier) {
  const auto decimal = decimal_of(cell.text);
  if (!decimal) return cell.text;  // NaN and Infinity, and what Postgres will refuse
  if (id == type::float8 || id == type::float4) {
    const bool is_same = source.declared == "FLOAT" || (source.declared == "DOUBLE" && id == type::float8);
    const bool is_exact = id == type::float8 ? is_exact_double(cell.text) : is_exact_float(cell.text);
    if (!is_same && !is_exact) return unfit(cell, "the floating-point column would round it");
    return cell.text;
  }
  if (id == type::numeric) {
    const long scale = modifier < 4 ? decimal->scale() : (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    if (decimal->scale() > scale)
      return unfit(cell, "the column has " + std::to_string(scale) + " digits after the point");
    return cell.text;
  }
  const auto whole = whole_number(cell.text);
  if (!whole) return unfit(cell, "the column has integers");
  return *whole;
}

// Types of date and time: what Postgres would cut off.
ParameterText moment_text(const Cell& cell, const Column& source, postgres::TypeId id, int modifier) {
  const bool is_zoned = id == type::timestamptz || id == type::timetz;
  if (id == type::date) {
    if (has_time(cell.text)) return unfit(cell, "the column has dates, without a time");
    return cell.text;
  }
  const int digits_max = id == type::interval ? (modifier >= 0 ? modifier & 0xffff : 6) : modifier >= 0 ? modifier : 6;
  if (fraction_digits(cell.text) > digits_max)
    return unfit(cell,
                 "the column has " + std::to_string(digits_max > 6 ? 6 : digits_max) + " digits after the second");
  if (!is_zoned && id != type::interval && !is_utc(zone_of(cell.text)))
    return unfit(cell, "the column has no time zone");
  if (!is_zoned && source.declared == "TIMESTAMP WITH TIME ZONE" && !is_utc(zone_of(cell.text)))
    return unfit(cell, "the column has no time zone");
  return cell.text;
}

ParameterText array_text(const Cell& cell, const postgres::Types& types, postgres::Type target) {
  if (!cell.array.empty()) return cell.array;
  if (cell.text.starts_with('{')) return cell.text;  // Postgres's own form, as a text
  class Digits final : public nlohmann::detail::json_sax_dom_parser<Json> {
   public:
    using nlohmann::detail::json_sax_dom_parser<Json>::json_sax_dom_parser;
    // The digits, not the double: Postgres reads them itself.
    bool number_float(double /*value*/, const std::string& digits) {
      std::string kept = digits;
      return string(kept);
    }
  };
  const Json plain = parse_answer(cell.text);
  if (!plain.is_array()) return unfit(cell, "the column has lists");
  const postgres::TypeId element = types.of(target.element).id;
  if (element == type::json || element == type::jsonb) return postgres::parameter_text(plain, types, target.id);
  Json list;
  Digits digits(list, false);
  Json::sax_parse(cell.text, &digits);
  return postgres::parameter_text(list, types, target.id);
}

// A string of a JSON file or an answer is known to be one; of other texts the form says it, as in the postgres tool.
ParameterText json_column_text(const Cell& cell, const Column& source) {
  switch (cell.shape) {
    case Cell::Shape::field:
      if (!Json::accept(cell.text)) return unfit(cell, "the column has JSON, and this field of the CSV is none");
      return cell.text;
    case Cell::Shape::text:
      return !source.declared.empty() && postgres::is_json_structure(cell.text) ? cell.text : to_text(Json(cell.text));
    default: return json_text(cell);
  }
}

ParameterText bytea_column_text(const Cell& cell, const postgres::Types& types) {
  if (cell.shape == Cell::Shape::bytes) return postgres::bytea_text(cell.text);
  if (cell.shape != Cell::Shape::text && cell.shape != Cell::Shape::field) return unfit(cell, "the column has bytes");
  return postgres::parameter_text(Json(cell.text), types, type::bytea);
}

std::size_t letters_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 0 : 1;
  return count;
}

}  // namespace

ParameterText postgres_text(const Cell& cell, const Column& source, const postgres::Types& types,
                            const postgres::Column& target) {
  if (cell.shape == Cell::Shape::null) return std::nullopt;
  const postgres::Type known = types.of(target.type);
  if (known.element != 0)
    return array_text(cell, types, {.id = target.type, .element = known.element, .delimiter = known.delimiter});
  switch (known.id) {
    case type::json:
    case type::jsonb: return json_column_text(cell, source);
    case type::bytea: return bytea_column_text(cell, types);
    case type::date:
    case type::time:
    case type::timetz:
    case type::timestamp:
    case type::timestamptz:
    case type::interval: return moment_text(cell, source, known.id, target.modifier);
    case type::varchar:
      if (target.modifier > 4 && letters_of(plain_text(cell)) > static_cast<std::size_t>(target.modifier - 4))
        return unfit(cell, "the column has " + std::to_string(target.modifier - 4) + " letters");
      return plain_text(cell);
    default: break;
  }
  if (is_number_type(known.id)) return number_text(cell, source, known.id, target.modifier);
  return plain_text(cell);
}

}  // namespace noetl::tools::transfer
