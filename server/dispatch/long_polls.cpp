#include "server/dispatch/long_polls.hpp"

#include <algorithm>

namespace noetl::dispatch {

namespace {
// A transaction may commit ids that it made earlier: nearly all do so within the first time, surely all within the second.
constexpr std::chrono::milliseconds likely_after{1'000};
constexpr std::chrono::milliseconds safe_after{60'000};
}  // namespace

namespace {
constexpr std::size_t pools_max = 4096;  // names of pools come from outside
}

LongPolls::Poll::Poll(LongPolls& waiting, const std::string& worker_id)
    : waiting_(waiting), worker_id_(worker_id), ticket_([&] {
        const std::lock_guard lock(waiting.mutex_);
        return waiting.polls_[worker_id] = ++waiting.tickets_;
      }()) {}

LongPolls::Poll::~Poll() {
  const std::lock_guard lock(waiting_.mutex_);
  const auto found = waiting_.polls_.find(worker_id_);
  if (found != waiting_.polls_.end() && found->second == ticket_) waiting_.polls_.erase(found);
}

bool LongPolls::Poll::is_replaced() const {
  const std::lock_guard lock(waiting_.mutex_);
  const auto found = waiting_.polls_.find(worker_id_);
  return found == waiting_.polls_.end() || found->second != ticket_;
}

void LongPolls::wake(const std::set<std::string>& pools) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& pool : pools) {
      if (const auto known = wakes_.find(pool); known != wakes_.end()) ++known->second;
    }
  }
  woken_.notify_all();
}

std::uint64_t LongPolls::seen(const std::string& pool) {
  const std::lock_guard lock(mutex_);
  if (wakes_.size() >= pools_max && !wakes_.contains(pool)) {
    wakes_.clear();  // whoever waits looks again
    bounds_.clear();
    empties_.clear();
  }
  return wakes_.try_emplace(pool, 0).first->second;
}

void LongPolls::wait(const std::string& pool, std::uint64_t seen, std::chrono::steady_clock::time_point until,
                     std::stop_token stop) {
  std::unique_lock lock(mutex_);
  (void)woken_.wait_until(lock, stop, until, [&] {
    const auto found = wakes_.find(pool);
    return found != wakes_.end() && found->second != seen;
  });
}

void LongPolls::found_empty(const std::string& pool, std::uint64_t seen,
                            std::chrono::steady_clock::time_point looked_at) {
  const std::lock_guard lock(mutex_);
  empties_[pool] = {seen, looked_at};
}

bool LongPolls::is_known_empty(const std::string& pool, std::chrono::steady_clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto empty = empties_.find(pool);
  if (empty == empties_.end() || now - empty->second.looked_at >= empty_for) return false;
  const auto wakes = wakes_.find(pool);
  return (wakes == wakes_.end() ? 0 : wakes->second) == empty->second.seen;
}

LongPolls::Watermark LongPolls::watermark_now() {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto first_id = [&](auto age) { return base::CommandId{base::IdGenerator::first_id_at((now - age).count())}; };
  return {.safe = first_id(safe_after), .likely = first_id(likely_after)};
}

LongPolls::Scan LongPolls::begin_scan(const std::string& pool, std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  auto& bounds = bounds_[pool];
  const bool is_first = bounds.looked_at == std::chrono::steady_clock::time_point{};
  if (!is_first && now - bounds.looked_at < thorough_interval) return {bounds.recent, false};
  bounds.looked_at = now;
  return {bounds.safe, true};
}

void LongPolls::end_scan(const std::string& pool, const Scan& scan, std::optional<base::CommandId> first_fresh,
                         const Watermark& watermark) {
  const std::lock_guard lock(mutex_);
  auto& bounds = bounds_[pool];
  const auto first_or = [&](base::CommandId bound) { return first_fresh ? std::min(*first_fresh, bound) : bound; };
  if (scan.is_thorough) {
    bounds.safe = std::max(bounds.safe, first_or(watermark.safe));
    // It may have found what was committed late: then the quick looks begin there.
    bounds.recent = std::max(bounds.safe, first_or(watermark.likely));
  } else if (scan.from == bounds.recent) {  // else another look has ended meanwhile, and knows better
    bounds.recent = std::max(bounds.recent, first_or(watermark.likely));
  }
}

std::vector<base::CommandId> LongPolls::begin_claims(const std::vector<base::CommandId>& candidates, std::size_t most) {
  std::vector<base::CommandId> taken;
  const std::lock_guard lock(mutex_);
  for (const auto id : candidates) {
    if (taken.size() == most) break;
    if (in_flight_.insert(id).second) taken.push_back(id);
  }
  return taken;
}

void LongPolls::end_claims(const std::vector<base::CommandId>& taken) {
  const std::lock_guard lock(mutex_);
  for (const auto id : taken) in_flight_.erase(id);
}

std::size_t LongPolls::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_.size();
}

base::CommandId LongPolls::lower_bound(const std::string& pool) const {
  const std::lock_guard lock(mutex_);
  const auto found = bounds_.find(pool);
  return found == bounds_.end() ? base::CommandId{} : found->second.safe;
}

void LongPolls::raise_lower_bound(const std::string& pool, std::optional<base::CommandId> first_fresh,
                                  const Watermark& watermark) {
  const std::lock_guard lock(mutex_);
  auto& bounds = bounds_[pool];
  bounds.safe = std::max(bounds.safe, first_fresh ? std::min(*first_fresh, watermark.safe) : watermark.safe);
  bounds.recent = std::max(bounds.recent, bounds.safe);
}

}  // namespace noetl::dispatch
