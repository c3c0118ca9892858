#include "shared/base/text/nearest_word.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace noetl::base {

namespace {
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  std::vector<std::size_t> next(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool is_same = lower(left[i - 1]) == lower(right[j - 1]);
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (is_same ? 0U : 1U)});
      if (i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) && lower(left[i - 2]) == lower(right[j - 1]))
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[right.size()];
}

std::string_view nearest_word(std::string_view name, std::span<const std::string_view> candidates, std::size_t limit) {
  std::string_view nearest;
  for (const auto candidate : candidates) {
    const std::size_t far = edit_distance(name, candidate);
    if (far >= limit) continue;
    limit = far;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace noetl::base
