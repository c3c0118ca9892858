#pragma once
// Log notes: what a row of noetl.event says beside what happened, in its meta, so that the log can be replayed: which
// change of the execution's state this was, and which results left the state with it. Not shown by the API. Pure; any
// thread.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/engine/engine.hpp"

namespace noetl::decisions::log_notes {

inline constexpr std::string_view sequence = "sequence";  // 1, 2, 3 … of one execution, in the order of application
inline constexpr std::string_view results = "results";  // [[step, result_id], …] in the order in which they left
inline constexpr std::string_view issued = "issued";  // the commands; shown as command.issued

struct LeftResult {
  std::string step;
  base::ResultId result_id;
};

// The meta of an event that a client sends, without what would pass for one of these.
[[nodiscard]] std::string without_notes(const std::string& meta);

// Adds a member to `meta`, which is the text of a map or empty.
void add(std::string& meta, std::string_view name, const std::string& json);
void add_sequence(std::string& meta, std::int64_t number);
// Nothing when none left.
void add_results(std::string& meta, const std::vector<LeftResult>& left);

}  // namespace noetl::decisions::log_notes
