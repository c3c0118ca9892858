#pragma once
// Lines: how many of a group have rung in a pool since its lanes were last seen empty, and so which lane the next one
// takes (docs/reference/protocol.md, "Lanes"). What JetStream says of its lanes is the truth that it is put right by; being wrong
// only changes an order. Any thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "shared/wire/subjects.hpp"

namespace noetl::notify {

class Lines {
 public:
  explicit Lines(const wire::LaneLines& line_max = wire::lane_line_max) : line_max_(line_max) {}

  using Untaken = std::array<std::uint64_t, wire::lanes>;  // rings in each lane that nobody has taken

  // The lane for one more of that group.
  [[nodiscard]] std::size_t join(const std::string& pool, std::uint64_t group);
  // The same without joining.
  [[nodiscard]] std::size_t lane_of(const std::string& pool, std::uint64_t group) const;
  // Nobody of a group waits in a lane that is empty: groups move up. Who has joined since the last call stays where he is:
  // his ring may have come after what JetStream says.
  void settle(const std::string& pool, const Untaken& untaken);
  [[nodiscard]] std::size_t groups() const;

  static constexpr std::size_t groups_max = 200'000;  // then those of the first lanes begin anew

 private:
  struct Line {
    std::uint64_t count = 0;
    std::uint64_t count_before = 0;  // of it at the last settle()
  };
  using Groups = std::unordered_map<std::uint64_t, Line>;

  void make_room();

  const wire::LaneLines line_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Groups> pools_;
  std::size_t groups_ = 0;
};

}  // namespace noetl::notify
