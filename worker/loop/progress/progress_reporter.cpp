#include "worker/loop/progress/progress_reporter.hpp"

#include <utility>

#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::loop {

namespace {
constexpr int looks_per_interval = 4;
constexpr std::size_t notes_max = 256;  // of one call: 2 MiB
}  // namespace

ProgressReporter::ProgressReporter(const WorkerSettings& settings, transport::Transport& transport,
                                   WorkerCounts& counts)
    : worker_id_(settings.worker_id), interval_(settings.progress_interval), transport_(transport), counts_(counts) {}

void ProgressReporter::join(CommandProgress& command) {
  const std::lock_guard lock(mutex_);
  talking_.insert(&command);
}

void ProgressReporter::leave(CommandProgress& command) {
  const std::lock_guard lock(mutex_);
  talking_.erase(&command);
}

// Nobody wakes it: a command that prints and ends within the interval must cost no switch of threads.
void ProgressReporter::run(const std::stop_token& stop) {
  base::name_thread("progress");
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, stop, interval_ / looks_per_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (auto notes = collect(); !notes.empty()) send(std::move(notes));
  }
}

std::vector<wire::AttemptNote> ProgressReporter::collect() {
  std::vector<wire::AttemptNote> notes;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  for (CommandProgress* command : talking_) {
    if (notes.size() == notes_max) break;  // the others are still there at the next look
    if (auto note = command->take(now, interval_)) notes.push_back(*std::move(note));
  }
  return notes;
}

void ProgressReporter::send(std::vector<wire::AttemptNote> notes) {
  wire::ReportRequest request;
  request.worker_id = worker_id_;
  request.notes = std::move(notes);
  const auto answer = transport_.report(request);
  if (answer) {
    is_failing_ = false;
    counts_.progress_told += request.notes.size();
    return;
  }
  ++counts_.progress_failures;
  if (!std::exchange(is_failing_, true))
    telemetry::log_warn("worker", "what running commands say cannot be told: " + answer.error().message,
                        {{"commands", std::to_string(request.notes.size())}});
  const std::lock_guard lock(mutex_);
  for (const auto& note : request.notes) {
    for (CommandProgress* command : talking_) {
      if (command->queue_id() == note.lease.queue_id) command->note_loss(note.payload.size());
    }
  }
}

}  // namespace noetl::loop
