#include "worker/tools/options.hpp"

#include <charconv>
#include <cmath>

namespace noetl::tools {

namespace {

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

const Json* find_option(const ToolCall& call, std::initializer_list<std::string_view> names) {
  const auto find_in = [&](const Json& options) -> const Json* {
    if (!options.is_object()) return nullptr;
    for (const std::string_view name : names) {
      const auto found = options.find(name);
      if (found != options.end() && !found->is_null()) return &*found;
    }
    return nullptr;
  };
  if (const Json* found = find_in(call.tool)) return found;
  if (!call.tool.is_object()) return nullptr;
  const auto spec = call.tool.find("spec");
  return spec == call.tool.end() ? nullptr : find_in(*spec);
}

base::Result<bool> bool_option(const ToolCall& call, std::string_view name, bool fallback) {
  const Json* value = find_option(call, {name});
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    if (text == "true" || text == "True") return true;
    if (text == "false" || text == "False") return false;
  }
  return base::failure(base::ErrorCode::invalid_input,
                       "option '" + std::string(name) + "' must be true or false, not " + to_string(*value),
                       std::string(name));
}

base::Result<std::chrono::steady_clock::time_point> deadline_of(const ToolCall& call) {
  const Json* value = find_option(call, {"timeout"});
  if (value == nullptr) return call.deadline;
  const std::optional<double> seconds = number_of(*value);
  if (!seconds || !std::isfinite(*seconds) || *seconds <= 0) {
    return base::failure(base::ErrorCode::invalid_input,
                         "option 'timeout' must be a number of seconds above 0, not " + to_string(*value), "timeout");
  }
  constexpr double seconds_max = 365.0 * 24 * 3600;  // beyond it the sum with now would overflow
  const auto wanted = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(std::min(*seconds, seconds_max)));
  return std::min(call.deadline, std::chrono::steady_clock::now() + wanted);
}

Json input_of(const ToolCall& call) {
  Json input = Json::object();
  for (const std::string_view name : {"args", "input"}) {
    const Json* own = find_option(call, {name});
    if (own != nullptr && own->is_object()) input.update(*own);
  }
  if (call.input.is_object()) input.update(call.input);
  return input;
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  return std::nullopt;
}

}  // namespace noetl::tools
