#include "shared/templating/methods/methods.hpp"

#include <algorithm>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {
namespace {

Value get(const Use& use) {
  use.budget.spend(use.bound[0]->is_text() ? use.bound[0]->as_text().size() / 64 : 0);
  bool found = false;
  Value value = use.input.find(*use.bound[0], found);
  if (found) {
    return value;
  }
  return use.bound[1] == nullptr ? Value::none() : *use.bound[1];
}

Value items(const Use& use) {
  Values pairs;
  use.budget.spend(use.input.size());
  for (const auto& [key, value] : use.input.entries()) {
    pairs.push_back(Value::tuple({key, value}));
  }
  return use.budget.list(std::move(pairs));
}

Value values(const Use& use) {
  Values all;
  use.budget.spend(use.input.size());
  for (const auto& [key, value] : use.input.entries()) {
    all.push_back(value);
  }
  return use.budget.list(std::move(all));
}

Value keys(const Use& use) { return use.budget.list(iterate(use.input, use.budget)); }

Value count(const Use& use) {
  std::int64_t found = 0;
  for (std::size_t i = 0; i < use.input.size(); ++i) {
    found += are_equal(use.input.at(i), *use.bound[0], use.budget) ? 1 : 0;
  }
  return Value::integer(found);
}

Value index(const Use& use) {
  for (std::size_t i = 0; i < use.input.size(); ++i) {
    if (are_equal(use.input.at(i), *use.bound[0], use.budget)) {
      return Value::integer(static_cast<std::int64_t>(i));
    }
  }
  fail("the value is not in the list");
}

constexpr Filter of_dicts[] = {
    {"copy", "", [](const Use& use) { return use.input; }},
    {"get", "key! default", get},
    {"items", "", items},
    {"keys", "", keys},
    {"values", "", values},
};

constexpr Filter of_lists[] = {
    {"copy", "", [](const Use& use) { return use.input; }},
    {"count", "value!", count},
    {"index", "value!", index},
};

FilterTable methods_of(const Value& object) {
  return object.is_text()       ? text_methods()
         : object.is_dict()     ? dict_methods()
         : object.is_sequence() ? list_methods()
                                : FilterTable{};
}

}  // namespace

FilterTable dict_methods() { return {std::begin(of_dicts), std::end(of_dicts)}; }
FilterTable list_methods() { return {std::begin(of_lists), std::end(of_lists)}; }

Value call_method(Renderer& renderer, const Value& object, const std::string& name, const Arguments& arguments) {
  const FilterTable table = methods_of(object);
  const auto* found =
      std::lower_bound(table.begin, table.end, name,
                       [](const Filter& method, const std::string& wanted) { return method.name < wanted; });
  if (found == table.end || found->name != name) {
    // Inside a dict an object may be held: {'f': macro}.f().
    const Value member = attribute_of(object, name);
    if (member.is(Kind::object)) {
      return member.as_object().call(renderer, arguments);
    }
    fail_undefined("'" + python_type(object) + "' has no method '" + name + "'");
  }
  return apply_filter(*found, renderer, object, arguments);
}

}  // namespace noetl::templating
