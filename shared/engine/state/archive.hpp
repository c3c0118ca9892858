#pragma once
// Archive: what an execution has stored outside its state, read by the engine when a template asks for
// it. A port: server/decisions implements it on one transaction, the tests on maps. One thread; it must answer
// the same to the same question within one decision.
#include <string>

#include "shared/base/ids.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::engine {

class Archive {
 public:
  virtual ~Archive() = default;
  // A large result; null when it is not there.
  [[nodiscard]] virtual domain::Json result(base::ResultId id) = 0;
  // The item of a loop by its index, from 0; null when it is not there.
  [[nodiscard]] virtual domain::Json loop_item(const std::string& loop, int index) = 0;
  // A list of the results of a loop's iterations, in order; null where there is none yet, and of one that
  // failed {"status":"error","error":{…}}.
  [[nodiscard]] virtual domain::Json loop_results(const std::string& loop) = 0;
};

}  // namespace noetl::engine
