#pragma once
// Random: the one stream of chance of a simulated run. The same seed gives the same numbers on every machine, which
// std::uniform_int_distribution does not promise. One thread.
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace noetl::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  // splitmix64
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // 0 … limit-1
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  int between(int least, int most) {
    return least + static_cast<int>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  // One in `n` times; never for 0.
  bool one_in(std::uint64_t n) { return n != 0 && below(n) == 0; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  std::chrono::microseconds time(std::chrono::microseconds least, std::chrono::microseconds most) {
    const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + std::chrono::microseconds(static_cast<std::int64_t>(below(span)));
  }

 private:
  std::uint64_t state_;
};

}  // namespace noetl::simulation
