#pragma once
// StoredValues: the engine's Archive on one transaction: what the database has, with what this transaction
// is about to write laid over it. One thread, as long as the session.
#include <map>

#include "server/decisions/write_batch.hpp"
#include "shared/engine/state/archive.hpp"

namespace noetl::decisions {

class StoredValues final : public engine::Archive {
 public:
  StoredValues(postgres::Session& session, WriteBatch& writes, base::ExecutionId execution_id)
      : session_(session), writes_(writes), execution_id_(execution_id) {}

  [[nodiscard]] domain::Json result(base::ResultId id) override;
  // Reads ahead, further each time: a loop asks for its items one after another.
  [[nodiscard]] domain::Json loop_item(const std::string& loop, int index) override;
  [[nodiscard]] domain::Json loop_results(const std::string& loop) override;

 private:
  postgres::Session& session_;
  WriteBatch& writes_;
  const base::ExecutionId execution_id_;
  struct Ahead {
    std::map<int, std::string> items;  // by index
    int next = 64;  // to read with the next look
  };
  std::map<std::string, Ahead> ahead_;  // by loop; an item never changes
};

// Of an execution that has stored nothing yet.
class NothingStored final : public engine::Archive {
 public:
  [[nodiscard]] domain::Json result(base::ResultId /*id*/) override { return nullptr; }
  [[nodiscard]] domain::Json loop_item(const std::string& /*loop*/, int /*index*/) override { return nullptr; }
  [[nodiscard]] domain::Json loop_results(const std::string& /*loop*/) override { return domain::Json::array(); }
};

}  // namespace noetl::decisions
