#pragma once
// Playbook text → domain::Playbook: both generations of the language in one model, with every mistake
// found at once. Pure; any thread. Texts are at most 1 MiB; catalog caches keep the outcome, so this
// runs at registration and on a cache miss only.
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/language/yaml/findings.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

struct LoadedPlaybook {
  domain::Playbook playbook;
  std::vector<base::ErrorDetail> warnings;  // at most 100
};

// Errors: payload_too_large, or invalid_playbook with every finding in `details` (at most 100): the
// path ("workflow[2].next[0].step"), line, column, what was found and expected, and a suggestion.
[[nodiscard]] base::Result<LoadedPlaybook> load_playbook(std::string_view text, Origin origin = Origin::author);

// The same from a text that YAML has read, with what is wrong in `findings`; when errors are among them,
// the playbook is only what could be read.
[[nodiscard]] domain::Playbook read_playbook(const YamlDocument& document, Findings& findings);

}  // namespace noetl::language
