#include "shared/language/loading/tool_program.hpp"

#include <utility>

#include "shared/language/loading/outline.hpp"
#include "shared/language/loading/tools.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

base::Result<domain::ToolSpec> load_tool(std::string_view text, std::size_t bytes_max) {
  auto document = load_yaml(text, {.bytes_max = bytes_max});
  if (!document) return base::failure(std::move(document.error()));
  Findings findings;
  if (document->root.kind != Node::Kind::mapping) {
    findings.error("tool", document->root.mark,
                   "expected one tool {kind: python, code: …}, found " + document->root.described());
    return base::failure(findings.as_error());
  }
  Node owner;
  owner.kind = Node::Kind::mapping;
  const auto mark = document->root.mark;
  owner.members.push_back({.key = "tool", .mark = mark, .node = std::move(document->root)});
  const Outline outline({}, {}, findings);
  auto reading = read_tools({.node = &owner, .path = {}}, {}, outline, findings);
  if (findings.has_errors()) return base::failure(findings.as_error());
  return std::move(reading.tools.front());
}

}  // namespace noetl::language
