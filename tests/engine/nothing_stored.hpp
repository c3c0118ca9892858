#pragma once
// NothingStored: the archive of an execution whose results are all in its state and that has no loops.
#include "shared/engine/state/archive.hpp"

namespace noetl::engine_tests {

class NothingStored final : public engine::Archive {
 public:
  [[nodiscard]] domain::Json result(base::ResultId /*id*/) override { return nullptr; }
  [[nodiscard]] domain::Json loop_item(const std::string& /*loop*/, int /*index*/) override { return nullptr; }
  [[nodiscard]] domain::Json loop_results(const std::string& /*loop*/) override { return domain::Json::array(); }
};

}  // namespace noetl::engine_tests
