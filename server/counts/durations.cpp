#include "server/counts/durations.hpp"

#include <algorithm>

namespace noetl::counts {

void Durations::add(double seconds) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += seconds;
}

}  // namespace noetl::counts
