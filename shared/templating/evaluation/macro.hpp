#pragma once
// Macro: {% macro %} as a value, and the caller() of {% call %}. One rendering, one thread.
#include "shared/templating/program/ast.hpp"
#include "shared/templating/program/renderer.hpp"

namespace noetl::templating {

class Macro final : public Object {
 public:
  // `visible`: how many local names the body sees, those up to its definition.
  Macro(const Block& block, std::size_t visible) : block_(block), visible_(visible) {}

  [[nodiscard]] std::string describe() const override { return "<Macro '" + block_.text + "'>"; }
  [[nodiscard]] Value attribute(const std::string& name) const override {
    return name == "name" ? Value::borrowed_text(block_.text) : Value();
  }
  Value call(Renderer& renderer, const Arguments& arguments) override {
    return renderer.call_macro(block_, arguments, visible_);
  }

 private:
  const Block& block_;
  std::size_t visible_;
};

}  // namespace noetl::templating
