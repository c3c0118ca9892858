#include "worker/tools/tool.hpp"

#include "shared/base/invariant.hpp"

namespace noetl::tools {

void Registry::add(std::unique_ptr<Tool> tool) {
  const std::string kind(tool->kind());
  const bool is_new = tools_.emplace(kind, std::move(tool)).second;
  NOETL_INVARIANT(is_new, "every kind has one tool");
}

Tool* Registry::find(std::string_view kind) const {
  if (const auto found = tools_.find(kind); found != tools_.end()) return found->second.get();
  const auto absent = absent_.find(kind);
  return absent == absent_.end() ? nullptr : absent->second.get();
}

void Registry::add_absent(std::unique_ptr<Tool> tool) {
  const std::string kind(tool->kind());
  absent_.insert_or_assign(kind, std::move(tool));
}

std::vector<std::string> Registry::kinds() const {
  std::vector<std::string> names;
  names.reserve(tools_.size());
  for (const auto& [kind, tool] : tools_) names.push_back(kind);
  return names;
}

}  // namespace noetl::tools
