#pragma once
// Reporter: tells the server how attempts ended, whatever has finished in one call, and then answers their
// notifications. Retries while it cannot be told; drops only what the server says is not ours any more.
// deliver() from any thread; run() in one.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "shared/transport/transport.hpp"
#include "worker/loop/leases/held_leases.hpp"
#include "worker/loop/leases/settings.hpp"

namespace noetl::loop {

class Reporter {
 public:
  Reporter(std::string worker_id, transport::Transport& transport, HeldLeases& leases, WorkerCounts& counts);
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  // The slots of these are free from now on.
  void deliver(std::vector<wire::AttemptReport> finished);
  // Until `stop`, which ends retries: what could not be reported then runs again when its lease has ended.
  // What somebody else has reported: it is counted, and not held any more.
  void settle_recorded(const wire::AttemptReport& report) {
    count(report);
    settle(report);
  }
  void run(const std::stop_token& stop);

  static constexpr std::size_t batch_max = 1024;
  static constexpr std::size_t batch_bytes_max = 8UL * 1024 * 1024;

 private:
  using Batch = std::vector<wire::AttemptReport>;

  Batch take_batch(const std::stop_token& stop);
  void send(Batch batch, const std::stop_token& stop);
  void drop_lost(Batch& batch);
  // What is to be sent once more.
  Batch settle(Batch batch, const wire::ReportAnswer& answer);
  void settle_refused(const wire::AttemptReport& report, const wire::ReportVerdict& verdict);
  void answer_message(const wire::AttemptReport& report, const wire::ReportVerdict& verdict);
  void settle(const wire::AttemptReport& report);  // it is not held any more, and needs no notification
  void count(const wire::AttemptReport& report);
  void send_unacceptable(Batch batch, const base::Error& refusal, const std::stop_token& stop);
  void wait_to_retry(const base::Error& error, int failures, const std::stop_token& stop);

  const std::string worker_id_;
  transport::Transport& transport_;
  HeldLeases& leases_;
  WorkerCounts& counts_;

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  Batch waiting_;  // guarded by mutex_; bounded by the held leases: at most two slots' worth is held

  std::minstd_rand random_;  // run() only
};

}  // namespace noetl::loop
