#include "worker/tools/duckdb/values.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "shared/base/text/base64.hpp"
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
  const auto bits = static_cast<unsigned __int128>(static_cast<std::uint64_t>(value.upper)) << 64 | value.lower;
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

// Days since 1970 in the proleptic calendar, for every year that DuckDB has: std::chrono ends at 32767.
struct Day {
  std::int64_t year = 0;  // 0 is 1 BC
  unsigned month = 0;
  unsigned day = 0;
};

Day day_of(std::int64_t days) {
  constexpr std::int64_t days_per_era = 146'097;  // 400 years
  constexpr std::int64_t years_per_era = 400;
  std::int64_t era = days / days_per_era;
  if (days % days_per_era < 0) --era;
  const std::chrono::year_month_day within{std::chrono::sys_days(std::chrono::days(days - era * days_per_era))};
  return {.year = static_cast<int>(within.year()) + era * years_per_era,
          .month = static_cast<unsigned>(within.month()),
          .day = static_cast<unsigned>(within.day())};
}

// As Postgres writes them: years before the first as "0044-03-15 BC", with the time before the BC.
std::string day_text(std::int64_t days, std::string_view time) {
  const Day day = day_of(days);
  const bool is_bc = day.year < 1;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04lld-%02u-%02u", static_cast<long long>(is_bc ? 1 - day.year : day.year),
                day.month, day.day);
  std::string result = text.data();
  if (!time.empty()) result += (is_bc ? " " : "T") + std::string(time);
  return is_bc ? result + " BC" : result;
}

std::string date_text(std::int32_t days) {
  if (days == std::numeric_limits<std::int32_t>::max()) return "infinity";
  if (days == -std::numeric_limits<std::int32_t>::max()) return "-infinity";
  return day_text(days, {});
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

std::string timestamp_text(std::int64_t value, int digits, std::string_view zone) {
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
  return day_text(days, time_text(seconds - days * day, fraction, digits) + std::string(zone));
}

// 40 bits of microseconds, then 24 bits of the zone, which count down from +15:59:59.
std::string zoned_time_text(std::uint64_t bits) {
  constexpr std::int64_t micros_per_second = 1'000'000;
  constexpr std::int64_t zone_max = 57'599;
  const auto micros = static_cast<std::int64_t>(bits >> 24U);
  const std::int64_t zone = zone_max - static_cast<std::int64_t>(bits & 0xFFFFFFU);
  const std::int64_t size = zone < 0 ? -zone : zone;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", zone < 0 ? '-' : '+', static_cast<int>(size / 3600),
                static_cast<int>(size / 60 % 60));
  std::string result = time_text(micros / micros_per_second, micros % micros_per_second, 6) + text.data();
  if (size % 60 == 0) return result;
  std::snprintf(text.data(), text.size(), ":%02d", static_cast<int>(size % 60));
  return result + text.data();
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
  const auto upper = static_cast<std::uint64_t>(value.upper) ^ (std::uint64_t{1} << 63);  // stored so that it sorts
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

// Of a float the shortest text of a float: 0.1, not what it becomes as a double.
std::string float_text(float value) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double same = 0;
  std::from_chars(text.data(), end, same);
  return Json(same).dump();
}

void append_float(std::string& to, double value, std::string_view shown = {}) {
  to += std::isfinite(value) ? (shown.empty() ? Json(value).dump() : std::string(shown))
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
      case Type::float_: {
        const float value = at<float>(api_, vector, row);
        return append_float(to_, static_cast<double>(value), std::isfinite(value) ? float_text(value) : std::string());
      }
      case Type::double_: return append_float(to_, at<double>(api_, vector, row));
      case Type::hugeint: return append_decimal(to_, huge_text(at<Huge>(api_, vector, row)), numeric_);
      case Type::uhugeint: {
        const Huge& value = at<Huge>(api_, vector, row);
        return append_decimal(
            to_, digits_of(static_cast<unsigned __int128>(static_cast<std::uint64_t>(value.upper)) << 64 | value.lower),
            numeric_);
      }
      case Type::decimal: return append_decimal(to_, decimal_text(type, vector, row), numeric_);
      case Type::enum_:
        to_ += json_text(type.names.at(static_cast<std::size_t>(small_integer(api_, type.internal, vector, row))));
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
        return time_text(at<std::int64_t>(api_, vector, row) / micros, at<std::int64_t>(api_, vector, row) % micros, 6);
      case Type::timestamp: return timestamp_text(at<std::int64_t>(api_, vector, row), 6, {});
      case Type::timestamp_s: return timestamp_text(at<std::int64_t>(api_, vector, row), 0, {});
      case Type::timestamp_ms: return timestamp_text(at<std::int64_t>(api_, vector, row), 3, {});
      case Type::timestamp_ns: return timestamp_text(at<std::int64_t>(api_, vector, row), 9, {});
      case Type::timestamp_tz: return timestamp_text(at<std::int64_t>(api_, vector, row), 6, "+00:00");
      case Type::time_tz: return zoned_time_text(at<std::uint64_t>(api_, vector, row));
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
    const ListEntry entry =
        type.id == Type::array ? ListEntry{row * type.array_size, type.array_size} : at<ListEntry>(api_, vector, row);
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

}  // namespace

void append_json(const Api& api, std::string& to, const ColumnType& type, Handle vector, Index row, NumericAs numeric) {
  Appender(api, to, numeric).append(type, vector, row);
}

}  // namespace noetl::tools::duckdb
