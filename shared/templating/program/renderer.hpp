#pragma once
// Renderer: one rendering of one template over one Scope: it evaluates expressions, writes blocks, and
// owns the names and objects that come up on the way. Throws Failure. One thread, used once.
#include <memory>
#include <string>
#include <vector>

#include "shared/templating/operations/arguments.hpp"
#include "shared/templating/program/ast.hpp"
#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/limits.hpp"
#include "shared/templating/values/object.hpp"
#include "shared/templating/values/scope.hpp"

namespace noetl::templating {

// What `.data` and `.result` mean on a dict that has no such key.
enum class Unwrapping { none, noetl };

class Renderer {
 public:
  Renderer(const Scope& scope, const Limits& limits, Unwrapping unwrapping);

  [[nodiscard]] Value evaluate(const Node& node);
  void render(const Body& body, Draft& out);
  // A body in a scope of its own.
  [[nodiscard]] std::string render_inner(const Body& body);
  void render_loop(const Block& block, const Value& over, int nesting, Draft& out);
  [[nodiscard]] Value call_macro(const Block& macro, const Arguments& arguments, std::size_t visible);

  [[nodiscard]] Budget& budget() { return budget_; }
  // Where the source was last read, for messages.
  [[nodiscard]] std::size_t offset() const { return offset_; }
  template <class T, class... Parts>
  T& keep(Parts&&... parts) {
    budget_.spend(8);
    budget_.keep_bytes(sizeof(T) + 32);
    auto owned = std::make_unique<T>(std::forward<Parts>(parts)...);
    T& object = *owned;
    objects_.push_back(std::move(owned));
    return object;
  }

 private:
  struct Local {
    int symbol;
    Value value;
  };
  // Drops what was bound after it began.
  class Frame;

  // evaluate_expression.cpp
  [[nodiscard]] Value read_name(const Node& node);
  [[nodiscard]] const Json* find_member(const Node& object, std::string_view member);
  [[nodiscard]] Value read_item(const Node& node);
  [[nodiscard]] Value read_attribute(const Node& node);
  [[nodiscard]] Value read_slice(const Node& node);
  [[nodiscard]] Value make_collection(const Node& node);
  [[nodiscard]] Value make_comparison(const Node& node);
  [[nodiscard]] Value make_concatenation(const Node& node);
  [[nodiscard]] Value make_logical(const Node& node);
  [[nodiscard]] Value make_call(const Node& node);
  [[nodiscard]] Value make_conditional(const Node& node);
  [[nodiscard]] Value call_callee(const Node& node, const Arguments& arguments);
  [[nodiscard]] Arguments evaluate_arguments(const Node& node);

  // render_blocks.cpp
  void render_block(const Block& block, Draft& out);
  void render_condition_block(const Block& block, Draft& out);
  void render_scope(const Block& block, Draft& out);
  void render_call(const Block& block, Draft& out);
  void assign(const Node& target, Value value);
  void bind_parameters(const Block& macro, const Arguments& arguments);
  [[nodiscard]] Value filter_body(const Body& body, const Node& filters);
  [[nodiscard]] Values filtered(const Block& block, Values items);
  [[nodiscard]] const Value* find_local(int symbol) const;
  void bind(int symbol, Value value);

  const Scope& scope_;
  Budget budget_;
  Unwrapping unwrapping_;
  std::size_t offset_ = 0;
  MeteredVector<Local> locals_;
  std::size_t frame_begin_ = 0;  // assignments replace names from here on
  std::size_t visible_begin_ = 0;  // a macro sees its own names from here on …
  std::size_t visible_end_ = 0;  // … and those before here, where it was defined
  std::vector<std::unique_ptr<Object>> objects_;
};

// The language's own functions: range, dict, namespace, cycler, joiner. Null when there is none.
[[nodiscard]] Object* find_global(std::string_view name);
// object.name(…) on text, dicts and lists. Only methods without side effects exist.
[[nodiscard]] Value call_method(Renderer& renderer, const Value& object, const std::string& name,
                                const Arguments& arguments);

}  // namespace noetl::templating
