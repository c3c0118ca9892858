#pragma once
// NatsCommands: commands to this worker by request and reply over NATS, `<prefix>.cmd.<worker id>.<command>`. The connection and the
// commands outlive it; answers that come after its end are dropped. Answers are given on any thread.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "shared/base/guarded.hpp"
#include "shared/base/result.hpp"
#include "shared/nats/requests/responder.hpp"
#include "worker/control/worker_commands.hpp"

namespace noetl::control {

struct NatsCommandsSettings {
  std::string prefix;  // noetl.cluster
  std::string token;  // secret; asked for in the header Authorization, as a bearer token. Empty: none is
};

class NatsCommands {
 public:
  // Errors: as Responder::listen has them.
  [[nodiscard]] static base::Result<std::unique_ptr<NatsCommands>> start(nats::Connection& connection,
                                                                         NatsCommandsSettings settings,
                                                                         WorkerCommands& commands);
  ~NatsCommands();
  NatsCommands(const NatsCommands&) = delete;
  NatsCommands& operator=(const NatsCommands&) = delete;

  [[nodiscard]] const std::string& subject_filter() const { return subject_filter_; }
  [[nodiscard]] std::uint64_t requests() const { return counts_->requests; }
  [[nodiscard]] std::uint64_t errors() const { return counts_->errors; }

 private:
  // Shared with answers that are being made.
  struct Counts {
    std::atomic<std::uint64_t> requests{0}, errors{0};
    base::Guarded<nats::Responder*> responder;  // null: it has ended
  };
  NatsCommands(nats::Connection& connection, NatsCommandsSettings settings, WorkerCommands& commands);
  void take(nats::Responder::Incoming request);
  static void answer(Counts& counts, const nats::Responder::Incoming& request, const WorkerCommands::Answer& said);

  const NatsCommandsSettings settings_;
  const std::string subject_filter_;
  WorkerCommands& commands_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  nats::Responder responder_;  // last: its threads use the others
};

}  // namespace noetl::control
