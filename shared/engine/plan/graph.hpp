#pragma once
// Graph: which step may lead to which, over every `next`, arc, `then.next` and `call` of a playbook,
// whatever their conditions. Built when a decision meets a join or a skipped branch. Value; any thread.
#include <cstddef>
#include <string>
#include <vector>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

class Graph {
 public:
  explicit Graph(const domain::Playbook& playbook);

  [[nodiscard]] const std::vector<std::size_t>& successors(std::size_t step) const { return successors_[step]; }
  // Different steps that name this one.
  [[nodiscard]] int predecessors(std::size_t step) const { return predecessors_[step]; }
  // Every step that work at `from` may still lead to. A path does not go on beyond `barrier`: what can
  // be reached only through the joining step itself is not upstream of it.
  [[nodiscard]] std::vector<bool> reachable(const std::vector<std::size_t>& from, std::size_t barrier) const;

  static constexpr std::size_t no_barrier = static_cast<std::size_t>(-1);

 private:
  std::vector<std::vector<std::size_t>> successors_;
  std::vector<int> predecessors_;
};

// Names of the steps that a step may lead to, in the order written, with repeats.
[[nodiscard]] std::vector<std::string> targets_of(const domain::Step& step);

}  // namespace noetl::engine
