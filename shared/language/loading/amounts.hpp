#pragma once
// Durations, counts and retry, wherever a playbook may have them: what cannot be read is refused here, with the readers that the
// engine and the tools use. Templates pass: they are read when they are rendered. Pure; any thread.
#include <string_view>

#include "shared/durations/count.hpp"
#include "shared/durations/duration.hpp"
#include "shared/language/loading/field.hpp"

namespace noetl::language {

// Null is none of it.
void check_duration(const Field& field, const durations::DurationBounds& bounds, Findings& findings,
                    std::string_view key = {});
void check_count(const Field& field, const durations::CountBounds& bounds, Findings& findings);
// A map with attempts and delays. Keys that mean nothing are refused: who misspells one gets another retry than he wrote.
void check_retry_map(const Field& field, Findings& findings);
void refuse_unknown_keys(const Field& field, vocabulary::Words known, std::string_view what, Findings& findings);
// One member of a tool, of a `spec` or of a step: timeout, retry, max_attempts, priority, …; others pass.
void check_limit(const Field& field, std::string_view key, Findings& findings);
// {attempts, delay, max_delay} of a policy's `then`.
void check_then_amounts(const Field& then, Findings& findings);
// {rules: [{when, then}]} of a step, whose actions nothing else reads.
void check_policy_amounts(const Field& policy, Findings& findings);
// loop.frame and loop.spec.frame.
void check_frame(const Field& frame, Findings& findings);
// Entries of the keychain: how long they live.
void check_keychain_amounts(const Field& keychain, Findings& findings);
// executor.spec.timeout, which is read before there is anything to render a template with.
void check_execution_timeout(const Field& field, Findings& findings);

}  // namespace noetl::language
