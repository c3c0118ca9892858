// Filters on sequences as wholes. What Jinja gives as a generator is a list here.
#include <algorithm>
#include <unordered_set>

#include "shared/templating/operations/attribute_path.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

struct Keyed {
  Value key;
  Value value;
};

// Stable, by is_less(), which may throw: std::stable_sort allows that.
MeteredVector<Keyed> sorted(MeteredVector<Keyed> rows, bool reverse, Budget& budget) {
  budget.spend(rows.size());
  const Charge room(rows.size() * sizeof(Keyed));  // that sorting takes beside
  std::stable_sort(rows.begin(), rows.end(), [&](const Keyed& left, const Keyed& right) {
    return reverse ? is_less(right.key, left.key, budget) : is_less(left.key, right.key, budget);
  });
  return rows;
}

MeteredVector<Keyed> keyed(const Use& use, const AttributePath& path, bool case_sensitive) {
  MeteredVector<Keyed> rows;
  for (Value& item : iterate(use.input, use.budget)) {
    Value key = case_sensitive ? path.read(item) : without_case(path.read(item), use.budget);
    rows.push_back({std::move(key), std::move(item)});
  }
  return rows;
}

Value values_of(MeteredVector<Keyed> rows, Budget& budget) {
  Values values;
  for (Keyed& row : rows) {
    values.push_back(std::move(row.value));
  }
  return budget.list(std::move(values));
}

Value sort(const Use& use) {
  const AttributePath path(use.bound[2], use.budget);
  MeteredVector<Keyed> rows;
  for (Value& item : iterate(use.input, use.budget)) {
    Value key = path.sort_key(item, use.bound.boolean(1, false));
    rows.push_back({std::move(key), std::move(item)});
  }
  return values_of(sorted(std::move(rows), use.bound.boolean(0, false), use.budget), use.budget);
}

Value dict_sort(const Use& use) {
  if (!use.input.is_dict()) {
    fail("dictsort wants a dict, not " + python_type(use.input));
  }
  const std::string by = use.bound.text(1, "key", use.budget);
  if (by != "key" && by != "value") {
    fail("dictsort: by must be 'key' or 'value'");
  }
  MeteredVector<Keyed> rows;
  for (const auto& [key, value] : use.input.entries()) {
    const Value& wanted = by == "key" ? key : value;
    rows.push_back(
        {use.bound.boolean(0, false) ? wanted : without_case(wanted, use.budget), Value::tuple({key, value})});
  }
  return values_of(sorted(std::move(rows), use.bound.boolean(2, false), use.budget), use.budget);
}

template <bool wants_max>
Value extreme(const Use& use) {
  const AttributePath path(use.bound[1], use.budget);
  const MeteredVector<Keyed> rows = keyed(use, path, use.bound.boolean(0, false));
  const Keyed* best = rows.empty() ? nullptr : &rows[0];
  for (const Keyed& row : rows) {
    if (&row == best) {
      continue;  // one item alone needs no order
    }
    if (wants_max ? is_less(best->key, row.key, use.budget) : is_less(row.key, best->key, use.budget)) {
      best = &row;
    }
  }
  return best == nullptr ? Value() : best->value;
}

Value unique(const Use& use) {
  const AttributePath path(use.bound[1], use.budget);
  std::unordered_set<std::string> seen;
  Charge charge;
  MeteredVector<Keyed> rows = keyed(use, path, use.bound.boolean(0, false));
  std::erase_if(rows, [&](const Keyed& row) {
    use.budget.spend(row.key.is_text() ? 1 + row.key.as_text().size() / 64 : 1);
    std::string key = key_of(row.key);
    charge.add(storage_bytes + key.size());
    return !seen.insert(std::move(key)).second;
  });
  return values_of(std::move(rows), use.budget);
}

Value group_by(const Use& use) {
  const AttributePath path(use.bound[0], use.budget);
  const bool case_sensitive = use.bound.boolean(2, false);
  MeteredVector<Keyed> rows;
  for (Value& item : iterate(use.input, use.budget)) {
    Value key = path.read(item);
    key = key.is_undefined() && use.bound[1] != nullptr ? *use.bound[1] : key;
    rows.push_back({case_sensitive ? key : without_case(key, use.budget), Value::tuple({key, item})});
  }
  rows = sorted(std::move(rows), false, use.budget);
  Values groups;
  for (std::size_t i = 0; i < rows.size();) {
    Values members;
    const std::size_t first = i;
    for (; i < rows.size() && are_equal(rows[i].key, rows[first].key, use.budget); ++i) {
      members.push_back(rows[i].value.at(1));
    }
    if (i == first) {
      fail("groupby cannot compare the values of the attribute");
    }
    groups.push_back(Value::tuple({rows[first].value.at(0), use.budget.list(std::move(members))}));
  }
  return use.budget.list(std::move(groups));
}

Value join(const Use& use) {
  const std::string separator = use.bound.text(0, "", use.budget);
  const AttributePath path(use.bound[1], use.budget);
  std::string out;
  bool first = true;
  for (const Value& item : iterate(use.input, use.budget)) {
    out += first ? "" : separator;
    first = false;
    append_str(path.read(item), out, use.budget);
    use.budget.check_growing(out);
  }
  return use.budget.text(std::move(out));
}

Value sum(const Use& use) {
  const AttributePath path(use.bound[0], use.budget);
  Value total = use.bound[1] == nullptr ? Value::integer(0) : *use.bound[1];
  for (const Value& item : iterate(use.input, use.budget)) {
    total = arithmetic(Operator::add, total, path.read(item), use.budget);
  }
  return total;
}

Value first(const Use& use) {
  if (use.input.is_sequence()) {
    return use.input.size() == 0 ? Value() : use.input.at(0);
  }
  const Values items = iterate(use.input, use.budget);
  return items.empty() ? Value() : items.front();
}

Value last(const Use& use) {
  if (use.input.is_sequence()) {
    return use.input.size() == 0 ? Value() : use.input.at(use.input.size() - 1);
  }
  const Values items = iterate(use.input, use.budget);
  return items.empty() ? Value() : items.back();
}

Value length(const Use& use) {
  const auto size = length_of(use.input);
  if (!size) {
    fail("object of type '" + python_type(use.input) + "' has no len()");
  }
  return Value::integer(static_cast<std::int64_t>(*size));
}

Value reverse(const Use& use) {
  if (use.input.is_text()) {
    const Points points = unicode::decode(use.input.as_text());
    return use.budget.text(unicode::encode(Points(points.rbegin(), points.rend())));
  }
  Values items = iterate(use.input, use.budget);
  std::reverse(items.begin(), items.end());
  return use.budget.list(std::move(items));
}

Value batch(const Use& use) {
  const std::int64_t size = use.bound.integer(0, 1);
  const Value* fill = use.bound[1];
  Values batches;
  Values current;
  for (Value& item : iterate(use.input, use.budget)) {
    if (static_cast<std::int64_t>(current.size()) == size) {
      batches.push_back(use.budget.list(std::move(current)));
      current.clear();
    }
    current.push_back(std::move(item));
  }
  if (!current.empty()) {
    for (auto missing = size - static_cast<std::int64_t>(current.size());
         missing > 0 && fill != nullptr && !fill->is_none(); --missing) {
      use.budget.spend(1);
      current.push_back(*fill);
    }
    batches.push_back(use.budget.list(std::move(current)));
  }
  return use.budget.list(std::move(batches));
}

Value slice(const Use& use) {
  const Values items = iterate(use.input, use.budget);
  const std::int64_t wanted = use.bound.integer(0, 1);
  if (wanted <= 0) {
    fail("slice wants a positive number of slices");
  }
  const auto slices = static_cast<std::size_t>(wanted);
  const std::size_t each = items.size() / slices;
  const std::size_t longer = items.size() % slices;
  const bool fills = use.bound[1] != nullptr && !use.bound[1]->is_none();
  Values columns;
  std::size_t at = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    use.budget.spend(1);
    const std::size_t end = at + each + (i < longer ? 1 : 0);
    Values column(items.begin() + static_cast<std::ptrdiff_t>(at), items.begin() + static_cast<std::ptrdiff_t>(end));
    if (fills && i >= longer) {
      column.push_back(*use.bound[1]);
    }
    columns.push_back(use.budget.list(std::move(column)));
    at = end;
  }
  return use.budget.list(std::move(columns));
}

Value items(const Use& use) {
  if (use.input.is_undefined()) {
    return use.budget.list({});
  }
  if (!use.input.is_dict()) {
    fail("items wants a dict, not " + python_type(use.input));
  }
  Values pairs;
  use.budget.spend(use.input.size());
  for (const auto& [key, value] : use.input.entries()) {
    pairs.push_back(Value::tuple({key, value}));
  }
  return use.budget.list(std::move(pairs));
}

Value to_list(const Use& use) {
  return use.input.is(Kind::list) ? use.input : use.budget.list(iterate(use.input, use.budget));
}

// Ansible's: dicts put together, later ones win.
Value combine(const Use& use) {
  Entries entries;
  Values all = {use.input};
  all.insert(all.end(), use.arguments.positional.begin(), use.arguments.positional.end());
  for (const Value& dict : all) {
    if (!dict.is_dict()) {
      fail("combine wants dicts, not " + python_type(dict));
    }
    use.budget.spend(dict.size());
    for (const Entry& entry : dict.entries()) {
      entries.push_back(entry);
    }
  }
  return Value::dict(std::move(entries));
}

constexpr Filter sequence_filter_rows[] = {
    {"batch", "linecount! fill_with", batch},
    {"combine", "*", combine},
    {"count", "", length},
    {"dictsort", "case_sensitive by reverse", dict_sort},
    {"first", "", first},
    {"groupby", "attribute! default case_sensitive", group_by},
    {"items", "", items},
    {"join", "d attribute", join},
    {"last", "", last},
    {"length", "", length},
    {"list", "", to_list},
    {"max", "case_sensitive attribute", extreme<true>},
    {"min", "case_sensitive attribute", extreme<false>},
    {"reverse", "", reverse},
    {"slice", "slices! fill_with", slice},
    {"sort", "reverse case_sensitive attribute", sort},
    {"sum", "attribute start", sum},
    {"unique", "case_sensitive attribute", unique},
};

}  // namespace

FilterTable sequence_filters() { return {std::begin(sequence_filter_rows), std::end(sequence_filter_rows)}; }

}  // namespace noetl::templating
