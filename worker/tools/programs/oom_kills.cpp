#include "worker/tools/programs/oom_kills.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace noetl::tools {

namespace {

constexpr std::chrono::milliseconds look_interval{1000};

// A cgroup's own file: "0::/a/b" of version 2, "4:memory:/a/b" of version 1. In a container the path may be the host's, and what we see
// begins at our own cgroup.
std::string events_file() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const bool is_unified = line.starts_with("0::");
    const std::size_t memory = line.find(":memory:");
    if (!is_unified && memory == std::string::npos) continue;
    const std::string path = line.substr(is_unified ? 3 : memory + 8);
    const std::string root = is_unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const std::string name = is_unified ? "/memory.events" : "/memory.oom_control";
    for (const std::string& file : {root + path + name, root + name}) {
      std::error_code ignored;
      if (std::filesystem::exists(file, ignored)) return file;
    }
  }
  return "/proc/vmstat";
}

}  // namespace

OomKills::OomKills(std::string file) : file_(file.empty() ? events_file() : std::move(file)) {}

std::uint64_t OomKills::count_now() noexcept {
  constexpr std::string_view name = "oom_kill ";
  try {
    std::ifstream events(file_);
    for (std::string line; std::getline(events, line);) {
      std::uint64_t count = 0;
      if (line.starts_with(name) &&
          std::from_chars(line.data() + name.size(), line.data() + line.size(), count).ec == std::errc{})
        count_ = count;
    }
  } catch (const std::exception&) {  // no memory ourselves: what was known holds
  }
  return count_;
}

std::uint64_t OomKills::count_lately() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  std::int64_t due = next_look_ms_;
  if (now_ms < due || !next_look_ms_.compare_exchange_strong(due, now_ms + look_interval.count())) return count_;
  return count_now();
}

}  // namespace noetl::tools
