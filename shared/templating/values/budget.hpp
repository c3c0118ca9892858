#pragma once
// Budget: what one rendering may still spend of steps, bytes and depth (limits.hpp). Every
// loop round, node and 64 bytes of new text count as a step, which bounds time. The Ledger bounds memory: what
// the values hold at once. Exceeding either is a Failure. One rendering, one thread.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/limits.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

class Budget {
 public:
  // Depth of evaluation: a template of legal nesting plus what macros add by calling each other.
  static constexpr int depth_factor = 4;

  explicit Budget(const Limits& limits)
      : ledger_(limits.value_bytes_max),
        steps_left_(limits.steps_max),
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
    ledger_.check(bytes);
    spend(bytes / 64);
  }
  // What is held until the rendering ends: the JSON that leaves it.
  void keep_bytes(std::size_t bytes) { ledger_.charge(bytes); }
  // For a list of so many values, however many.
  void check_items(std::uint64_t count) const {
    constexpr std::uint64_t countable = 1ULL << 40U;
    ledger_.check(static_cast<std::size_t>(std::min(count, countable)) * sizeof(Value));
  }
  // For what is about to be made and not kept.
  void check_room(std::size_t bytes) const { ledger_.check(bytes); }
  // For text that grows: twice, since growing copies it.
  void check_growing(const std::string& text) const {
    if (text.size() > bytes_max_) {
      fail_bound("the template makes more than " + std::to_string(bytes_max_) + " bytes");
    }
    ledger_.check(2 * text.size());
  }

  [[nodiscard]] Value text(std::string text) {
    spend_bytes(text.size());
    spend(2);  // a value of its own, however short
    return Value::text(std::move(text));
  }
  [[nodiscard]] Value list(Values items) {
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
  Ledger ledger_;
  long steps_left_;
  std::size_t bytes_max_;
  int depth_max_;
  int depth_ = 0;
};

}  // namespace noetl::templating
