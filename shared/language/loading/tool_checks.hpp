#pragma once
// What can be said of one tool without knowing the rest of the playbook: its kind, its options, whether it
// has anything to do. Warnings only: a worker may offer more than what is built in. One thread.
#include <string>

#include "shared/language/loading/field.hpp"

namespace noetl::language {

void check_kind(const Field& field, const std::string& kind, Findings& findings);
// `others` are the words beside the tool's options that may stand where this one does.
void check_option(const Field& field, const Member& member, const std::string& kind, vocabulary::Words others,
                  Findings& findings);
void check_substance(const Field& field, const domain::ToolSpec& tool, Findings& findings);

}  // namespace noetl::language
