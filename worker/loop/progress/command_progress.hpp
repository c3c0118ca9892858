#pragma once
// CommandProgress: what one running command has said and the server does not know. Written by its tool, from any thread; read
// by the ProgressReporter. Bounded: of what is printed faster than it is told the oldest lines go, and their size is told.
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "shared/wire/messages/report.hpp"
#include "worker/loop/leases/late_lease.hpp"
#include "worker/tools/progress.hpp"

namespace noetl::loop {

class ProgressReporter;

class CommandProgress final : public tools::Progress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Mask = std::function<std::string(std::string)>;

  static constexpr std::size_t lines_bytes_max = 8 * 1024;  // kept until they are told
  static constexpr std::size_t line_bytes_max =
      4 * 1024;  // a longer one is left out whole: half of it might be half a secret

  // `teller` null: nobody listens. `mask` takes secrets out of lines; the teller calls it inside its own lock.
  // `late`: where the lease comes from when it is to come yet; null: it is there.
  CommandProgress(ProgressReporter* teller, domain::Lease lease, Mask mask, const LateLease* late = nullptr);
  ~CommandProgress() override;
  CommandProgress(const CommandProgress&) = delete;
  CommandProgress& operator=(const CommandProgress&) = delete;

  void print(std::string_view piece) override;
  void tell(tools::ProgressNote note) override;

  [[nodiscard]] base::CommandId queue_id() const {
    return late_ == nullptr ? lease_.queue_id : late_->now().value_or(domain::Lease{}).queue_id;
  }
  // What is new, when it is time to say so: not before the command has run for `interval`, and then at most once in it, or
  // once in a fiftieth of the time that it runs: an hour of prints is 250 events, not 3600.
  [[nodiscard]] std::optional<wire::AttemptNote> take(Time now, std::chrono::milliseconds interval);
  // The note did not reach the server.
  void note_loss(std::size_t bytes);

 private:
  void join();
  void end_line();

  ProgressReporter* teller_;
  const domain::Lease lease_;
  const LateLease* const late_;
  const Mask mask_;
  const Time began_;
  std::once_flag joined_;

  std::mutex mutex_;  // of all below
  std::list<std::string> lines_;  // unlike a deque it costs nothing where nothing is said
  std::size_t lines_bytes_ = 0;
  std::string line_;  // begun, not ended
  bool is_line_too_long_ = false;
  std::size_t dropped_bytes_ = 0;
  tools::ProgressNote note_;
  bool has_new_note_ = false;
  Time told_at_;
};

}  // namespace noetl::loop
