#pragma once
// WorkerCommands: commands to this one worker by request and reply over NATS, `<prefix>.cmd.<worker id>.<command>`: ping, status, drain,
// pause, resume. Orders and counts are the worker's and outlive it. The answers are given on a thread of nats.c.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "shared/base/result.hpp"
#include "shared/nats/requests/responder.hpp"
#include "worker/loop/leases/settings.hpp"

namespace noetl::control {

struct WorkerCommandsSettings {
  std::string prefix;  // noetl.cluster
  std::string worker_id;
  std::string pool;
  int slots = 0;
  std::string token;  // secret; asked for in the header Authorization, as a bearer token. Empty: none is
};

class WorkerCommands {
 public:
  // The connection must outlive it. Errors: as Responder::listen has them.
  [[nodiscard]] static base::Result<std::unique_ptr<WorkerCommands>> start(nats::Connection& connection,
                                                                           WorkerCommandsSettings settings,
                                                                           loop::WorkerOrders& orders,
                                                                           const loop::WorkerCounts& counts);
  ~WorkerCommands();
  WorkerCommands(const WorkerCommands&) = delete;
  WorkerCommands& operator=(const WorkerCommands&) = delete;

  [[nodiscard]] const std::string& subject_filter() const { return subject_filter_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }

 private:
  WorkerCommands(nats::Connection& connection, WorkerCommandsSettings settings, loop::WorkerOrders& orders,
                 const loop::WorkerCounts& counts);
  void answer(nats::Responder& responder, const nats::Responder::Incoming& request);
  [[nodiscard]] std::string obey(const std::string& command);

  const WorkerCommandsSettings settings_;
  const std::string subject_filter_;
  loop::WorkerOrders& orders_;
  const loop::WorkerCounts& counts_;
  std::atomic<std::uint64_t> requests_{0}, errors_{0};
  nats::Responder responder_;  // last: its threads use the others
};

}  // namespace noetl::control
