#pragma once
// Durations: how many took how long, in a few buckets. A value: whoever shares one guards it.
#include <array>
#include <cstdint>
#include <span>

namespace noetl::counts {

class Durations {
 public:
  static constexpr std::size_t bounds_max = 8;

  // `upper_bounds` in seconds, ascending, at most bounds_max; a constant that outlives this.
  explicit Durations(std::span<const double> upper_bounds) : bounds_(upper_bounds) {}

  void add(double seconds);
  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
  // By bucket, the last one for what is beyond every bound.
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return std::span(counts_).first(bounds_.size() + 1); }
  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::array<std::uint64_t, bounds_max + 1> counts_{};
  double sum_ = 0;
};

}  // namespace noetl::counts
