#include "shared/templating/members_read.hpp"

#include "shared/templating/compiled_template.hpp"

namespace noetl::templating {

std::vector<MemberRead> members_read(const Template& parsed) {
  return members_of(static_cast<const CompiledTemplate&>(parsed).program().body);
}

}  // namespace noetl::templating
