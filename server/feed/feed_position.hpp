#pragma once
// FeedPosition: a place in the order in which events are published: one look at what was committed after another, and in each the
// events by id. Anybody can go on from it, whoever took that look. Values; any thread.
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::feed {

// Which transactions had ended: pg_snapshot.
struct Snapshot {
  std::int64_t xmin = 1, xmax = 1;
  std::vector<std::int64_t> running = {};  // of those between, ascending
  bool operator==(const Snapshot&) const = default;

  [[nodiscard]] bool has_running(std::int64_t xid) const;
  [[nodiscard]] std::string text() const;
  // invalid_input: no text of a snapshot.
  [[nodiscard]] static base::Result<Snapshot> parse(std::string_view text);
};
// Of two of one database: was `left` taken after `right`?
[[nodiscard]] bool is_later(const Snapshot& left, const Snapshot& right);

inline constexpr std::int64_t all_events = std::numeric_limits<std::int64_t>::max();

struct FeedPosition {
  Snapshot before = {}, upto = {};  // the look: what became visible between the two
  std::int64_t event_id = all_events;  // the last one of it that was published
  std::int64_t low = 0;  // no event of the look has an id below
  std::int64_t next_low = 0;  // no event that was not visible in `upto` has one below
  bool operator==(const FeedPosition&) const = default;

  [[nodiscard]] std::string text() const;  // a value of a header
  [[nodiscard]] static base::Result<FeedPosition> parse(std::string_view text);
};

[[nodiscard]] bool is_later(const FeedPosition& left, const FeedPosition& right);

}  // namespace noetl::feed
