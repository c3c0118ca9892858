#pragma once
// Paths without I/O: engine, templates, codecs. Main thread.
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/paths/path.hpp"
#include "shared/base/result.hpp"

namespace noetl::bench {

[[nodiscard]] std::vector<Path> engine_paths();
[[nodiscard]] std::vector<Path> template_paths();
[[nodiscard]] std::vector<Path> codec_paths();

// What a benchmark needs to go on with; throws with `what` when it is not there.
template <class T>
T must(base::Result<T> result, const char* what) {
  if (!result) throw std::runtime_error(std::string(what) + ": " + result.error().message);
  return std::move(*result);
}

}  // namespace noetl::bench
