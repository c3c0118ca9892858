// Items, attributes, slices and iteration of operators.hpp.
#include <algorithm>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/values/object.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

// The position that Python means by `index`, or nothing.
std::optional<std::size_t> position(std::int64_t index, std::size_t size) {
  const auto signed_size = static_cast<std::int64_t>(size);
  if (index < -signed_size || index >= signed_size) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(index < 0 ? index + signed_size : index);
}

Value text_of_point(char32_t point) {
  std::string text;
  unicode::append(text, point);
  return Value::text(std::move(text));
}

struct SliceBounds {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::size_t count = 0;
};

std::optional<std::int64_t> bound(const Value* value) {
  if (value == nullptr || value->is_none()) {
    return std::nullopt;
  }
  if (value->is_undefined()) {
    fail_use_of_undefined(*value);
  }
  if (!value->is_whole()) {
    fail("slice indices must be integers or None");
  }
  return value->as_integer();
}

SliceBounds slice_bounds(std::size_t size, const Value* start, const Value* stop, const Value* step) {
  const auto length = static_cast<std::int64_t>(size);
  SliceBounds bounds;
  bounds.step = bound(step).value_or(1);
  if (bounds.step == 0) {
    fail("slice step cannot be zero");
  }
  // A step beyond the length picks one item whatever it is; clamping keeps the sums below in range.
  bounds.step = std::clamp(bounds.step, -length - 1, length + 1);
  const bool forward = bounds.step > 0;
  const std::int64_t low = forward ? 0 : -1;
  const std::int64_t high = forward ? length : length - 1;
  const auto place = [&](const Value* value, std::int64_t otherwise) {
    const std::optional<std::int64_t> index = bound(value);
    if (!index) {
      return otherwise;
    }
    return *index < 0 ? std::max(*index < -length - 1 ? low : *index + length, low) : std::min(*index, high);
  };
  bounds.start = place(start, forward ? low : high);
  const std::int64_t end = place(stop, forward ? high : low);
  const std::int64_t distance = forward ? end - bounds.start : bounds.start - end;
  const std::int64_t stride = forward ? bounds.step : -bounds.step;
  bounds.count = distance > 0 ? static_cast<std::size_t>((distance + stride - 1) / stride) : 0;
  return bounds;
}

}  // namespace

Value item_of(const Value& object, const Value& key, Budget& budget) {
  switch (object.kind()) {
    case Kind::dict: {
      if (key.is_sequence() && !key.is(Kind::tuple)) {
        return {};
      }
      budget.spend(key.is_text() ? key.as_text().size() / 64 : 0);
      bool found = false;
      return key.is_dict() ? Value() : object.find(key, found);
    }
    case Kind::list:
    case Kind::tuple: {
      if (!key.is_whole()) {
        return key.is_text() ? attribute_of(object, key.as_text()) : Value();
      }
      const auto at = position(key.as_integer(), object.size());
      return at ? object.at(*at) : Value();
    }
    case Kind::text: {
      if (!key.is_whole()) {
        return {};
      }
      budget.spend(1 + object.as_text().size() / 64);
      if (unicode::is_ascii(object.as_text())) {
        const auto at = position(key.as_integer(), object.as_text().size());
        return at ? Value::text(std::string(1, object.as_text()[*at])) : Value();
      }
      const Points points = unicode::decode(object.as_text());
      const auto at = position(key.as_integer(), points.size());
      return at ? text_of_point(points[*at]) : Value();
    }
    case Kind::object: return key.is_text() ? object.as_object().attribute(key.as_text()) : Value();
    default: return {};
  }
}

Value attribute_of(const Value& object, const std::string& name) {
  bool found = false;
  switch (object.kind()) {
    case Kind::dict: return object.find(name, found);
    case Kind::object: return object.as_object().attribute(name);
    case Kind::tuple:
      // groupby() gives pairs that Jinja reads by name.
      if (object.size() == 2 && (name == "grouper" || name == "list")) {
        return object.at(name == "grouper" ? 0 : 1);
      }
      return {};
    default: return {};
  }
}

Value slice_of(const Value& object, const Value* start, const Value* stop, const Value* step, Budget& budget) {
  if (object.is_text()) {
    const Points points = unicode::decode(object.as_text());
    const SliceBounds bounds = slice_bounds(points.size(), start, stop, step);
    Points part;
    for (std::size_t i = 0; i < bounds.count; ++i) {
      part += points[static_cast<std::size_t>(bounds.start + static_cast<std::int64_t>(i) * bounds.step)];
    }
    budget.spend(points.size() / 64);
    return budget.text(unicode::encode(part));
  }
  if (object.is_undefined()) {
    return object;
  }
  if (!object.is_sequence()) {
    fail("'" + python_type(object) + "' object has no slices");
  }
  const SliceBounds bounds = slice_bounds(object.size(), start, stop, step);
  budget.spend(bounds.count);
  Values items;
  items.reserve(bounds.count);
  for (std::size_t i = 0; i < bounds.count; ++i) {
    items.push_back(object.at(static_cast<std::size_t>(bounds.start + static_cast<std::int64_t>(i) * bounds.step)));
  }
  return object.is(Kind::tuple) ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

Values iterate(const Value& value, Budget& budget) {
  Values items;
  switch (value.kind()) {
    case Kind::undefined: return items;
    case Kind::list:
    case Kind::tuple: budget.spend(value.size()); return value.elements();
    case Kind::dict:
      budget.spend(value.size());
      for (auto& [key, item] : value.entries()) {
        items.push_back(key);
      }
      return items;
    case Kind::text:
      budget.spend(value.as_text().size() * 4);  // each character becomes a text of its own
      items.reserve(unicode::length(value.as_text()));
      for (const char32_t point : unicode::decode(value.as_text())) {
        items.push_back(text_of_point(point));
      }
      return items;
    default: fail("'" + python_type(value) + "' object is not iterable");
  }
}

std::optional<std::size_t> length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined: return 0;
    case Kind::text: return unicode::length(value.as_text());
    case Kind::list:
    case Kind::tuple:
    case Kind::dict: return value.size();
    default: return std::nullopt;
  }
}

}  // namespace noetl::templating
