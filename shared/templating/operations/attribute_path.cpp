#include "shared/templating/operations/attribute_path.hpp"

#include <algorithm>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/text/number_text.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {

AttributePath::AttributePath(const Value* attribute, Budget& budget) : budget_(budget) {
  if (attribute == nullptr || attribute->is_none()) {
    return;
  }
  if (!attribute->is_text()) {
    paths_.push_back({*attribute});
    return;
  }
  const std::string& text = attribute->as_text();
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    Path path;
    for (std::size_t at = from; at <= end;) {
      const std::size_t stop = std::min(text.find('.', at), end);
      const std::string part = text.substr(at, stop - at);
      const bool is_index =
          !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string::npos;
      path.push_back(is_index ? Value::integer(std::stol(part)) : budget.text(part));
      at = stop + 1;
    }
    paths_.push_back(std::move(path));
    from = end + 1;
  }
}

Value AttributePath::follow(const Path& path, const Value& from) const {
  Value value = from;
  for (const Value& part : path) {
    budget_.spend(1);
    value = item_of(value, part, budget_);
  }
  return value;
}

Value AttributePath::read(const Value& from) const { return paths_.empty() ? from : follow(paths_[0], from); }

Value AttributePath::sort_key(const Value& from, bool case_sensitive) const {
  const auto key = [&](const Value& value) { return case_sensitive ? value : without_case(value, budget_); };
  Values keys;
  if (paths_.empty()) {
    keys.push_back(key(from));
  }
  for (const Path& path : paths_) {
    keys.push_back(key(follow(path, from)));
  }
  return Value::list(std::move(keys));
}

Value without_case(const Value& value, Budget& budget) {
  return value.is_text() ? budget.text(unicode::lower(value.as_text())) : value;
}

}  // namespace noetl::templating
