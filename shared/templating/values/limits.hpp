#pragma once
// Limits: what one template may cost. Values; any thread.
#include <cstddef>

namespace noetl::templating {

struct Limits {
  std::size_t source_bytes_max = 1 << 20;
  std::size_t output_bytes_max = 16 << 20;
  std::size_t value_bytes_max = 16 << 20;  // texts, lists and dicts that one rendering holds at once
  std::size_t parsed_bytes_max = 64 << 20;  // the tree of one template
  int depth_max = 100;  // nesting of expressions and blocks
  long steps_max = 5'000'000;  // loop rounds and node evaluations of one rendering
};

}  // namespace noetl::templating
