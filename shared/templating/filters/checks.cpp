#include "shared/templating/filters/checks.hpp"

#include <algorithm>
#include <cmath>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/values/object.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

template <Operator op>
bool compares(const Use& use) {
  return compare(op, use.input, *use.bound[0], use.budget);
}

bool is_divisible(const Value& value, const Value& by, Budget& budget) {
  return is_true(Value::boolean(are_equal(arithmetic(Operator::modulo, value, by, budget), Value::integer(0), budget)));
}

bool is_odd(const Use& use) {
  return are_equal(arithmetic(Operator::modulo, use.input, Value::integer(2), use.budget), Value::integer(1),
                   use.budget);
}

bool is_case(const Use& use, bool (*matches)(char32_t), bool (*refuses)(char32_t)) {
  bool any = false;
  for (const char32_t point : unicode::decode(python_str(use.input, use.budget))) {
    if (refuses(point)) {
      return false;
    }
    any = any || matches(point);
  }
  return any;
}

bool is_same(const Use& use) {
  const Value& other = *use.bound[0];
  return use.input.kind() == other.kind() && are_equal(use.input, other, use.budget);
}

bool is_iterable(const Use& use) {
  return use.input.is_sequence() || use.input.is_dict() || use.input.is_text() || use.input.is_undefined();
}

bool is_boolean(const Use& use, bool truth) { return use.input.is(Kind::boolean) && use.input.as_boolean() == truth; }

// Sorted by name.
constexpr Check checks[] = {
    {"!=", "other!", compares<Operator::not_equal>},
    {"<", "other!", compares<Operator::less>},
    {"<=", "other!", compares<Operator::less_equal>},
    {"==", "other!", compares<Operator::equal>},
    {">", "other!", compares<Operator::greater>},
    {">=", "other!", compares<Operator::greater_equal>},
    {"boolean", "", [](const Use& use) { return use.input.is(Kind::boolean); }},
    {"callable", "", [](const Use& use) { return use.input.is(Kind::object) && use.input.as_object().is_callable(); }},
    {"defined", "", [](const Use& use) { return !use.input.is_undefined(); }},
    {"divisibleby", "num!", [](const Use& use) { return is_divisible(use.input, *use.bound[0], use.budget); }},
    {"eq", "other!", compares<Operator::equal>},
    {"equalto", "other!", compares<Operator::equal>},
    {"escaped", "", [](const Use& use) { return use.input.is_markup() || use.input.is_undefined(); }},
    {"even", "", [](const Use& use) { return is_divisible(use.input, Value::integer(2), use.budget); }},
    {"false", "", [](const Use& use) { return is_boolean(use, false); }},
    {"filter", "", [](const Use& use) { return use.input.is_text() && find_filter(use.input.as_text()) != nullptr; }},
    {"float", "", [](const Use& use) { return use.input.is(Kind::floating); }},
    {"ge", "other!", compares<Operator::greater_equal>},
    {"greaterthan", "other!", compares<Operator::greater>},
    {"gt", "other!", compares<Operator::greater>},
    {"in", "seq!", [](const Use& use) { return contains(*use.bound[0], use.input, use.budget); }},
    {"integer", "", [](const Use& use) { return use.input.is(Kind::integer); }},
    {"iterable", "", is_iterable},
    {"le", "other!", compares<Operator::less_equal>},
    {"lessthan", "other!", compares<Operator::less>},
    {"lower", "", [](const Use& use) { return is_case(use, unicode::is_lower, unicode::is_upper); }},
    {"lt", "other!", compares<Operator::less>},
    {"mapping", "", [](const Use& use) { return use.input.is_dict(); }},
    {"ne", "other!", compares<Operator::not_equal>},
    {"none", "", [](const Use& use) { return use.input.is_none(); }},
    {"number", "", [](const Use& use) { return use.input.is_number(); }},
    {"odd", "", is_odd},
    {"sameas", "other!", is_same},
    {"sequence", "",
     [](const Use& use) {
       return use.input.is_sequence() || use.input.is_dict() || use.input.is_text() || use.input.is_undefined();
     }},
    {"string", "", [](const Use& use) { return use.input.is_text(); }},
    {"test", "", [](const Use& use) { return use.input.is_text() && find_check(use.input.as_text()) != nullptr; }},
    {"true", "", [](const Use& use) { return is_boolean(use, true); }},
    {"undefined", "", [](const Use& use) { return use.input.is_undefined(); }},
    {"upper", "", [](const Use& use) { return is_case(use, unicode::is_upper, unicode::is_lower); }},
};

}  // namespace

const Check* find_check(std::string_view name) {
  const auto found = std::lower_bound(std::begin(checks), std::end(checks), name,
                                      [](const Check& check, std::string_view wanted) { return check.name < wanted; });
  return found != std::end(checks) && found->name == name ? found : nullptr;
}

bool does_hold(const Check& check, Renderer& renderer, const Value& input, const Arguments& arguments) {
  renderer.budget().spend(input.is_text() ? 1 + input.as_text().size() / 64 : 1);
  const Bound bound(check.name, check.parameters, arguments);
  return check.holds(Use{renderer, renderer.budget(), input, bound, arguments});
}

}  // namespace noetl::templating
