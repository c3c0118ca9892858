#pragma once
// IdWindow: a piece of a table by its ids, so that one statement looks at a bounded number of rows. Values; any thread.
#include <cstdint>

namespace noetl::store {

// Ids in (after, until], `rows_max` of them at most.
struct IdWindow {
  std::int64_t after = 0;
  std::int64_t until = 0;
  int rows_max = 0;
};

// The last id looked at, or the end of the range when fewer rows were there than asked for.
[[nodiscard]] inline std::int64_t reached(std::int64_t last_id, int looked_at, const IdWindow& window) {
  return looked_at < window.rows_max ? window.until : last_id;
}

}  // namespace noetl::store
