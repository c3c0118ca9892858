#include "shared/templating/syntax/free_names.hpp"

#include <set>
#include <unordered_map>
#include <utility>

namespace noetl::templating {
namespace {

// Free names of a template. When in doubt a name counts as free: a name too
// many costs a few bytes in a command, one too few breaks it.
class FreeNames {
 public:
  explicit FreeNames(bool with_members = false) : with_members_(with_members) {}

  void visit(const Body& body) {
    for (const Block& block : body) {
      visit(block);
    }
  }

  // Of those names, by name; without those that the template itself takes to be missing.
  [[nodiscard]] std::vector<MemberRead> members() const {
    std::vector<MemberRead> read;
    for (const auto& member : members_) {
      if (!expected_missing_.contains(member)) read.push_back({member.first, member.second});
    }
    return read;
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
          visit_guarded(branch.condition.get());
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
    const bool calls_global =
        node->kind == NodeKind::call && node->children[0]->kind == NodeKind::name && is_global(node->children[0]->text);
    if (with_members_) note_member(*node);
    for (const NodePtr& child : node->children) {
      if (calls_global && child == node->children[0]) continue;
      if (with_members_ && is_guard(*node, child))
        visit_guarded(child.get());
      else
        visit(child.get());
    }
    for (const Argument& argument : node->arguments) {
      visit(argument.value.get());
    }
  }

  // workload.url, workload['url'], workload.get('url')
  void note_member(const Node& node) {
    const Node* object = node.children.empty() ? nullptr : node.children[0].get();
    bool is_get = false;
    const std::string* member = nullptr;
    if (node.kind == NodeKind::attribute) {
      member = &node.text;
    } else if (node.kind == NodeKind::item && node.children[1] != nullptr &&
               node.children[1]->kind == NodeKind::literal && node.children[1]->literal.is_text()) {
      member = &node.children[1]->literal.as_text();
    } else if (node.kind == NodeKind::call && object->kind == NodeKind::attribute && object->text == "get") {
      is_get = true;  // it has an answer for what is missing
      expected_missing_.insert({object->children[0]->text, "get"});
    }
    if (is_get || member == nullptr || object->kind != NodeKind::name || object->symbol == symbol_body ||
        is_bound(object->symbol))
      return;
    members_.insert({object->text, *member});
    if (guards_ > 0) expected_missing_.insert({object->text, *member});
  }

  // What may be missing there: `x | default(…)`, `x is defined`, `x or y`, `y if x`.
  static bool is_guard(const Node& node, const NodePtr& child) {
    switch (node.kind) {
      case NodeKind::filter: return (node.text == "default" || node.text == "d") && child == node.children[0];
      case NodeKind::check: return node.text == "defined" || node.text == "undefined" || node.text == "none";
      case NodeKind::logical_or: return true;
      case NodeKind::conditional: return child == node.children[0];
      default: return false;
    }
  }

  void visit_guarded(const Node* node) {
    ++guards_;
    visit(node);
    --guards_;
  }

  static bool is_global(const std::string& name) {
    return name == "range" || name == "dict" || name == "namespace" || name == "cycler" || name == "joiner";
  }

  const bool with_members_;
  int guards_ = 0;
  std::set<std::pair<std::string, std::string>> members_;
  std::set<std::pair<std::string, std::string>> expected_missing_;
  std::vector<int> bound_;  // innermost last
  std::unordered_map<int, int> times_bound_;
};

}  // namespace

std::vector<std::string> free_names(const Body& body) {
  FreeNames finder;
  finder.visit(body);
  return {finder.names.begin(), finder.names.end()};
}

std::vector<MemberRead> members_of(const Body& body) {
  FreeNames finder(true);
  finder.visit(body);
  return finder.members();
}

}  // namespace noetl::templating
