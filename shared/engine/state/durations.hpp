#pragma once
// Retry as authors write it, read when it is needed: the readers are those of registration (shared/durations). Pure; any thread.
#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/base/backoff.hpp"
#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/durations/count.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::engine {

// Attempts of a tool whose author wants more than one and does not say how many.
inline constexpr int attempts_default = 3;

// The first of these members as a whole number; `otherwise` when there is none. Errors name the member.
[[nodiscard]] base::Result<int> count_in(const domain::Json& spec, std::initializer_list<std::string_view> names,
                                         int otherwise);

// delay | initial_delay, backoff (a word or a factor) | backoff_multiplier, max_delay; `initial` when there
// is no delay. Errors name the member.
[[nodiscard]] base::Result<base::Backoff> backoff_of(const domain::Json& spec, std::chrono::milliseconds initial = {});

// Members that are null say nothing; after rendering a null is what a template gave.
[[nodiscard]] domain::Json without_nulls(domain::Json spec);

// How long the peer asked us to wait (`retry_after` of an error), zero when it did not: it is believed, if
// it asks for more than the playbook does.
[[nodiscard]] std::chrono::milliseconds delay_asked(const domain::Json& error);

}  // namespace noetl::engine
