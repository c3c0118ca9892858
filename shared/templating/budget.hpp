#pragma once
// Budget: what one rendering may still spend of steps, bytes and depth (Limits in template.hpp). Every
// loop round, node and 64 bytes of new text count as a step, so the budget bounds time and memory both.
// Exceeding it is a Failure. One rendering, one thread.
#include <cstddef>
#include <string>
#include <vector>

#include "shared/templating/failure.hpp"
#include "shared/templating/template.hpp"
#include "shared/templating/value.hpp"

namespace noetl::templating {

class Budget {
 public:
  // Depth of evaluation: a template of legal nesting plus what macros add by calling each other.
  static constexpr int depth_factor = 4;

  explicit Budget(const Limits& limits)
      : steps_left_(limits.steps_max),
        bytes_max_(limits.output_bytes_max),
        depth_max_(limits.depth_max * depth_factor) {}

  void spend(std::size_t steps) {
    if (steps > static_cast<std::size_t>(steps_left_)) {
      steps_left_ = 0;
      fail_bound("the template needs more steps than allowed");
    }
    steps_left_ -= static_cast<long>(steps);
  }
  // For text of `bytes` about to be made or read through.
  void spend_bytes(std::size_t bytes) {
    if (bytes > bytes_max_) {
      fail_bound("the template makes more than " + std::to_string(bytes_max_) + " bytes");
    }
    spend(bytes / 64);
  }
  [[nodiscard]] bool is_affordable(std::size_t bytes) const { return bytes <= bytes_max_; }

  [[nodiscard]] Value text(std::string text) {
    spend_bytes(text.size());
    spend(2);  // a value of its own, however short
    return Value::text(std::move(text));
  }
  [[nodiscard]] Value list(std::vector<Value> items) {
    spend(items.size());
    return Value::list(std::move(items));
  }

  // One level of recursion, for as long as it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) {
      if (++budget_.depth_ > budget_.depth_max_) {
        --budget_.depth_;
        fail_bound("the template nests deeper than allowed");
      }
    }
    ~Level() { --budget_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Budget& budget_;
  };

 private:
  long steps_left_;
  std::size_t bytes_max_;
  int depth_max_;
  int depth_ = 0;
};

}  // namespace noetl::templating
