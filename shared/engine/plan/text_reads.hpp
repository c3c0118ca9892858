#pragma once
// What the texts of a playbook name, found by looking at the words: cheaper than parsing, and enough to know what need
// not be carried. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "shared/domain/playbook.hpp"
#include "shared/engine/state/frame.hpp"

namespace noetl::engine {

// Whether every mention of `name` in these texts is name.field, with a field that `kept` has and `above`, if any, has not.
[[nodiscard]] bool reads_only(const Json& source, const std::string& name, const Json& kept,
                              const Json* above = nullptr);

// Whether a member of `name` is read anywhere in these texts.
[[nodiscard]] bool reads_member(const Json& source, const std::string& name);

// The name, when a text is {{ name }} and nothing else; else empty.
[[nodiscard]] std::string bare_name(const Json& written);

// Whether a piece of code reads `name` as a map: name["x"], name.get("x"), "x" in name. A guess by its words.
[[nodiscard]] bool reads_as_map(std::string_view code, std::string_view name);

// The parameters of the code's main(), in order.
[[nodiscard]] std::vector<std::string> parameters_of_main(std::string_view code);

// The names that stand in a piece of code, each once, in order.
[[nodiscard]] std::vector<std::string> names_in_code(std::string_view code);

// What of a pipeline's results is still read by something that is to come: the rest is not carried from command to
// command, since it may be large. Whether the step, from task `from` on, names the label.
[[nodiscard]] bool is_label_read(const domain::Step& step, std::string_view label, std::size_t from);
[[nodiscard]] bool is_previous_read(const domain::Step& step);
// Whether `step.results.label` is read anywhere.
[[nodiscard]] bool are_results_read(const domain::Playbook& playbook, const domain::Step& step);
void forget_what_nothing_reads(const domain::Step& step, Frame& frame);

}  // namespace noetl::engine
