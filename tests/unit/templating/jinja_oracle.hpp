#pragma once
// JinjaOracle: what python3-jinja2 makes of templates. One child process is fed all cases at once. Test
// code, one thread.
#include <string>
#include <vector>

#include "shared/templating/template.hpp"

namespace noetl::templating {

struct Case {
  std::string source;
  const Json* scope = nullptr;
};

// One answer per case: {text, native?}, {error} or {unlike}. Empty when python3-jinja2 is missing or
// the child failed; `why` says what to do.
std::vector<Json> ask_jinja(const std::vector<Case>& cases, std::string& why);

}  // namespace noetl::templating
