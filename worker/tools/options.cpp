#include "worker/tools/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "shared/durations/duration.hpp"

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

// What belongs to the step or to the engine, whatever the tool.
constexpr std::array<std::string_view, 22> always_known{
    "kind", "name",  "label",  "task",        "desc",      "description", "spec",  "policy",
    "args", "input", "output", "set",         "timeout",   "assert",      "retry", "sink",
    "when", "id",    "title",  "return_step", "result_as", "enabled"};

std::size_t edits_between(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string warning_of(std::string_view name, std::string_view kind, std::span<const OptionSpec> options) {
  std::string line = "warning: tool " + std::string(kind) + " has no option '" + storable_text(name) + "'";
  const auto nearest = std::min_element(options.begin(), options.end(), [&](const auto& a, const auto& b) {
    return edits_between(name, a.name) < edits_between(name, b.name);
  });
  if (edits_between(name, nearest->name) <= 2) line += "; did you mean '" + std::string(nearest->name) + "'?";
  return line + "\n";
}

}  // namespace

std::string unknown_options(const ToolCall& call, std::string_view kind, std::span<const OptionSpec> options) {
  if (options.empty() || !call.tool.is_object()) return {};
  std::string warnings;
  for (const auto& [name, value] : call.tool.items()) {
    const std::string_view wanted = name;
    const bool is_known =
        std::find(always_known.begin(), always_known.end(), wanted) != always_known.end() ||
        std::any_of(options.begin(), options.end(), [&](const OptionSpec& option) { return option.name == wanted; });
    if (!is_known && wanted.size() <= 64) warnings += warning_of(wanted, kind, options);
  }
  return warnings;
}

base::Result<std::int64_t> integer_option(const ToolCall& call, std::string_view name, std::int64_t fallback,
                                          std::int64_t least, std::int64_t most) {
  const Json* value = find_option(call, {name});
  if (value == nullptr) return fallback;
  const std::optional<double> number = number_of(*value);
  if (!number || std::floor(*number) != *number || *number < static_cast<double>(least) ||
      *number > static_cast<double>(most)) {
    return base::failure(base::ErrorCode::invalid_input,
                         "option '" + std::string(name) + "' must be a whole number from " + std::to_string(least) +
                             " to " + std::to_string(most) + ", not " + to_text(*value),
                         std::string(name));
  }
  return static_cast<std::int64_t>(*number);
}

base::Result<std::string> text_option(const ToolCall& call, std::initializer_list<std::string_view> names,
                                      std::string fallback) {
  const Json* value = find_option(call, names);
  if (value == nullptr) return fallback;
  const std::string name(*names.begin());
  if (auto text = scalar_text(*value)) {
    // Much of what these become is C's: what follows a NUL would be gone in silence.
    if (text->find('\0') != std::string::npos)
      return base::failure(base::ErrorCode::invalid_input, "option '" + name + "' has a NUL character", name);
    return *std::move(text);
  }
  return base::failure(base::ErrorCode::invalid_input,
                       "option '" + name + "' must be a text, not " + value->type_name(), name);
}

base::Result<NumericAs> numeric_option(const ToolCall& call) {
  const auto text = text_option(call, {"numeric"}, "exact");
  if (!text) return tl::unexpected(text.error());
  if (*text == "exact") return NumericAs::exact;
  if (*text == "number" || *text == "float") return NumericAs::number;
  if (*text == "text" || *text == "string") return NumericAs::text;
  return base::failure(base::ErrorCode::invalid_input,
                       "option 'numeric' must be exact, number or text, not '" + *text + "'", "numeric");
}

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
                       "option '" + std::string(name) + "' must be true or false, not " + to_text(*value),
                       std::string(name));
}

base::Result<std::chrono::steady_clock::time_point> deadline_of(const ToolCall& call) {
  const Json* value = find_option(call, {"timeout"});
  if (value == nullptr) return call.deadline;
  const auto wanted = durations::duration_of(*value, durations::timeout_bounds);
  if (!wanted) {
    return base::failure(base::ErrorCode::invalid_input, "option 'timeout': " + wanted.error().message, "timeout");
  }
  return std::min(call.deadline, std::chrono::steady_clock::now() + *wanted);
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
