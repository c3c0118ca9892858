#pragma once
// Arguments of one call of a filter, check, method, function or macro, and their binding to parameter
// names. One thread.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/templating/values/value.hpp"

namespace noetl::templating {

struct Arguments {
  Values positional;
  MeteredVector<std::pair<std::string, Value>> named;

  // Null when there is none.
  [[nodiscard]] const Value* find(std::string_view name) const;
};

// Arguments in the order of the parameters; null where none was given.
class Bound {
 public:
  static constexpr std::size_t parameters_max = 6;

  // `parameters` is a list like "old! new! count"; ! marks those that must be given.
  Bound(std::string_view callee, std::string_view parameters, const Arguments& arguments);

  [[nodiscard]] const Value* operator[](std::size_t index) const { return values_[index]; }
  // None or missing gives `otherwise`; other kinds fail.
  [[nodiscard]] std::int64_t integer(std::size_t index, std::int64_t otherwise) const;
  [[nodiscard]] std::string text(std::size_t index, std::string_view otherwise, Budget& budget) const;
  [[nodiscard]] bool boolean(std::size_t index, bool otherwise) const;

 private:
  std::string_view callee_;
  std::array<const Value*, parameters_max> values_{};
};

}  // namespace noetl::templating
