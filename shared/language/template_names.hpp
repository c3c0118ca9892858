#pragma once
// Names in templates that look like slips: an unknown name is empty when it is rendered, so `{{ wrokload.x }}`
// fails nowhere. Only names that nothing in the playbook brings and that are near to one that it does are
// worth a word. One thread.
#include "shared/domain/playbook.hpp"
#include "shared/language/yaml/findings.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

void warn_of_slips_in_names(const Node& root, const domain::Playbook& playbook, Findings& findings);

}  // namespace noetl::language
