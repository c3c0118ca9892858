#pragma once
// Plan: what the engine works out of a playbook once for each version and not for each decision: its graph, the free
// names of its texts, what its pipelines read. A text is known by where it stands in the playbook. Immutable; any thread.
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "shared/engine/plan/graph.hpp"
#include "shared/engine/plan/resolved_tool.hpp"

namespace noetl::engine {

using domain::Json;

// Of a value with templates inside, or of a condition.
struct TextFacts {
  std::vector<std::string> roots;  // free names
  bool has_templates = false;
  bool names_payload = false;  // these words stand in it: results are copied only for those who look at them
  bool names_response = false;
  bool names_keychain = false;
};

[[nodiscard]] TextFacts facts_of(const Json& written);

class Plan final : public domain::Derived {
 public:
  explicit Plan(const domain::Playbook& playbook);
  // The playbook's own, made when it is first asked for. As long-lived as the playbook.
  [[nodiscard]] static const Plan& of(const domain::Playbook& playbook);

  [[nodiscard]] const Graph& graph() const { return graph_; }
  // Null: it stands elsewhere.
  [[nodiscard]] const TextFacts* facts(const Json& written) const;
  [[nodiscard]] const Json* condition(const std::string& when) const;  // as a value, which has facts
  [[nodiscard]] const Json* places(const Json& set) const;  // by_place() of it, which has facts
  // Of the playbook's own steps.
  [[nodiscard]] const ResolvedTool& tool(const domain::ToolSpec& tool) const { return tools_.at(&tool); }
  [[nodiscard]] bool are_results_read(const domain::Step& step) const { return results_read_.contains(&step); }
  [[nodiscard]] bool is_previous_read(const domain::Step& step) const { return previous_read_.contains(&step); }

 private:
  void note(const Json& written);
  void note_condition(const std::string& when);
  void note_set(const Json& set);
  void note_arc(const domain::Arc& arc);
  void note_tool(const domain::Playbook& playbook, const domain::Step& step, const domain::ToolSpec& tool);
  void note_step(const domain::Playbook& playbook, const domain::Step& step);

  Graph graph_;
  std::unordered_map<const Json*, TextFacts> facts_;
  std::unordered_map<const std::string*, std::unique_ptr<const Json>> conditions_;
  std::unordered_map<const Json*, std::unique_ptr<const Json>> places_;
  std::unordered_map<const domain::ToolSpec*, ResolvedTool> tools_;
  std::unordered_set<const domain::Step*> results_read_, previous_read_;
};

}  // namespace noetl::engine
