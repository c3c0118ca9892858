#pragma once
// Deployments: the tool programs that were made ready on this worker, by their names. Any thread.
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "shared/base/guarded.hpp"
#include "shared/base/result.hpp"
#include "worker/control/program_runs.hpp"

namespace noetl::control {

class Deployments {
 public:
  // `programs_max` 0: none is ever taken. The registry outlives it.
  Deployments(const tools::Registry& registry, std::size_t programs_max)
      : registry_(registry), programs_max_(programs_max) {}

  // Makes it ready, or replaces the one of that name; its counts go on from those given. Errors: unsupported where none is taken, or
  // for a kind that the worker has not; conflict when there are programs_max; invalid_playbook with what is wrong in the source.
  [[nodiscard]] base::Result<void> deploy(const wire::DeploymentCheckpoint& wanted);
  // All of them or none. Errors: as deploy has them.
  [[nodiscard]] base::Result<void> deploy_all(const std::vector<wire::DeploymentCheckpoint>& wanted);
  // Errors: not_found.
  [[nodiscard]] base::Result<void> undeploy(const std::string& name);
  [[nodiscard]] base::Result<ProgramPointer> find(const std::string& name) const;
  [[nodiscard]] std::vector<ProgramPointer> all() const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  [[nodiscard]] base::Result<ProgramPointer> made(const wire::DeploymentCheckpoint& wanted) const;

  const tools::Registry& registry_;
  const std::size_t programs_max_;
  base::Guarded<std::map<std::string, ProgramPointer>> programs_;
};

}  // namespace noetl::control
