#pragma once
// Loop: the variable `loop` inside {% for %}. One rendering, one thread.
#include <vector>

#include "shared/templating/program/ast.hpp"
#include "shared/templating/program/renderer.hpp"

namespace noetl::templating {

class Loop final : public Object {
 public:
  Loop(const Block& block, Values items, int nesting) : block_(block), items_(std::move(items)), nesting_(nesting) {}

  [[nodiscard]] const Values& items() const { return items_; }
  void go_to(std::size_t index) { index_ = index; }

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] Value attribute(const std::string& name) const override;
  // loop(children) of a recursive loop.
  Value call(Renderer& renderer, const Arguments& arguments) override;
  // cycle(…) and changed(…).
  Value call_method(Renderer& renderer, const std::string& name, const Arguments& arguments) override;
  [[nodiscard]] bool is_callable() const override { return block_.is_recursive; }

 private:
  const Block& block_;
  Values items_;
  int nesting_;
  std::size_t index_ = 0;
  Value last_changed_;
  bool has_changed_ = false;
};

}  // namespace noetl::templating
