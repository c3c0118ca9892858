#include "server/engine/large_results.hpp"

#include "server/engine/engine.hpp"

namespace noetl::engine {
namespace {

// Takes the size of `value` off `left`; false when it does not fit.
bool take_off(const Json& value, std::size_t& left) {
  constexpr std::size_t scalar_bytes = 8;      // of a number, bool or null, on average
  constexpr std::size_t quotes_and_comma = 3;
  const auto take = [&](std::size_t bytes) {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  };
  if (value.is_string()) return take(value.get_ref<const std::string&>().size() + quotes_and_comma);
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) {
      if (!take(name.size() + quotes_and_comma) || !take_off(inner, left)) return false;
    }
    return take(2);
  }
  if (value.is_array()) {
    for (const auto& inner : value) {
      if (!take_off(inner, left)) return false;
    }
    return take(2);
  }
  return take(scalar_bytes);
}

}  // namespace

bool is_larger(const Json& value, std::size_t bytes_max) {
  std::size_t left = bytes_max;
  return !take_off(value, left);
}

std::vector<LargeResult> move_out_large(State& state, std::size_t inline_bytes_max,
                                        const std::function<base::ResultId()>& new_id) {
  std::vector<LargeResult> moved;
  for (auto& [step, slot] : state.results) {
    if (slot.reference.is_set() || !slot.loop.empty() || !is_larger(slot.value, inline_bytes_max)) continue;
    const auto id = new_id();
    moved.push_back({.result_id = id, .step = step, .json = slot.value.dump()});
    slot.value = nullptr;
    slot.reference = id;
  }
  return moved;
}

}  // namespace noetl::engine
