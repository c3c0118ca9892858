// Truth, comparison, membership of operators.hpp.
#include <algorithm>
#include <cmath>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/values/object.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

// An integer and a float compare exactly, as in Python, not after rounding the integer.
int compare_numbers(const Value& left, const Value& right) {
  const auto sign = [](auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (left.is_whole() && right.is_whole()) {
    return sign(left.as_integer(), right.as_integer());
  }
  const long double a =
      left.is_whole() ? static_cast<long double>(left.as_integer()) : static_cast<long double>(left.as_floating());
  const long double b =
      right.is_whole() ? static_cast<long double>(right.as_integer()) : static_cast<long double>(right.as_floating());
  return sign(a, b);
}

bool has_nan(const Value& left, const Value& right) {
  return (left.is(Kind::floating) && std::isnan(left.as_floating())) ||
         (right.is(Kind::floating) && std::isnan(right.as_floating()));
}

bool are_equal_lists(const Value& left, const Value& right, Budget& budget) {
  const Budget::Level level(budget);
  if (left.size() != right.size()) {
    return false;
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!are_equal(left.at(i), right.at(i), budget)) {
      return false;
    }
  }
  return true;
}

bool are_equal_dicts(const Value& left, const Value& right, Budget& budget) {
  const Budget::Level level(budget);
  if (left.size() != right.size()) {
    return false;
  }
  for (const auto& [key, item] : left.entries()) {
    bool found = false;
    const Value other = right.find(key, found);
    if (!found || !are_equal(item, other, budget)) {
      return false;
    }
  }
  return true;
}

}  // namespace

void fail_use_of_undefined(const Value& value) {
  const std::string* name = value.undefined_name();
  fail_undefined(name == nullptr ? "a value that is undefined was used" : "'" + *name + "' is undefined");
}

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none: return false;
    case Kind::boolean: return value.as_boolean();
    case Kind::integer: return value.as_integer() != 0;
    case Kind::floating: return value.as_floating() != 0;
    case Kind::text: return !value.as_text().empty();
    case Kind::object: return true;
    default: return value.size() != 0;
  }
}

bool are_equal(const Value& left, const Value& right, Budget& budget) {
  budget.spend(1);
  if (left.is_number() && right.is_number()) {
    return !has_nan(left, right) && compare_numbers(left, right) == 0;
  }
  if (left.kind() != right.kind()) {
    return false;
  }
  switch (left.kind()) {
    case Kind::text:
      if (left.as_text().size() != right.as_text().size()) {
        return false;
      }
      budget.spend(left.as_text().size() / 64);
      return left.as_text() == right.as_text();
    case Kind::list:
    case Kind::tuple: return are_equal_lists(left, right, budget);
    case Kind::dict: return are_equal_dicts(left, right, budget);
    case Kind::object: return &left.as_object() == &right.as_object();
    default: return true;
  }
}

bool is_less(const Value& left, const Value& right, Budget& budget) {
  budget.spend(1);
  if (left.is_number() && right.is_number()) {
    return !has_nan(left, right) && compare_numbers(left, right) < 0;
  }
  if (left.is_undefined() || right.is_undefined()) {
    fail_use_of_undefined(left.is_undefined() ? left : right);
  }
  if (left.is_text() && right.is_text()) {
    budget.spend(std::min(left.as_text().size(), right.as_text().size()) / 64);
    return left.as_text() < right.as_text();  // UTF-8 sorts by code point
  }
  if (left.is_sequence() && left.kind() == right.kind()) {
    const Budget::Level level(budget);
    for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
      const Value a = left.at(i);
      const Value b = right.at(i);
      if (!are_equal(a, b, budget)) {
        return is_less(a, b, budget);
      }
    }
    return left.size() < right.size();
  }
  fail("'<' not supported between instances of '" + python_type(left) + "' and '" + python_type(right) + "'");
}

bool contains(const Value& container, const Value& item, Budget& budget) {
  switch (container.kind()) {
    case Kind::undefined: return false;
    case Kind::text:
      if (!item.is_text()) {
        fail("'in <string>' requires string as left operand, not " + python_type(item));
      }
      budget.spend(1 + container.as_text().size() / 64);
      return unicode::find(container.as_text(), item.as_text()) != std::string_view::npos;
    case Kind::list:
    case Kind::tuple:
      for (std::size_t i = 0; i < container.size(); ++i) {
        if (are_equal(container.at(i), item, budget)) {
          return true;
        }
      }
      return false;
    case Kind::dict: {
      budget.spend(item.is_text() ? item.as_text().size() / 64 : 0);
      bool found = false;
      (void)container.find(item, found);
      return found;
    }
    default: fail("argument of type '" + python_type(container) + "' is not iterable");
  }
}

bool compare(Operator op, const Value& left, const Value& right, Budget& budget) {
  switch (op) {
    case Operator::equal: return are_equal(left, right, budget);
    case Operator::not_equal: return !are_equal(left, right, budget);
    case Operator::less: return is_less(left, right, budget);
    case Operator::greater: return is_less(right, left, budget);
    case Operator::less_equal:
    case Operator::greater_equal: {
      // Not the negation of < : both are false on NaN.
      const Value& low = op == Operator::less_equal ? left : right;
      const Value& high = op == Operator::less_equal ? right : left;
      return is_less(low, high, budget) || are_equal(low, high, budget);
    }
    case Operator::in: return contains(right, left, budget);
    default: return !contains(right, left, budget);
  }
}

}  // namespace noetl::templating
