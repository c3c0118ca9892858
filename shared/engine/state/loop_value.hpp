#pragma once
// loop_value: what a loop's step is seen as, wherever its results are kept. Pure.
#include <utility>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

[[nodiscard]] inline domain::Json loop_value(domain::Json results, domain::Json stats) {
  domain::Json data = results;
  return {{"data", std::move(data)}, {"results", std::move(results)}, {"stats", std::move(stats)}};
}

}  // namespace noetl::engine
