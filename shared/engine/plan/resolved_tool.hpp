#pragma once
// ResolvedTool: a tool as it is to be run: a workbook reference replaced by the entry that it names, and its input with
// that of the step over it. Immutable; any thread.
#include <memory>
#include <string>
#include <vector>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

using domain::Json;

// Of a piece of python.
struct CodeFacts {
  std::vector<std::string> names;  // that stand in it
  std::vector<std::string> parameters;  // of its main()
};

[[nodiscard]] CodeFacts facts_of_code(const std::string& code);

struct ResolvedTool {
  std::string kind;
  const Json* options = nullptr;  // templates, of the playbook or own; null: no such entry
  const Json* input = nullptr;  // templates, of the playbook or own
  std::string entry;  // of the workbook
  CodeFacts code;
  std::unique_ptr<const Json> own_options, own_input;
};

// A ResolvedTool points into the playbook.
[[nodiscard]] ResolvedTool resolve(const domain::Playbook& playbook, const domain::Step& step,
                                   const domain::ToolSpec& tool);

}  // namespace noetl::engine
