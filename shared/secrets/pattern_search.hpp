#pragma once
// PatternSearch: where any of several patterns stands in a text, in one pass that skips (Wu and Manber, 1994): a table says by
// three bytes how far no pattern can end. Immutable once built; any thread.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::secrets {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class PatternSearch {
 public:
  static constexpr std::size_t pattern_bytes_min = 8;

  // Each of at least pattern_bytes_min bytes.
  explicit PatternSearch(std::vector<std::string> patterns);

  // In order; those that overlap or touch are one.
  [[nodiscard]] std::vector<Span> find_all(std::string_view text) const;

 private:
  [[nodiscard]] std::size_t slot_of(std::string_view text, std::size_t end) const;

  std::vector<std::string> patterns_;
  std::vector<std::uint8_t> shifts_;  // by slot
  std::vector<std::uint32_t> first_;  // by slot: 1 + the first of the patterns whose block is there; 0: none
  std::vector<std::uint32_t> next_;  // by pattern: 1 + the next one in its slot
  std::uint32_t mask_ = 0;
};

}  // namespace noetl::secrets
