#include "worker/tools/duckdb/values.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "shared/base/base64.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::duckdb {

namespace {

using Json = nlohmann::json;

std::string json_text(std::string_view text) { return to_text(Json(storable_text(text))); }

std::string_view text_of(const Text& text) {
  constexpr std::uint32_t inlined_max = 12;
  if (text.length > inlined_max) return {text.more.pointer, text.length};
  return {text.start, text.length};  // goes on in more.rest, which follows it
}

std::string digits_of(unsigned __int128 value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return digits;
}

std::string huge_text(const Huge& value) {
  const auto bits =
      static_cast<unsigned __int128>(static_cast<std::uint64_t>(value.upper)) << 64 | value.lower;
  return value.upper < 0 ? "-" + digits_of(~bits + 1) : digits_of(bits);
}

std::string with_point(std::string digits, std::uint8_t scale) {
  if (scale == 0) return digits;
  const bool is_negative = digits.starts_with('-');
  if (is_negative) digits.erase(0, 1);
  if (digits.size() <= scale) digits.insert(0, scale + 1U - digits.size(), '0');
  digits.insert(digits.size() - scale, ".");
  return is_negative ? "-" + digits : digits;
}

std::string date_text(std::int32_t days) {
  if (days == std::numeric_limits<std::int32_t>::max()) return "infinity";
  if (days == -std::numeric_limits<std::int32_t>::max()) return "-infinity";
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

// Seconds of a day and a fraction of `digits` digits, without its zeros at the end.
std::string time_text(std::int64_t seconds, std::int64_t fraction, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string result = text.data();
  if (fraction == 0) return result;
  std::string part = std::to_string(fraction);
  part.insert(0, static_cast<std::size_t>(digits) - part.size(), '0');
  part.erase(part.find_last_not_of('0') + 1);
  return result + "." + part;
}

std::string timestamp_text(std::int64_t value, int digits) {
  if (value == std::numeric_limits<std::int64_t>::max()) return "infinity";
  if (value == -std::numeric_limits<std::int64_t>::max()) return "-infinity";
  std::int64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  std::int64_t seconds = value / unit;
  std::int64_t fraction = value % unit;
  if (fraction < 0) {
    fraction += unit;
    --seconds;
  }
  constexpr std::int64_t day = 86'400;
  std::int64_t days = seconds / day;
  if (seconds % day < 0) --days;
  return date_text(static_cast<std::int32_t>(days)) + "T" + time_text(seconds - days * day, fraction, digits);
}

std::string interval_text(const Interval& interval) {
  constexpr std::int64_t micros_per_second = 1'000'000;
  std::string text = "P";
  if (interval.months != 0) text += std::to_string(interval.months) + "M";
  if (interval.days != 0) text += std::to_string(interval.days) + "D";
  if (interval.micros != 0 || text == "P") {
    const bool is_negative = interval.micros < 0;
    const std::int64_t micros = is_negative ? -interval.micros : interval.micros;
    std::string seconds = std::to_string(micros % micros_per_second);
    seconds.insert(0, 6 - seconds.size(), '0');
    seconds.erase(seconds.find_last_not_of('0') + 1);
    text += "T" + std::string(is_negative ? "-" : "") + std::to_string(micros / micros_per_second) +
            (seconds.empty() ? "" : "." + seconds) + "S";
  }
  return text;
}

std::string uuid_text(const Huge& value) {
  const auto upper =
      static_cast<std::uint64_t>(value.upper) ^ (std::uint64_t{1} << 63);  // stored so that it sorts
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(upper >> 32),
                static_cast<unsigned>(upper >> 16 & 0xFFFFU), static_cast<unsigned>(upper & 0xFFFFU),
                static_cast<unsigned>(value.lower >> 48),
                static_cast<unsigned long long>(value.lower & 0xFFFFFFFFFFFFULL));
  return text.data();
}

template <class T>
const T& at(const Api& api, Handle vector, Index row) {
  return static_cast<const T*>(api.vector_get_data(vector))[row];
}

std::int64_t small_integer(const Api& api, Type type, Handle vector, Index row) {
  switch (type) {
    case Type::tinyint: return at<std::int8_t>(api, vector, row);
    case Type::smallint: return at<std::int16_t>(api, vector, row);
    case Type::integer: return at<std::int32_t>(api, vector, row);
    case Type::utinyint: return at<std::uint8_t>(api, vector, row);
    case Type::usmallint: return at<std::uint16_t>(api, vector, row);
    case Type::uinteger: return at<std::uint32_t>(api, vector, row);
    default: return at<std::int64_t>(api, vector, row);
  }
}

void append_float(std::string& to, double value) {
  to += std::isfinite(value) ? Json(value).dump()
        : std::isnan(value)  ? "\"NaN\""
        : value > 0          ? "\"Infinity\""
                             : "\"-Infinity\"";
}

class Appender {
 public:
  Appender(const Api& api, std::string& to, NumericAs numeric) : api_(api), to_(to), numeric_(numeric) {}

  void append(const ColumnType& type, Handle vector, Index row) {
    const std::uint64_t* const valid = api_.vector_get_validity(vector);
    if (valid != nullptr && (valid[row / 64] >> (row % 64) & 1U) == 0) {
      to_ += "null";
    } else if (type.inner.empty() && type.id != Type::struct_) {
      append_scalar(type, vector, row);
    } else {
      append_nested(type, vector, row);
    }
  }

 private:
  void append_scalar(const ColumnType& type, Handle vector, Index row) {
    switch (type.id) {
      case Type::boolean: to_ += at<bool>(api_, vector, row) ? "true" : "false"; return;
      case Type::tinyint:
      case Type::smallint:
      case Type::integer:
      case Type::bigint:
      case Type::utinyint:
      case Type::usmallint:
      case Type::uinteger: to_ += std::to_string(small_integer(api_, type.id, vector, row)); return;
      case Type::ubigint: to_ += std::to_string(at<std::uint64_t>(api_, vector, row)); return;
      case Type::float_: return append_float(to_, static_cast<double>(at<float>(api_, vector, row)));
      case Type::double_: return append_float(to_, at<double>(api_, vector, row));
      case Type::hugeint: return append_decimal(to_, huge_text(at<Huge>(api_, vector, row)), numeric_);
      case Type::uhugeint: {
        const Huge& value = at<Huge>(api_, vector, row);
        return append_decimal(
            to_,
            digits_of(static_cast<unsigned __int128>(static_cast<std::uint64_t>(value.upper)) << 64 |
                      value.lower),
            numeric_);
      }
      case Type::decimal: return append_decimal(to_, decimal_text(type, vector, row), numeric_);
      case Type::enum_:
        to_ += json_text(
            type.names.at(static_cast<std::size_t>(small_integer(api_, type.internal, vector, row))));
        return;
      case Type::blob: to_ += json_text(base::base64_encoded(text_of(at<Text>(api_, vector, row)))); return;
      case Type::varchar: to_ += json_text(text_of(at<Text>(api_, vector, row))); return;
      case Type::sqlnull: to_ += "null"; return;
      default: to_ += json_text(moment_text(type.id, vector, row));
    }
  }

  std::string decimal_text(const ColumnType& type, Handle vector, Index row) {
    const std::string digits = type.internal == Type::hugeint
                                   ? huge_text(at<Huge>(api_, vector, row))
                                   : std::to_string(small_integer(api_, type.internal, vector, row));
    return with_point(digits, type.scale);
  }

  std::string moment_text(Type type, Handle vector, Index row) {
    constexpr std::int64_t micros = 1'000'000;
    switch (type) {
      case Type::date: return date_text(at<std::int32_t>(api_, vector, row));
      case Type::time:
        return time_text(at<std::int64_t>(api_, vector, row) / micros,
                         at<std::int64_t>(api_, vector, row) % micros, 6);
      case Type::timestamp: return timestamp_text(at<std::int64_t>(api_, vector, row), 6);
      case Type::timestamp_s: return timestamp_text(at<std::int64_t>(api_, vector, row), 0);
      case Type::timestamp_ms: return timestamp_text(at<std::int64_t>(api_, vector, row), 3);
      case Type::timestamp_ns: return timestamp_text(at<std::int64_t>(api_, vector, row), 9);
      case Type::timestamp_tz: return timestamp_text(at<std::int64_t>(api_, vector, row), 6) + "+00:00";
      case Type::interval: return interval_text(at<Interval>(api_, vector, row));
      case Type::uuid: return uuid_text(at<Huge>(api_, vector, row));
      default: return {};
    }
  }

  void append_nested(const ColumnType& type, Handle vector, Index row) {
    if (type.id == Type::struct_) {
      to_ += '{';
      for (std::size_t i = 0; i < type.inner.size(); ++i) {
        to_ += (i == 0 ? "" : ",") + json_text(type.names[i]) + ":";
        append(type.inner[i], api_.struct_vector_get_child(vector, i), row);
      }
      to_ += '}';
      return;
    }
    if (type.id == Type::map) return append_map(type, vector, row);
    const ListEntry entry = type.id == Type::array ? ListEntry{row * type.array_size, type.array_size}
                                                   : at<ListEntry>(api_, vector, row);
    const Handle child =
        type.id == Type::array ? api_.array_vector_get_child(vector) : api_.list_vector_get_child(vector);
    to_ += '[';
    for (Index i = 0; i < entry.length; ++i) {
      if (i > 0) to_ += ',';
      append(type.inner[0], child, entry.offset + i);
    }
    to_ += ']';
  }

  // A map with texts as keys is an object; any other is a list of {key, value}.
  void append_map(const ColumnType& type, Handle vector, Index row) {
    const ListEntry entry = at<ListEntry>(api_, vector, row);
    const Handle pairs = api_.list_vector_get_child(vector);
    const Handle keys = api_.struct_vector_get_child(pairs, 0);
    const Handle values = api_.struct_vector_get_child(pairs, 1);
    const bool is_object = type.inner[0].id == Type::varchar;
    to_ += is_object ? '{' : '[';
    for (Index i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (i > entry.offset) to_ += ',';
      to_ += is_object ? "" : "{\"key\":";
      append(type.inner[0], keys, i);
      to_ += is_object ? ":" : ",\"value\":";
      append(type.inner[1], values, i);
      if (!is_object) to_ += '}';
    }
    to_ += is_object ? '}' : ']';
  }

  const Api& api_;
  std::string& to_;
  NumericAs numeric_;
};

void add_inner(const Api& api, ColumnType& column, Handle inner) {
  column.inner.push_back(column_type(api, inner));
  api.destroy_logical_type(&inner);
}

std::string owned(const Api& api, char* text) {
  std::string copy = text == nullptr ? "" : text;
  api.free(text);
  return copy;
}

}  // namespace

ColumnType column_type(const Api& api, Handle type) {
  ColumnType column;
  column.id = static_cast<Type>(api.get_type_id(type));
  switch (column.id) {
    case Type::decimal:
      column.scale = api.decimal_scale(type);
      column.internal = static_cast<Type>(api.decimal_internal_type(type));
      break;
    case Type::enum_:
      column.internal = static_cast<Type>(api.enum_internal_type(type));
      for (Index i = 0; i < api.enum_dictionary_size(type); ++i)
        column.names.push_back(owned(api, api.enum_dictionary_value(type, i)));
      break;
    case Type::list: add_inner(api, column, api.list_type_child_type(type)); break;
    case Type::array:
      column.array_size = api.array_type_array_size(type);
      add_inner(api, column, api.array_type_child_type(type));
      break;
    case Type::map:
      add_inner(api, column, api.map_type_key_type(type));
      add_inner(api, column, api.map_type_value_type(type));
      break;
    case Type::struct_:
      for (Index i = 0; i < api.struct_type_child_count(type); ++i) {
        column.names.push_back(owned(api, api.struct_type_child_name(type, i)));
        add_inner(api, column, api.struct_type_child_type(type, i));
      }
      break;
    default: break;
  }
  return column;
}

std::string ColumnType::unsupported() const {
  switch (id) {
    case Type::union_: return "UNION";
    case Type::bit: return "BIT";
    case Type::time_tz: return "TIME WITH TIME ZONE";
    case Type::any:
    case Type::bignum: return "BIGNUM";
    default: break;
  }
  if (id > Type::sqlnull) return "type number " + std::to_string(static_cast<int>(id));
  for (const ColumnType& one : inner) {
    if (std::string name = one.unsupported(); !name.empty()) return name;
  }
  return {};
}

void append_json(const Api& api, std::string& to, const ColumnType& type, Handle vector, Index row,
                 NumericAs numeric) {
  Appender(api, to, numeric).append(type, vector, row);
}

}  // namespace noetl::tools::duckdb
