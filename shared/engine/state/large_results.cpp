#include "shared/engine/state/large_results.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "shared/domain/json_text.hpp"
#include "shared/engine/state/decision.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// Takes the size of `value` off `left`; false when it does not fit.
bool take_off(const Json& value, std::size_t& left) {
  constexpr std::size_t scalar_bytes = 8;  // of a number, bool or null, on average
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

constexpr std::size_t preview_bytes_max = 256;
constexpr std::size_t kv_bytes_max = 1024 * 1024;
constexpr std::size_t selected_bytes_max = 4096;

Json selected_fields(const domain::Playbook& playbook, const std::string& step_name, const Json& value) {
  Json selected = Json::object();
  const auto* step = playbook.find_step(step_name);
  if (step == nullptr || !step->output.is_object()) return selected;
  const auto fields = step->output.find("output_select");
  if (fields == step->output.end() || !fields->is_array()) return selected;
  for (const auto& field : *fields) {
    if (!field.is_string()) continue;
    const auto& path = field.get_ref<const std::string&>();
    const Json* found = at_path(value, path);
    if (found == nullptr || is_larger(*found, selected_bytes_max)) continue;
    selected[path.substr(path.rfind('.') + 1)] = *found;
  }
  return selected;
}

// Cut where a character begins.
std::string preview_of(const std::string& json) {
  auto end = std::min(json.size(), preview_bytes_max);
  while (end > 0 && end < json.size() && (static_cast<unsigned char>(json[end]) & 0xC0U) == 0x80U) --end;
  return json.substr(0, end);
}

}  // namespace

bool is_larger(const Json& value, std::size_t bytes_max) {
  std::size_t left = bytes_max;
  return !take_off(value, left);
}

bool is_larger(const json::LazyJson& value, std::size_t bytes_max) {
  // take_off() counts 8 bytes for a number, and a digit with its comma has two; a character may be an escape of six.
  constexpr std::size_t counted_per_byte_max = 4, bytes_per_counted_max = 6;
  const auto text_bytes = value.text_bytes();
  if (text_bytes != 0 && text_bytes < bytes_max / counted_per_byte_max) return false;
  return text_bytes > bytes_max * bytes_per_counted_max || is_larger(value.get(), bytes_max);
}

LargeResult move_out(const domain::Playbook& playbook, const std::string& step, ResultSlot& slot, base::ResultId id,
                     json::LazyJson& value) {
  auto json = slot.value.text();
  Json at_hand;
  if (json.size() > reference_bytes_min) {
    at_hand = selected_fields(playbook, step, slot.value.get());
    at_hand["_ref"] = "noetl://result/" + id.str();
    at_hand["_store"] = json.size() > kv_bytes_max ? "disk" : "kv";
    at_hand["_preview"] = preview_of(json);
  }
  value = std::exchange(slot.value, std::move(at_hand));
  slot.reference = id;
  return {.result_id = id, .step = step, .json = std::move(json)};
}

std::vector<LargeResult> move_out_large(const domain::Playbook& playbook, State& state, std::size_t inline_bytes_max,
                                        const std::function<base::ResultId()>& new_id) {
  std::vector<LargeResult> moved;
  for (auto& [step, slot] : state.results) {
    if (slot.reference.is_set() || !slot.loop.empty() || !is_larger(slot.value, inline_bytes_max)) continue;
    json::LazyJson value;
    moved.push_back(move_out(playbook, step, slot, new_id(), value));
  }
  return moved;
}

}  // namespace noetl::engine
