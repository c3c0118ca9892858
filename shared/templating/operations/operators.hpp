#pragma once
// Python's operators on Values. What Python would refuse is a Failure; integers have 64 bits and
// overflowing them is a Failure too. Pure; any thread.
#include <cstddef>
#include <optional>
#include <vector>

#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

enum class Operator : std::uint8_t {
  none,
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
};

[[nodiscard]] bool is_true(const Value& value);
[[nodiscard]] Value arithmetic(Operator op, const Value& left, const Value& right, Budget& budget);
[[nodiscard]] Value negate(const Value& value);
[[nodiscard]] bool are_equal(const Value& left, const Value& right, Budget& budget);
// For <, <=, >, >= and sorting. Fails on kinds that have no order.
[[nodiscard]] bool is_less(const Value& left, const Value& right, Budget& budget);
[[nodiscard]] bool contains(const Value& container, const Value& item, Budget& budget);
[[nodiscard]] bool compare(Operator op, const Value& left, const Value& right, Budget& budget);

// object[key]: undefined when there is none, as in Jinja.
[[nodiscard]] Value item_of(const Value& object, const Value& key, Budget& budget);
// object.name and what map(attribute=…) reads: dict keys, digits as positions, attributes of objects.
[[nodiscard]] Value attribute_of(const Value& object, const std::string& name);
// object[start:stop:step]; the bounds are null, none or integers.
[[nodiscard]] Value slice_of(const Value& object, const Value* start, const Value* stop, const Value* step,
                             Budget& budget);
// What a `for` goes over: items, keys, characters; nothing for undefined. Fails on numbers and none.
[[nodiscard]] Values iterate(const Value& value, Budget& budget);
// len(); nothing when the kind has none.
[[nodiscard]] std::optional<std::size_t> length_of(const Value& value);
// "'x' is undefined".
[[noreturn]] void fail_use_of_undefined(const Value& value);

}  // namespace noetl::templating
