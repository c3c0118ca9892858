#pragma once
// Everything that can be said of a playbook's text without running it: which generation of the language
// it is written in, its errors, its warnings. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.hpp"

namespace noetl::language {

struct LintFinding {
  bool is_error = false;  // refuses the playbook
  base::ErrorDetail detail;
};

struct LintReport {
  std::string path;  // as the catalog would register it; empty when there is none
  std::string generation;  // v2era, v10, mixed; empty when nothing could be read
  std::size_t steps = 0;
  std::vector<LintFinding> findings;  // in the order of the text; at most 100 of each kind
  [[nodiscard]] bool has_errors() const;
};

[[nodiscard]] LintReport lint_playbook(std::string_view text);

}  // namespace noetl::language
