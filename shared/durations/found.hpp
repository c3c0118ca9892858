#pragma once
// How errors show what was found where a duration or a count is expected. Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::durations {

[[nodiscard]] inline std::string found(const nlohmann::json& value) {
  constexpr std::size_t shown_bytes_max = 60;
  if (value.is_null()) return "nothing";
  if (value.is_object()) return "a map";
  if (value.is_array()) return "a list";
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() <= shown_bytes_max) return "'" + text + "'";
  std::size_t cut = shown_bytes_max;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return "'" + text.substr(0, cut) + "…'";
}

}  // namespace noetl::durations
