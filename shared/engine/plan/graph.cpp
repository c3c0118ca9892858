#include "shared/engine/plan/graph.hpp"

#include <algorithm>

namespace noetl::engine {

std::vector<std::string> targets_of(const domain::Step& step) {
  std::vector<std::string> targets;
  for (const auto& arc : step.next) targets.push_back(arc.step);
  for (const auto& rule : step.cases) {
    for (const auto& action : rule.then) {
      for (const auto& arc : action.arcs) targets.push_back(arc.step);
    }
  }
  return targets;
}

Graph::Graph(const domain::Playbook& playbook)
    : successors_(playbook.workflow.size()), predecessors_(playbook.workflow.size(), 0) {
  for (std::size_t from = 0; from < playbook.workflow.size(); ++from) {
    for (const auto& name : targets_of(playbook.workflow[from])) {
      const auto found = playbook.step_index.find(name);
      if (found == playbook.step_index.end()) continue;
      auto& targets = successors_[from];
      if (std::find(targets.begin(), targets.end(), found->second) != targets.end()) continue;
      targets.push_back(found->second);
      ++predecessors_[found->second];
    }
  }
}

std::vector<bool> Graph::reachable(const std::vector<std::size_t>& from, std::size_t barrier) const {
  std::vector<bool> seen(successors_.size(), false);
  std::vector<std::size_t> open;
  const auto spread = [&](std::size_t step) {
    for (const auto target : successors_[step]) {
      if (seen[target]) continue;
      seen[target] = true;
      if (target != barrier) open.push_back(target);
    }
  };
  for (const auto step : from) {
    if (step != barrier) spread(step);
  }
  while (!open.empty()) {
    const auto step = open.back();
    open.pop_back();
    spread(step);
  }
  return seen;
}

}  // namespace noetl::engine
