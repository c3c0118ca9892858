// Filters that apply a filter or a check to each item: map, select, reject and their attribute forms.
#include "shared/templating/filters/checks.hpp"
#include "shared/templating/operations/attribute_path.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {
namespace {

// The arguments after the first `skipped` ones.
Arguments rest_of(const Arguments& arguments, std::size_t skipped) {
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(skipped),
                         arguments.positional.end());
  rest.named = arguments.named;
  return rest;
}

Value mapped(const Use& use) {
  Values results;
  if (!is_true(use.input)) {
    return use.budget.list({});  // none as well: Jinja looks no further
  }
  if (use.arguments.positional.empty()) {
    const Value* attribute = use.arguments.find("attribute");
    if (attribute == nullptr) {
      fail("map wants the name of a filter, or attribute=");
    }
    const AttributePath path(attribute, use.budget);
    const Value* otherwise = use.arguments.find("default");
    const Values items = iterate(use.input, use.budget);
    results.reserve(items.size());
    for (const Value& item : items) {
      Value value = path.read(item);
      results.push_back(value.is_undefined() && otherwise != nullptr ? *otherwise : std::move(value));
    }
    return use.budget.list(std::move(results));
  }
  const std::string name = python_str(use.arguments.positional[0], use.budget);
  const Filter* filter = find_filter(name);
  if (filter == nullptr) {
    fail("there is no filter '" + name + "'");
  }
  const Arguments rest = rest_of(use.arguments, 1);
  const Budget::Level level(use.budget);
  const Values items = iterate(use.input, use.budget);
  results.reserve(items.size());
  for (const Value& item : items) {
    results.push_back(apply_filter(*filter, use.renderer, item, rest));
  }
  return use.budget.list(std::move(results));
}

template <bool by_attribute, bool wanted>
Value selected(const Use& use) {
  if (!is_true(use.input)) {
    return use.budget.list({});
  }
  const Values& given = use.arguments.positional;
  const std::size_t at = by_attribute ? 1 : 0;
  if (given.size() < at) {
    fail("selectattr and rejectattr want the name of an attribute");
  }
  const AttributePath path(by_attribute ? &given[0] : nullptr, use.budget);
  const Check* check = nullptr;
  Arguments rest;
  if (given.size() > at) {
    const std::string name = python_str(given[at], use.budget);
    check = find_check(name);
    if (check == nullptr) {
      fail("there is no test '" + name + "'");
    }
    rest = rest_of(use.arguments, at + 1);
  }
  Values kept;
  for (Value& item : iterate(use.input, use.budget)) {
    const Value value = path.read(item);
    const bool holds = check != nullptr ? does_hold(*check, use.renderer, value, rest) : is_true(value);
    if (holds == wanted) {
      kept.push_back(std::move(item));
    }
  }
  return use.budget.list(std::move(kept));
}

Value attribute(const Use& use) { return attribute_of(use.input, use.bound.text(0, "", use.budget)); }

constexpr Filter selection_filter_rows[] = {
    {"attr", "name!", attribute},
    {"map", "*", mapped},
    {"reject", "*", selected<false, false>},
    {"rejectattr", "*", selected<true, false>},
    {"select", "*", selected<false, true>},
    {"selectattr", "*", selected<true, true>},
};

}  // namespace

FilterTable selection_filters() { return {std::begin(selection_filter_rows), std::end(selection_filter_rows)}; }

}  // namespace noetl::templating
