#pragma once
// free_names: the names that a template takes from its scope. Pure; any thread.
#include <string>
#include <vector>

#include "shared/templating/program/ast.hpp"

namespace noetl::templating {

struct MemberRead {
  std::string name;
  std::string member;
};

// Free names of a parsed body: what it reads from the outside. Sorted, unique.
[[nodiscard]] std::vector<std::string> free_names(const Body& body);
// The members that a parsed body reads of them, but for those that it takes to be missing perhaps. Sorted, unique.
[[nodiscard]] std::vector<MemberRead> members_of(const Body& body);

}  // namespace noetl::templating
