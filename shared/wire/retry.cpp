#include "shared/wire/retry.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"

namespace noetl::wire {
namespace {

using base::BackoffKind;

constexpr double retry_delay_seconds_max = 30.0 * 86'400;
constexpr double multiplier_max = 100;
constexpr std::array<std::pair<std::string_view, BackoffKind>, 4> kinds{{{"none", BackoffKind::none},
                                                                         {"fixed", BackoffKind::fixed},
                                                                         {"linear", BackoffKind::linear},
                                                                         {"exponential", BackoffKind::exponential}}};

double to_seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000.0; }

void read_kind(json::ObjectReader& reader, base::Backoff& backoff) {
  const auto word = reader.optional_string("backoff", {1, 32});
  if (!word) return;
  for (const auto& [name, kind] : kinds) {
    if (name != *word) continue;
    backoff.kind = kind;
    return;
  }
  reader.refuse("backoff", "must be one of none, fixed, linear, exponential, found '" + *word + "'");
}

}  // namespace

std::chrono::milliseconds from_seconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

base::Result<Retry> decode_retry(const json::Json& body, const std::string& pointer) {
  json::ObjectReader reader(body, pointer);
  Retry retry;
  read_kind(reader, retry.backoff);
  const auto initial = reader.optional_number("initial_delay", 0, retry_delay_seconds_max);
  if (initial) retry.backoff.initial = from_seconds(*initial);
  retry.backoff.multiplier = reader.optional_number("multiplier", 1, multiplier_max).value_or(retry.backoff.multiplier);
  const auto max = reader.optional_number("max_delay", 0, retry_delay_seconds_max);
  if (max) retry.backoff.delay_max = from_seconds(*max);
  // Somebody who asks for a first delay of an hour means it, whatever the default of the cap.
  if (!max && retry.backoff.initial > retry.backoff.delay_max) retry.backoff.delay_max = retry.backoff.initial;
  retry.has_jitter = reader.optional_bool("jitter").value_or(true);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return retry;
}

Retry retry_from_text(std::string_view text) {
  if (text.empty()) return {};
  const json::Json body = json::Json::parse(text, nullptr, false);
  return decode_retry(body, {}).value_or(Retry{});
}

std::string encode(const Retry& retry) {
  std::string_view word;
  for (const auto& [name, kind] : kinds) {
    if (kind == retry.backoff.kind) word = name;
  }
  json::ObjectWriter out(128);
  out.text("backoff", word)
      .number("initial_delay", to_seconds(retry.backoff.initial))
      .number("multiplier", retry.backoff.multiplier)
      .number("max_delay", to_seconds(retry.backoff.delay_max))
      .boolean("jitter", retry.has_jitter);
  return out.finish();
}

}  // namespace noetl::wire
