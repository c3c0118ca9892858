// Filters on numbers and on single values.
#include <cmath>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/text/number_text.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {
namespace {

Value absolute(const Use& use) {
  if (use.input.is(Kind::floating)) {
    return Value::floating(std::abs(use.input.as_floating()));
  }
  if (use.input.is_undefined()) {
    fail_use_of_undefined(use.input);
  }
  if (!use.input.is_whole()) {
    fail("bad operand type for abs(): '" + python_type(use.input) + "'");
  }
  return use.input.as_integer() < 0 ? negate(use.input) : Value::integer(use.input.as_integer());
}

Value or_default(const Use& use, const Value& otherwise) { return use.bound[0] == nullptr ? otherwise : *use.bound[0]; }

// Jinja refuses what is undefined, although these two filters give their default for whatever is no number:
// NoETL's authors count with `(ctx.rounds | int) + 1` before anything has set it.
Value to_integer(const Use& use) {
  const Value& input = use.input;
  if (input.is_whole()) {
    return Value::integer(input.as_integer());
  }
  std::optional<double> number;
  if (input.is(Kind::floating)) {
    number = input.as_floating();
  } else if (input.is_text()) {
    if (const auto exact = parse_integer(input.as_text(), static_cast<int>(use.bound.integer(1, 10)))) {
      return Value::integer(*exact);
    }
    number = parse_floating(input.as_text());
  }
  return number && std::isfinite(*number) ? truncated(*number) : or_default(use, Value::integer(0));
}

Value to_floating(const Use& use) {
  const Value& input = use.input;
  if (input.is_number()) {
    return Value::floating(input.as_floating());
  }
  const auto number = input.is_text() ? parse_floating(input.as_text()) : std::nullopt;
  return number ? Value::floating(*number) : or_default(use, Value::floating(0));
}

Value round_integer(std::int64_t value, std::int64_t precision) {
  if (precision >= 0) {
    return Value::integer(value);
  }
  if (precision < -18) {
    return Value::integer(0);
  }
  std::int64_t scale = 1;
  for (std::int64_t i = 0; i > precision; --i) {
    scale *= 10;
  }
  const std::int64_t rest = ((value % scale) + scale) % scale;
  const std::int64_t half = scale / 2;
  std::int64_t low = 0;
  if (__builtin_sub_overflow(value, rest, &low)) {
    fail("integer overflow: integers have 64 bits");
  }
  const bool goes_up = rest > half || (rest == half && (low / scale) % 2 != 0);
  if (goes_up && __builtin_add_overflow(low, scale, &low)) {
    fail("integer overflow: integers have 64 bits");
  }
  return Value::integer(low);
}

Value round(const Use& use) {
  const std::int64_t precision = use.bound.integer(0, 0);
  const std::string method = use.bound.text(1, "common", use.budget);
  if (method != "common" && method != "ceil" && method != "floor") {
    fail("round: the method must be common, ceil or floor");
  }
  if (use.input.is_undefined()) {
    fail_use_of_undefined(use.input);
  }
  if (!use.input.is_number() || precision > 400 || precision < -400) {
    fail("round wants a number, not " + python_type(use.input) + ", and a precision within 400");
  }
  if (method == "common") {
    return use.input.is_whole() ? round_integer(use.input.as_integer(), precision)
                                : Value::floating(rounded(use.input.as_floating(), static_cast<int>(precision)));
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = use.input.as_floating() * scale;
  // Python's ceil and floor are integers, which have no negative zero: + 0.0 takes it away.
  return Value::floating(((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) + 0.0) / scale);
}

Value defaulted(const Use& use) {
  const bool is_replaced = use.input.is_undefined() || (use.bound.boolean(1, false) && !is_true(use.input));
  return is_replaced ? or_default(use, Value::text("")) : use.input;
}

Value file_size(const Use& use) {
  const bool is_binary = use.bound.boolean(0, false);
  const double base = is_binary ? 1024 : 1000;
  const auto number = use.input.is_text()     ? parse_floating(use.input.as_text())
                      : use.input.is_number() ? std::optional(use.input.as_floating())
                                              : std::nullopt;
  if (!number) {
    fail("filesizeformat wants a number");
  }
  if (*number == 1) {
    return Value::text("1 Byte");
  }
  if (*number < base) {
    return Value::text(std::to_string(static_cast<std::int64_t>(*number)) + " Bytes");
  }
  static constexpr std::string_view prefixes = "kMGTPEZY";
  double unit = base;
  std::size_t prefix = 0;
  while (prefix + 1 < prefixes.size() && *number >= unit * base) {
    unit *= base;
    ++prefix;
  }
  const std::string name =
      is_binary ? std::string(1, prefix == 0 ? 'K' : prefixes[prefix]) + "iB" : std::string(1, prefixes[prefix]) + "B";
  return Value::text(number_text(Value::floating(*number / unit), {.type = 'f', .precision = 1}) + " " + name);
}

constexpr Filter number_filter_rows[] = {
    {"abs", "", absolute},
    {"d", "default_value boolean", defaulted},
    {"default", "default_value boolean", defaulted},
    {"filesizeformat", "binary", file_size},
    {"float", "default", to_floating},
    {"int", "default base", to_integer},
    {"round", "precision method", round},
};

}  // namespace

FilterTable number_filters() { return {std::begin(number_filter_rows), std::end(number_filter_rows)}; }

}  // namespace noetl::templating
