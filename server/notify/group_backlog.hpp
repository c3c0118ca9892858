#pragma once
// GroupBacklog: how many notifications of a group were sent in a pool since its lanes were last seen empty, and so which lane the next one
// takes (docs/reference/protocol.md, "Lanes"). reconcile() corrects it by what JetStream says of its lanes. A wrong count only
// changes an order. Any thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "shared/wire/subjects.hpp"

namespace noetl::notify {

class GroupBacklog {
 public:
  explicit GroupBacklog(const wire::LaneBacklogs& backlog_max = wire::lane_backlog_max) : backlog_max_(backlog_max) {}

  using Pending = std::array<std::uint64_t, wire::lanes>;  // notifications in each lane that nobody has taken

  // The lane for one more of that group.
  [[nodiscard]] std::size_t add(const std::string& pool, std::uint64_t group);
  // The same without adding.
  [[nodiscard]] std::size_t lane_of(const std::string& pool, std::uint64_t group) const;
  // Groups move up when the lanes before them are empty. A group that was added since the last call stays: its notification
  // may be newer than what JetStream says.
  void reconcile(const std::string& pool, const Pending& num_pending);
  [[nodiscard]] std::size_t groups() const;

  static constexpr std::size_t groups_max = 200'000;  // then those of the first lanes begin anew

 private:
  struct Group {
    std::uint64_t count = 0;
    std::uint64_t count_before = 0;  // of it at the last reconcile()
  };
  using Groups = std::unordered_map<std::uint64_t, Group>;

  void make_room();

  const wire::LaneBacklogs backlog_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Groups> pools_;
  std::size_t groups_ = 0;
};

}  // namespace noetl::notify
