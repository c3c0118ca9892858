#include "shared/secrets/pattern_search.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace noetl::secrets {

namespace {

constexpr std::size_t block = 3;
constexpr std::size_t window = PatternSearch::pattern_bytes_min;
constexpr std::size_t slots_min = 4096;
constexpr std::size_t slots_max = std::size_t{1} << 20U;

std::uint32_t hash_of(const char* at) {
  const auto byte = [&](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])); };
  const std::uint32_t three = byte(0) | byte(1) << 8U | byte(2) << 16U;
  const std::uint32_t mixed = three * 0x9E3779B1U;
  return mixed ^ (mixed >> 15U);
}

}  // namespace

PatternSearch::PatternSearch(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  const std::size_t slots = std::clamp(std::bit_ceil(patterns_.size() * 64), slots_min, slots_max);
  mask_ = static_cast<std::uint32_t>(slots - 1);
  shifts_.assign(slots, static_cast<std::uint8_t>(window - block + 1));
  first_.assign(slots, 0);
  next_.assign(patterns_.size(), 0);
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    for (std::size_t end = block; end <= window; ++end) {
      auto& shift = shifts_[slot_of(patterns_[i], end)];
      shift = std::min(shift, static_cast<std::uint8_t>(window - end));
    }
    auto& first = first_[slot_of(patterns_[i], window)];
    next_[i] = first;
    first = static_cast<std::uint32_t>(i + 1);
  }
}

std::size_t PatternSearch::slot_of(std::string_view text, std::size_t end) const {
  return hash_of(text.data() + end - block) & mask_;
}

std::vector<Span> PatternSearch::find_all(std::string_view text) const {
  std::vector<Span> found;
  if (patterns_.empty()) return found;
  for (std::size_t end = window; end <= text.size();) {
    const std::size_t slot = slot_of(text, end);
    if (shifts_[slot] > 0) {
      end += shifts_[slot];
      continue;
    }
    const std::size_t begin = end - window;
    std::size_t longest = 0;
    for (std::uint32_t i = first_[slot]; i != 0; i = next_[i - 1]) {
      const std::string& pattern = patterns_[i - 1];
      if (pattern.size() > longest && pattern.size() <= text.size() - begin &&
          std::memcmp(pattern.data(), text.data() + begin, pattern.size()) == 0)
        longest = pattern.size();
    }
    if (longest > 0 && !found.empty() && begin <= found.back().end)
      found.back().end =
          std::max(found.back().end, begin + longest);  // a text of the pattern's own letters is one span
    else if (longest > 0)
      found.push_back({.begin = begin, .end = begin + longest});
    ++end;
  }
  return found;
}

}  // namespace noetl::secrets
