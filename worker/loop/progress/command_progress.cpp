#include "worker/loop/progress/command_progress.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/domain/json_text.hpp"
#include "worker/loop/progress/progress_reporter.hpp"

namespace noetl::loop {

namespace {

using Json = nlohmann::json;

constexpr int told_share = 50;  // at most a fiftieth of the time that a command runs passes between two notes
constexpr std::size_t text_bytes_max = 512;

std::string storable(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

}  // namespace

CommandProgress::CommandProgress(ProgressReporter* teller, domain::Lease lease, Mask mask, const LateLease* late)
    : teller_(teller),
      lease_(lease),
      late_(late),
      mask_(std::move(mask)),
      began_(std::chrono::steady_clock::now()),
      told_at_(began_) {}

// The teller may be looking at us: leave() waits until it is not.
CommandProgress::~CommandProgress() {
  if (teller_ != nullptr) teller_->leave(*this);
}

// The usual command says nothing, and costs the teller nothing.
void CommandProgress::join() {
  std::call_once(joined_, [this] { teller_->join(*this); });
}

void CommandProgress::print(std::string_view piece) {
  if (teller_ == nullptr || piece.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (line_.size() + part.size() > line_bytes_max) {
        is_line_too_long_ = true;
        dropped_bytes_ += line_.size();
        line_.clear();
      }
      if (is_line_too_long_)
        dropped_bytes_ += part.size();
      else
        line_ += part;
      if (end == std::string_view::npos) break;
      end_line();
      piece.remove_prefix(end + 1);
    }
  }
  join();
}

void CommandProgress::end_line() {
  if (std::exchange(is_line_too_long_, false)) return;
  lines_bytes_ += line_.size() + 1;
  lines_.push_back(std::exchange(line_, {}));
  while (lines_bytes_ > lines_bytes_max) {
    const std::size_t bytes = lines_.front().size() + 1;
    lines_bytes_ -= bytes;
    dropped_bytes_ += bytes;
    lines_.pop_front();
  }
}

void CommandProgress::tell(tools::ProgressNote note) {
  if (teller_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    note_ = std::move(note);
    has_new_note_ = true;
  }
  join();
}

std::optional<wire::AttemptNote> CommandProgress::take(Time now, std::chrono::milliseconds interval) {
  const auto lease = late_ == nullptr ? std::optional(lease_) : late_->now();
  if (!lease) return std::nullopt;  // the server does not know of it yet
  std::string output;
  Json payload = Json::object();
  {
    const std::lock_guard lock(mutex_);
    if (lines_.empty() && !has_new_note_) return std::nullopt;
    const auto pause = std::max<std::chrono::steady_clock::duration>(interval, (now - began_) / told_share);
    if (now - told_at_ < pause) return std::nullopt;
    told_at_ = now;
    has_new_note_ = false;
    for (const std::string& line : lines_) output += line + '\n';
    lines_.clear();
    lines_bytes_ = 0;
    if (note_.fraction) payload["fraction"] = std::clamp(*note_.fraction, 0.0, 1.0);
    if (note_.rows) payload["rows"] = *note_.rows;
    if (!note_.text.empty()) payload["text"] = note_.text;
    if (dropped_bytes_ > 0) payload["dropped_bytes"] = std::exchange(dropped_bytes_, 0);
  }
  wire::AttemptNote note{.lease = *lease, .name = std::string(wire::progress_event), .payload = {}};
  if (!output.empty()) {
    note.name = wire::log_event;
    payload["output"] = storable(mask_(std::move(output)));
  }
  if (const auto text = payload.find("text"); text != payload.end())
    *text = storable(mask_(text->get<std::string>()).substr(0, text_bytes_max));  // half a secret is not masked
  payload["running_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(now - began_).count();
  note.payload = domain::json_text(payload);
  return note;
}

void CommandProgress::note_loss(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  dropped_bytes_ += bytes;
}

}  // namespace noetl::loop
