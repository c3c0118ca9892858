#pragma once
// What of a pipeline's results is still read by something that is to come: the rest is not carried from
// command to command, since it may be large. By the texts of the templates. Pure; any thread.
#include <string_view>

#include "shared/engine/state/frame.hpp"

namespace noetl::engine {

// Whether the step, from task `from` on, names the label.
[[nodiscard]] bool is_label_read(const domain::Step& step, std::string_view label, std::size_t from);
[[nodiscard]] bool is_previous_read(const domain::Step& step);
// Whether `step.results.label` is read anywhere. Rounds of a loop have no such member.
[[nodiscard]] bool are_results_read(const domain::Playbook& playbook, const domain::Step& step, const Frame& frame);
void forget_what_nothing_reads(const domain::Step& step, Frame& frame);

}  // namespace noetl::engine
