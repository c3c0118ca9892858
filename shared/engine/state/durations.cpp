#include "shared/engine/state/durations.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace noetl::engine {
namespace {

using base::BackoffKind;
using base::ErrorCode;
using base::failure;
using domain::Json;
using std::chrono::milliseconds;

// What playbooks get that say less: the same wait every time, never more than an hour.
constexpr base::Backoff backoff_of_playbooks{
    .kind = BackoffKind::fixed, .initial = milliseconds{0}, .delay_max = std::chrono::hours{1}, .multiplier = 2.0};
// `none` is fixed: an author who writes a delay beside it means it.
constexpr std::array<std::pair<std::string_view, BackoffKind>, 4> kinds{{{"none", BackoffKind::fixed},
                                                                         {"fixed", BackoffKind::fixed},
                                                                         {"linear", BackoffKind::linear},
                                                                         {"exponential", BackoffKind::exponential}}};

template <class T>
base::Result<T> named(std::string_view name, base::Result<T> read) {
  if (!read) read.error().message = "`" + std::string(name) + "`: " + read.error().message;
  return read;
}

base::Result<void> read_delay(const Json& spec, const char* name, milliseconds& into) {
  const auto found = spec.find(name);
  if (found == spec.end()) return {};
  const auto read = named(name, durations::duration_of(*found, durations::delay_bounds));
  if (!read) return failure(read.error());
  into = *read;
  return {};
}

base::Result<void> read_growth(const Json& spec, const char* name, base::Backoff& into) {
  const auto found = spec.find(name);
  if (found == spec.end()) return {};
  if (found->is_string()) {
    const auto* kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) {
      return one.first == found->template get_ref<const std::string&>();
    });
    if (kind != kinds.end()) {
      into.kind = kind->second;
      return {};
    }
  }
  const auto factor = durations::factor_of(*found);
  if (!factor) {
    return failure(ErrorCode::invalid_input,
                   "`" + std::string(name) +
                       "`: expected none, fixed, linear, exponential or a factor: " + factor.error().message);
  }
  into.kind = BackoffKind::exponential;
  into.multiplier = *factor;
  return {};
}

}  // namespace

base::Result<int> count_in(const Json& spec, std::initializer_list<std::string_view> names, int otherwise) {
  for (const auto name : names) {
    if (const auto found = spec.find(name); found != spec.end())
      return named(name, durations::count_of(*found, durations::attempts_bounds));
  }
  return otherwise;
}

base::Result<base::Backoff> backoff_of(const Json& spec, milliseconds initial) {
  auto backoff = backoff_of_playbooks;
  backoff.initial = initial;
  for (const auto* name : {"initial_delay", "delay"}) {
    if (const auto read = read_delay(spec, name, backoff.initial); !read) return failure(read.error());
  }
  for (const auto* name : {"backoff_multiplier", "backoff"}) {
    if (const auto read = read_growth(spec, name, backoff); !read) return failure(read.error());
  }
  if (const auto read = read_delay(spec, "max_delay", backoff.delay_max); !read) return failure(read.error());
  return backoff;
}

Json without_nulls(Json spec) {
  if (!spec.is_object()) return spec;
  for (auto member = spec.begin(); member != spec.end();)
    member = member->is_null() ? spec.erase(member) : std::next(member);
  return spec;
}

milliseconds delay_asked(const Json& error) {
  const auto asked = error.is_object() ? error.find("retry_after") : error.end();
  if (asked == error.end()) return milliseconds{0};
  // A peer's word, read by a tool already: nobody could mend what is wrong with it.
  if (asked->is_number() && asked->get<double>() * 1000 > static_cast<double>(durations::delay_bounds.most.count()))
    return durations::delay_bounds.most;
  return durations::duration_of(*asked, durations::delay_bounds).value_or(milliseconds{0});
}

}  // namespace noetl::engine
