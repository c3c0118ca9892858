#include "worker/tools/tool.hpp"

#include "shared/base/invariant.hpp"

namespace noetl::tools {

void Registry::add(std::unique_ptr<Tool> tool) {
  const std::string kind(tool->kind());
  const bool is_new = tools_.emplace(kind, std::move(tool)).second;
  NOETL_INVARIANT(is_new, "every kind has one tool");
}

Tool* Registry::find(std::string_view kind) const {
  const auto found = tools_.find(kind);
  return found == tools_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Registry::kinds() const {
  std::vector<std::string> names;
  names.reserve(tools_.size());
  for (const auto& [kind, tool] : tools_) names.push_back(kind);
  return names;
}

}  // namespace noetl::tools
