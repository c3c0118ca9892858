// Arithmetic of operators.hpp.
#include <algorithm>
#include <cmath>
#include <limits>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/operations/python_format.hpp"
#include "shared/templating/text/html.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {
namespace {

constexpr std::int64_t integer_min = std::numeric_limits<std::int64_t>::min();

std::string symbol_of(Operator op) {
  switch (op) {
    case Operator::add: return "+";
    case Operator::subtract: return "-";
    case Operator::multiply: return "*";
    case Operator::divide: return "/";
    case Operator::floor_divide: return "//";
    case Operator::modulo: return "%";
    default: return "**";
  }
}

[[noreturn]] void fail_overflow() { fail("integer overflow: integers have 64 bits"); }

Value checked_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) {
      fail_overflow();
    }
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      fail_overflow();
    }
  }
  return Value::integer(result);
}

std::int64_t floor_quotient(std::int64_t left, std::int64_t right) {
  if (left == integer_min && right == -1) {
    fail_overflow();
  }
  const std::int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

Value floating_arithmetic(Operator op, double left, double right);

Value integer_arithmetic(Operator op, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  bool overflows = false;
  switch (op) {
    case Operator::add: overflows = __builtin_add_overflow(left, right, &result); break;
    case Operator::subtract: overflows = __builtin_sub_overflow(left, right, &result); break;
    case Operator::multiply: overflows = __builtin_mul_overflow(left, right, &result); break;
    case Operator::floor_divide:
    case Operator::modulo:
      if (right == 0) {
        fail("integer division or modulo by zero");
      }
      if (op == Operator::modulo) {
        // The quotient of the smallest integer and -1 overflows; the rest of that division does not.
        const std::int64_t rest = right == -1 ? 0 : left % right;
        return Value::integer(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest);
      }
      return Value::integer(floor_quotient(left, right));
    case Operator::power:
      if (right >= 0) {
        return checked_power(left, right);
      }
      [[fallthrough]];
    default: return floating_arithmetic(op, static_cast<double>(left), static_cast<double>(right));
  }
  if (overflows) {
    fail_overflow();
  }
  return Value::integer(result);
}

Value floating_power(double left, double right) {
  if (left == 0 && right < 0) {
    fail("0.0 cannot be raised to a negative power");
  }
  if (left < 0 && std::isfinite(right) && std::trunc(right) != right) {
    fail("a negative number has no real power " + python_float(right));
  }
  const double result = std::pow(left, right);
  if (std::isinf(result) && std::isfinite(left) && std::isfinite(right)) {
    fail("the result of ** is too large");
  }
  return Value::floating(result);
}

Value floating_arithmetic(Operator op, double left, double right) {
  if (right == 0 && (op == Operator::divide || op == Operator::floor_divide || op == Operator::modulo)) {
    fail("division by zero");
  }
  switch (op) {
    case Operator::add: return Value::floating(left + right);
    case Operator::subtract: return Value::floating(left - right);
    case Operator::multiply: return Value::floating(left * right);
    case Operator::divide: return Value::floating(left / right);
    case Operator::power: return floating_power(left, right);
    default: break;
  }
  double rest = std::fmod(left, right);
  double quotient = (left - rest) / right;
  if (rest != 0 && (rest < 0) != (right < 0)) {
    rest += right;
    quotient -= 1;
  }
  if (op == Operator::modulo) {
    return Value::floating(rest == 0 ? std::copysign(0.0, right) : rest);
  }
  const double floor = std::floor(quotient);
  const double nearest = quotient - floor > 0.5 ? floor + 1 : floor;
  return Value::floating(nearest == 0 ? std::copysign(0.0, left / right) : nearest);
}

Value repeated(const Value& value, std::int64_t count, Budget& budget) {
  const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  const std::size_t size = value.is_text() ? value.as_text().size() : value.size();
  if (size != 0 && times > std::numeric_limits<std::uint32_t>::max() / size) {
    fail_bound("repetition makes too large a value");
  }
  if (value.is_text()) {
    budget.spend_bytes(size * times);
    std::string text;
    text.reserve(size * times);
    for (std::size_t i = 0; i < times && size != 0; ++i) {
      text += value.as_text();
    }
    return value.is_markup() ? Value::markup(std::move(text)) : Value::text(std::move(text));
  }
  budget.spend(size * times);
  const Values once = value.elements();
  Values items;
  items.reserve(size * times);
  for (std::size_t i = 0; i < times && size != 0; ++i) {
    items.insert(items.end(), once.begin(), once.end());
  }
  return value.is(Kind::tuple) ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

Value joined_text(const Value& left, const Value& right, Budget& budget) {
  budget.spend_bytes(left.as_text().size() + right.as_text().size());
  if (left.is_markup() || right.is_markup()) {
    return Value::markup(escaped(left, budget) + escaped(right, budget));
  }
  return Value::text(left.as_text() + right.as_text());
}

Value joined_lists(const Value& left, const Value& right, Budget& budget) {
  budget.spend(left.size() + right.size());
  Values items = left.elements();
  items.reserve(left.size() + right.size());
  for (Value& item : right.elements()) {
    items.push_back(std::move(item));
  }
  return left.is(Kind::tuple) ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

}  // namespace

Value arithmetic(Operator op, const Value& left, const Value& right, Budget& budget) {
  if (left.is_whole() && right.is_whole()) {
    return integer_arithmetic(op, left.as_integer(), right.as_integer());
  }
  if (left.is_number() && right.is_number()) {
    return floating_arithmetic(op, left.as_floating(), right.as_floating());
  }
  if (op == Operator::modulo && left.is_text()) {
    return budget.text(percent_format(left.as_text(), right, budget));
  }
  if (left.is_undefined() || right.is_undefined()) {
    fail_use_of_undefined(left.is_undefined() ? left : right);
  }
  if (op == Operator::add && left.is_text() && right.is_text()) {
    return joined_text(left, right, budget);
  }
  if (op == Operator::add && left.is_sequence() && left.kind() == right.kind()) {
    return joined_lists(left, right, budget);
  }
  if (op == Operator::multiply && right.is_whole() && (left.is_text() || left.is_sequence())) {
    return repeated(left, right.as_integer(), budget);
  }
  if (op == Operator::multiply && left.is_whole() && (right.is_text() || right.is_sequence())) {
    return repeated(right, left.as_integer(), budget);
  }
  fail("unsupported operand type(s) for " + symbol_of(op) + ": '" + python_type(left) + "' and '" + python_type(right) +
       "'");
}

Value negate(const Value& value) {
  if (value.is_undefined()) {
    fail_use_of_undefined(value);
  }
  if (value.is(Kind::floating)) {
    return Value::floating(-value.as_floating());
  }
  if (!value.is_whole()) {
    fail("bad operand type for unary -: '" + python_type(value) + "'");
  }
  if (value.as_integer() == integer_min) {
    fail_overflow();
  }
  return Value::integer(-value.as_integer());
}

}  // namespace noetl::templating
