#include "cli/load/send_load.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <mutex>
#include <thread>

namespace noetl::load {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What all connections share: the items that nobody has taken yet, and what was measured.
struct Shared {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> has_failed{false};
  std::mutex mutex;
  Sent sent;  // guarded by mutex
  std::string whole_body;  // of every request but the last: making it must not take time from the server
  Clock::time_point start;
};

void merge(Sent& into, Sent&& from) {
  into.items += from.items;
  into.refusals += from.refusals;
  into.request_ms.insert(into.request_ms.end(), from.request_ms.begin(), from.request_ms.end());
  std::move(from.answers.begin(), from.answers.end(), std::back_inserter(into.answers));
  if (from.problem && !into.problem) into.problem = std::move(from.problem);
}

void send_requests(const Load& load, Shared& shared) {
  Connection connection(load.target, load.stop);
  Sent mine;
  while (!shared.has_failed) {
    const auto first = shared.next.fetch_add(load.items_per_request);
    if (first >= load.items) break;
    const auto items = std::min(load.items_per_request, load.items - first);
    if (load.requests_per_second > 0) {
      const double due = static_cast<double>(first / load.items_per_request) / load.requests_per_second;
      std::this_thread::sleep_until(shared.start +
                                    std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due)));
    }
    const auto last_body = items < load.items_per_request ? load.body(items) : std::string();
    const auto start = Clock::now();
    auto answer = connection.post(load.path, last_body.empty() ? shared.whole_body : last_body);
    if (!answer) {
      mine.problem = std::move(answer.error());
      shared.has_failed = true;
      break;
    }
    mine.request_ms.push_back(ms_since(start));
    mine.answers.push_back(std::move(*answer));
    mine.items += items;
  }
  mine.refusals = connection.refusals();
  const std::lock_guard lock(shared.mutex);
  merge(shared.sent, std::move(mine));
}

}  // namespace

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

Sent send_load(const Load& load) {
  Shared shared;
  shared.whole_body = load.body(load.items_per_request);
  shared.start = Clock::now();
  {
    std::vector<std::jthread> senders;
    senders.reserve(static_cast<std::size_t>(load.connections));
    for (int i = 0; i < load.connections; ++i) senders.emplace_back([&] { send_requests(load, shared); });
  }
  shared.sent.seconds = ms_since(shared.start) / 1000;
  return std::move(shared.sent);
}

}  // namespace noetl::load
