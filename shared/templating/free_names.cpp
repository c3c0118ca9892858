// Free names of a template (declared in parser.hpp). When in doubt a name counts as free: a name too
// many costs a few bytes in a command, one too few breaks it.
#include <set>
#include <unordered_map>

#include "shared/templating/parser.hpp"

namespace noetl::templating {
namespace {

class FreeNames {
 public:
  void visit(const Body& body) {
    for (const Block& block : body) {
      visit(block);
    }
  }

  std::set<std::string> names;

 private:
  // Names bound inside end with it: a `set` below an `if` may not have happened.
  void visit_inner(const Body& body) {
    const std::size_t outer = bound_.size();
    visit(body);
    unbind(outer);
  }

  void visit(const Block& block) {
    const std::size_t outer = bound_.size();
    switch (block.kind) {
      case BlockKind::text: return;
      case BlockKind::output: visit(block.expression.get()); return;
      case BlockKind::condition:
        for (const Branch& branch : block.branches) {
          visit(branch.condition.get());
          visit_inner(branch.body);
        }
        return;
      case BlockKind::loop:
        visit(block.expression.get());
        visit_inner(block.otherwise);
        bind(*block.targets[0]);
        bind(symbol_loop);
        visit(block.filter.get());
        visit(block.body);
        unbind(outer);
        return;
      case BlockKind::assignment:
        visit(block.expression.get());
        bind(*block.targets[0]);
        return;
      case BlockKind::block_assignment:
        visit_inner(block.body);
        visit(block.filter.get());
        bind(*block.targets[0]);
        return;
      case BlockKind::filter:
        visit_inner(block.body);
        visit(block.expression.get());
        return;
      case BlockKind::scope:
      case BlockKind::macro:
      case BlockKind::call: visit_with_parameters(block);
    }
  }

  void visit_with_parameters(const Block& block) {
    if (block.kind == BlockKind::macro) {
      bind(block.symbol);
    }
    visit(block.expression.get());
    const std::size_t outer = bound_.size();
    for (const NodePtr& value : block.defaults) {
      visit(value.get());
    }
    for (const NodePtr& target : block.targets) {
      bind(*target);
    }
    if (block.kind == BlockKind::macro) {
      bind(symbol_caller);
      bind(symbol_varargs);
      bind(symbol_kwargs);
    }
    visit(block.body);
    unbind(outer);
  }

  void bind(int symbol) {
    bound_.push_back(symbol);
    ++times_bound_[symbol];
  }
  void unbind(std::size_t down_to) {
    for (; bound_.size() > down_to; bound_.pop_back()) {
      --times_bound_[bound_.back()];
    }
  }
  [[nodiscard]] bool is_bound(int symbol) const {
    const auto found = times_bound_.find(symbol);
    return found != times_bound_.end() && found->second > 0;
  }

  void bind(const Node& target) {
    if (target.kind == NodeKind::name) {
      bind(target.symbol);
    } else if (target.kind == NodeKind::attribute) {
      visit(target.children[0].get());
    } else {
      for (const NodePtr& part : target.children) {
        bind(*part);
      }
    }
  }

  void visit(const Node* node) {
    if (node == nullptr) {
      return;
    }
    if (node->kind == NodeKind::name && node->symbol != symbol_body && !is_bound(node->symbol)) {
      names.insert(node->text);
    }
    const bool calls_global = node->kind == NodeKind::call && node->children[0]->kind == NodeKind::name &&
                              is_global(node->children[0]->text);
    for (const NodePtr& child : node->children) {
      if (!calls_global || child != node->children[0]) {
        visit(child.get());
      }
    }
    for (const Argument& argument : node->arguments) {
      visit(argument.value.get());
    }
  }

  static bool is_global(const std::string& name) {
    return name == "range" || name == "dict" || name == "namespace" || name == "cycler" || name == "joiner";
  }

  std::vector<int> bound_;  // innermost last
  std::unordered_map<int, int> times_bound_;
};

}  // namespace

std::vector<std::string> free_names(const Body& body) {
  FreeNames finder;
  finder.visit(body);
  return {finder.names.begin(), finder.names.end()};
}

}  // namespace noetl::templating
