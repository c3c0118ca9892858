#include "server/engine/durations.hpp"

#include <charconv>

namespace noetl::engine {
namespace {

constexpr std::chrono::milliseconds timeout_longest = std::chrono::hours(24 * 30);

// What playbooks get that say less: the same wait every time, never more than an hour.
constexpr base::Backoff backoff_of_playbooks{.kind = base::BackoffKind::fixed,
                                             .initial = std::chrono::milliseconds{0},
                                             .delay_max = std::chrono::hours{1},
                                             .multiplier = 2.0};

// linear, exponential; any other word is fixed, `none` too: an author who writes a delay beside it means it.
base::BackoffKind backoff_kind_from(std::string_view word) {
  if (word == "linear") return base::BackoffKind::linear;
  return word == "exponential" ? base::BackoffKind::exponential : base::BackoffKind::fixed;
}

}  // namespace

std::chrono::milliseconds duration_from(const domain::Json& value) {
  double amount = 0;
  double unit_ms = 1000;
  if (value.is_number()) {
    amount = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (error != std::errc{}) return {};
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "ms")
      unit_ms = 1;
    else if (unit == "m")
      unit_ms = 60'000;
    else if (unit == "h")
      unit_ms = 3'600'000;
    else if (!unit.empty() && unit != "s")
      return {};
  }
  const double ms = amount * unit_ms;
  if (!(ms > 0)) return {};
  const auto longest = static_cast<double>(timeout_longest.count());
  return ms >= longest ? timeout_longest : std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<double> number_from(const domain::Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

base::Backoff backoff_of(const domain::Json& spec, std::chrono::milliseconds initial) {
  auto backoff = backoff_of_playbooks;
  backoff.initial = initial;
  for (const auto* name : {"initial_delay", "delay"}) {
    if (const auto found = spec.find(name); found != spec.end()) backoff.initial = duration_from(*found);
  }
  for (const auto* name : {"backoff_multiplier", "backoff"}) {
    const auto found = spec.find(name);
    if (found == spec.end()) continue;
    if (const auto factor = number_from(*found)) {
      backoff.kind = base::BackoffKind::exponential;
      backoff.multiplier = *factor;
    } else if (found->is_string()) {
      backoff.kind = backoff_kind_from(found->get_ref<const std::string&>());
    }
  }
  if (const auto found = spec.find("max_delay"); found != spec.end())
    backoff.delay_max = duration_from(*found);
  return backoff;
}

std::chrono::milliseconds delay_asked(const domain::Json& error) {
  const auto asked = error.is_object() ? error.find("retry_after") : error.end();
  return asked == error.end() ? std::chrono::milliseconds{0} : duration_from(*asked);
}

}  // namespace noetl::engine
