#pragma once
// Checkpointer: where a reader keeps how far it has come, by name. Two that write under one name do not overwrite each other unnoticed:
// whoever writes says which revision it has read. Any thread.
#include <cstdint>
#include <optional>
#include <string>

#include "shared/messaging/failure.hpp"

namespace noetl::messaging {

struct StoredCheckpoint {
  std::string position;  // whatever the reader wrote
  std::uint64_t revision = 0;
};

class Checkpointer {
 public:
  virtual ~Checkpointer() = default;
  // Nothing: there is none of that name. checkpoint: the store is away.
  [[nodiscard]] virtual Result<std::optional<StoredCheckpoint>> load(const std::string& name) = 0;
  // `revision`: of the one that it replaces; 0: there must be none. Gives the new one. conflict: another wrote since.
  [[nodiscard]] virtual Result<std::uint64_t> save(const std::string& name, const std::string& position,
                                                   std::uint64_t revision) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
};

}  // namespace noetl::messaging
