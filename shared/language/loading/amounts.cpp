#include "shared/language/loading/amounts.hpp"

#include <array>

#include "shared/language/loading/option_names.hpp"

namespace noetl::language {

namespace {

using durations::CountBounds;
using durations::DurationBounds;

constexpr CountBounds priority_bounds{.least = -100, .most = 100};
// NoETL has them; here no delay is spread.
constexpr auto retry_keys_without_effect = std::to_array<std::string_view>({"jitter"});

bool is_template(const Field& field) {
  return field.is_scalar() && field.node->value.is_string() && has_template_marks(field.node->text);
}

// A scalar as JSON; a list or a map is shown as what it is.
Json value_of(const Field& field) { return field.node->to_json(); }

void refuse(const Field& field, const base::Error& error, Findings& findings) {
  findings.refused(field.path, field.mark(), error.message);
}

void check_backoff(const Field& field, Findings& findings) {
  if (!field.is_given() || is_template(field)) return;
  if (field.is_scalar() && vocabulary::contains(vocabulary::backoffs, field.node->text)) return;
  if (durations::factor_of(value_of(field))) return;
  findings.refused(field.path, field.mark(),
                   "expected none, fixed, linear, exponential or a factor from 1 to 100; found " + field.described(),
                   field.is_scalar() ? did_you_mean(field.node->text, vocabulary::backoffs) : "");
}

void check_factor(const Field& field, Findings& findings) {
  if (!field.is_given() || is_template(field)) return;
  if (const auto factor = durations::factor_of(value_of(field)); !factor) refuse(field, factor.error(), findings);
}

// delay, initial_delay and max_delay, also with their unit in their name.
void check_delays(const Field& field, Findings& findings) {
  if (!field.is_mapping()) return;
  for (const auto& member : field.node->members) {
    const auto name = name_without_unit(member.key).value_or(member.key);
    if (name == "delay" || name == "initial_delay" || name == "max_delay")
      check_duration(field.of(member), durations::delay_bounds, findings, member.key);
  }
}

// true: as often as is usual; false: never again.
void check_retry(const Field& field, Findings& findings) {
  if (!field.is_given() || is_template(field)) return;
  if (field.is_mapping()) return check_retry_map(field, findings);
  if (field.is_sequence()) {
    findings.refused(
        field.path, field.mark(),
        "expected a number of attempts or {max_attempts, initial_delay, backoff, max_delay}; found a list");
    return;
  }
  if (!field.node->value.is_boolean()) check_count(field, durations::attempts_bounds, findings);
}

}  // namespace

void check_duration(const Field& field, const DurationBounds& bounds, Findings& findings, std::string_view key) {
  if (!field.is_given() || is_template(field)) return;
  if (const auto read = durations::duration_of(with_unit_of(key, value_of(field)), bounds); !read)
    refuse(field, read.error(), findings);
}

void check_count(const Field& field, const CountBounds& bounds, Findings& findings) {
  if (!field.is_given() || is_template(field)) return;
  if (const auto read = durations::count_of(value_of(field), bounds); !read) refuse(field, read.error(), findings);
}

void refuse_unknown_keys(const Field& field, vocabulary::Words known, std::string_view what, Findings& findings) {
  for (const auto& member : field.node->members) {
    if (vocabulary::contains(known, member.key) || member.key.starts_with("x-")) continue;
    if (const auto own = name_without_unit(member.key); own && vocabulary::contains(known, *own)) continue;
    const Field at = field.of(member);
    if (vocabulary::contains(retry_keys_without_effect, member.key)) {
      findings.warning(at.path, member.mark, "`" + member.key + "` has no effect in a playbook");
      continue;
    }
    findings.refused(at.path, member.mark,
                     "the key '" + clipped(member.key, 60) + "' means nothing in retry; expected " + std::string(what),
                     did_you_mean(member.key, known));
  }
}

void check_retry_map(const Field& field, Findings& findings) {
  if (!field.is_mapping()) return;
  refuse_unknown_keys(field, vocabulary::retry_keys,
                      "max_attempts, initial_delay, backoff, backoff_multiplier or max_delay", findings);
  for (const char* key : {"max_attempts", "attempts"}) check_count(field[key], durations::attempts_bounds, findings);
  check_delays(field, findings);
  check_backoff(field["backoff"], findings);
  check_factor(field["backoff_multiplier"], findings);
}

void check_limit(const Field& field, std::string_view key, Findings& findings) {
  if (key == "timeout" || key == "lease_seconds" || name_without_unit(key) == "timeout")
    return check_duration(field, durations::timeout_bounds, findings, key);
  if (key == "poll_interval") return check_duration(field, durations::delay_bounds, findings);
  if (key == "retry") return check_retry(field, findings);
  if (key == "max_attempts") return check_count(field, durations::attempts_bounds, findings);
  if (key == "priority") return check_count(field, priority_bounds, findings);
}

void check_then_amounts(const Field& then, Findings& findings) {
  check_count(then["attempts"], durations::attempts_bounds, findings);
  check_delays(then, findings);
}

void check_policy_amounts(const Field& policy, Findings& findings) {
  const Field rules = policy["rules"];
  if (!rules.is_sequence()) return;
  for (std::size_t index = 0; index < rules.node->items.size(); ++index) {
    const Field rule = rules.at(index);
    const Field branch = rule.has("else") ? rule["else"] : rule;
    check_then_amounts(branch.has("then") ? branch["then"] : branch, findings);
  }
}

void check_frame(const Field& frame, Findings& findings) {
  for (const char* key : {"max_rows", "row_concurrency", "max_bytes"}) check_count(frame[key], {}, findings);
  for (const char* key : {"max_seconds", "lease_seconds", "heartbeat_seconds"})
    check_duration(frame[key], durations::timeout_bounds, findings);
}

void check_keychain_amounts(const Field& keychain, Findings& findings) {
  const auto check = [&](const Field& entry) {
    for (const char* key : {"ttl_seconds", "ttl"}) check_duration(entry[key], durations::lifetime_bounds, findings);
  };
  if (keychain.is_sequence())
    for (std::size_t index = 0; index < keychain.node->items.size(); ++index) check(keychain.at(index));
  if (keychain.is_mapping())
    for (const auto& member : keychain.node->members) check(keychain.of(member));
}

void check_execution_timeout(const Field& field, Findings& findings) {
  if (is_template(field))
    findings.refused(
        field.path, field.mark(),
        "expected a duration; found a template, which is rendered for steps alone: give `timeout` (--limit) "
        "when you execute the playbook");
  else
    check_duration(field, durations::timeout_bounds, findings);
}

}  // namespace noetl::language
