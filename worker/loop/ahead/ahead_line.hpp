#pragma once
// AheadLine: what a worker knows of an execution whose one loop it works on, and the decisions that it makes before the server does
// (docs/internals/decisions/0028). What it decides is a forecast: the server makes the same decisions from the same ends. One thread at a time.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/domain/command.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/engine/engine.hpp"
#include "shared/engine/state/archive.hpp"
#include "shared/wire/messages/ahead.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::loop {

// A command as the engine issued it: to be run, and to be decided about when it has ended.
struct AheadCommand {
  domain::ClaimedCommand command;  // without a lease
  std::string frame;  // JSON; empty: none
  std::chrono::milliseconds delay{0};
  [[nodiscard]] bool is_claim() const { return engine::is_claim_frame(frame); }
};

class AheadLine {
 public:
  using PlaybookPointer = std::shared_ptr<const domain::Playbook>;
  // Errors: the state, or an item, cannot be read.
  [[nodiscard]] static base::Result<std::unique_ptr<AheadLine>> begin(const wire::AheadBasis& basis,
                                                                      PlaybookPointer playbook);

  // What follows the end of that command while `others` of the line have not ended. Nothing: the server is to say what follows, from
  // here on.
  [[nodiscard]] std::optional<std::vector<AheadCommand>> follow(const AheadCommand& ended,
                                                                const wire::AttemptReport& report, std::size_t others);
  // Rows of a claim that may be worked on at once.
  [[nodiscard]] int rows_at_once() const;

 private:
  // Items that are known; whatever else is asked for is only known to the server.
  class Archive final : public engine::Archive {
   public:
    void add(const std::string& loop, int first, std::vector<domain::Json> items);
    [[nodiscard]] domain::Json result(base::ResultId id) override;
    [[nodiscard]] domain::Json loop_item(const std::string& loop, int index) override;
    [[nodiscard]] domain::Json loop_results(const std::string& loop) override;
    [[nodiscard]] bool is_missing_something() const { return is_missing_something_; }

   private:
    [[nodiscard]] domain::Json unknown();
    std::map<std::string, std::map<int, domain::Json>> items_;
    bool is_missing_something_ = false;
  };

  AheadLine(const wire::AheadBasis& basis, PlaybookPointer playbook)
      : execution_id_(basis.execution_id), playbook_(std::move(playbook)) {}

  const base::ExecutionId execution_id_;
  const PlaybookPointer playbook_;
  domain::Json workload_;
  engine::State state_;
  Archive archive_;
};

}  // namespace noetl::loop
