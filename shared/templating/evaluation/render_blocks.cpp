// Blocks of Renderer.
#include <algorithm>

#include "shared/templating/evaluation/loop.hpp"
#include "shared/templating/evaluation/macro.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {

class Renderer::Frame {
 public:
  explicit Frame(Renderer& renderer)
      : renderer_(renderer), outer_begin_(renderer.frame_begin_), begin_(renderer.locals_.size()) {
    renderer_.frame_begin_ = begin_;
  }
  ~Frame() {
    renderer_.frame_begin_ = outer_begin_;
    clear();
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  void clear() {
    renderer_.locals_.erase(renderer_.locals_.begin() + static_cast<std::ptrdiff_t>(begin_), renderer_.locals_.end());
  }

 private:
  Renderer& renderer_;
  std::size_t outer_begin_;
  std::size_t begin_;
};

void Renderer::render(const Body& body, Draft& out) {
  const Budget::Level level(budget_);
  for (const Block& block : body) {
    budget_.spend(1);
    if (block.kind == BlockKind::text) {
      out.text += block.text;
      budget_.spend_bytes(block.text.size());
    } else if (block.kind == BlockKind::output) {
      append_str(evaluate(*block.expression), out.text, budget_);
    } else {
      offset_ = block.offset;
      render_block(block, out);
    }
    budget_.check_growing(out.text);
    out.settle();
  }
}

std::string Renderer::render_inner(const Body& body) {
  const Frame frame(*this);
  Draft draft;
  render(body, draft);
  return draft.take();
}

void Renderer::render_block(const Block& block, Draft& out) {
  switch (block.kind) {
    case BlockKind::condition: render_condition_block(block, out); return;
    case BlockKind::loop: render_loop(block, evaluate(*block.expression), 0, out); return;
    case BlockKind::assignment: assign(*block.targets[0], evaluate(*block.expression)); return;
    case BlockKind::block_assignment: assign(*block.targets[0], filter_body(block.body, *block.filter)); return;
    case BlockKind::scope: render_scope(block, out); return;
    case BlockKind::macro: bind(block.symbol, Value::object(keep<Macro>(block, locals_.size() + 1))); return;
    case BlockKind::call: render_call(block, out); return;
    case BlockKind::filter: append_str(filter_body(block.body, *block.expression), out.text, budget_); return;
    case BlockKind::text:
    case BlockKind::output: return;  // render() has done them
  }
}

void Renderer::render_condition_block(const Block& block, Draft& out) {
  for (const Branch& branch : block.branches) {
    if (!branch.condition || is_true(evaluate(*branch.condition))) {
      render(branch.body, out);
      return;
    }
  }
}

Values Renderer::filtered(const Block& block, Values items) {
  if (!block.filter) {
    return items;
  }
  Values kept;
  for (Value& item : items) {
    Frame frame(*this);
    assign(*block.targets[0], item);
    if (is_true(evaluate(*block.filter))) {
      kept.push_back(std::move(item));
    }
  }
  return kept;
}

void Renderer::render_loop(const Block& block, const Value& over, int nesting, Draft& out) {
  const Budget::Level level(budget_);
  Values items = filtered(block, iterate(over, budget_));
  if (items.empty()) {
    out.text += render_inner(block.otherwise);
    return;
  }
  Loop* loop = block.uses_loop ? &keep<Loop>(block, std::move(items), nesting) : nullptr;
  const Values& rounds = loop != nullptr ? loop->items() : items;
  Frame frame(*this);
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    budget_.spend(1);
    frame.clear();
    if (loop != nullptr) {
      loop->go_to(i);
      bind(symbol_loop, Value::object(*loop));
    }
    assign(*block.targets[0], rounds[i]);
    render(block.body, out);
  }
}

void Renderer::render_scope(const Block& block, Draft& out) {
  Values values;
  for (const NodePtr& value : block.defaults) {
    values.push_back(evaluate(*value));  // in the outer scope, as in Jinja
  }
  const Frame frame(*this);
  for (std::size_t i = 0; i < values.size(); ++i) {
    assign(*block.targets[i], std::move(values[i]));
  }
  render(block.body, out);
}

void Renderer::render_call(const Block& block, Draft& out) {
  const Node& call = *block.expression;
  Arguments arguments = evaluate_arguments(call);
  const Value macro = evaluate(*call.children[0]);
  if (!macro.is(Kind::object)) {
    fail("{% call %} wants a macro");
  }
  arguments.named.emplace_back("caller", Value::object(keep<Macro>(block, locals_.size())));
  append_str(macro.as_object().call(*this, arguments), out.text, budget_);
}

Value Renderer::filter_body(const Body& body, const Node& filters) {
  Value text = budget_.text(render_inner(body));
  const Frame frame(*this);
  bind(symbol_body, std::move(text));
  return evaluate(filters);
}

void Renderer::assign(const Node& target, Value value) {
  if (target.kind == NodeKind::name) {
    bind(target.symbol, std::move(value));
    return;
  }
  if (target.kind == NodeKind::attribute) {
    const Value object = evaluate(*target.children[0]);
    if (!object.is(Kind::object)) {
      fail("cannot assign an attribute on a value that is no namespace");
    }
    object.as_object().assign(target.text, std::move(value));
    return;
  }
  const Values parts = iterate(value, budget_);
  if (parts.size() != target.children.size()) {
    fail("cannot unpack " + std::to_string(parts.size()) + " values into " + std::to_string(target.children.size()) +
         " names");
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    assign(*target.children[i], parts[i]);
  }
}

void Renderer::bind_parameters(const Block& macro, const Arguments& arguments) {
  const std::size_t count = macro.targets.size();
  const std::size_t first_default = count - macro.defaults.size();
  budget_.spend(arguments.named.size() * count / 4);
  for (std::size_t i = 0; i < count; ++i) {
    const Node& target = *macro.targets[i];
    const Value* named = arguments.find(target.text);
    if (i < arguments.positional.size()) {
      assign(target, arguments.positional[i]);
    } else if (named != nullptr) {
      assign(target, *named);
    } else {
      assign(target,
             i >= first_default ? evaluate(*macro.defaults[i - first_default]) : Value::undefined(&target.text));
    }
  }
  Values further;
  for (std::size_t i = count; i < arguments.positional.size(); ++i) {
    further.push_back(arguments.positional[i]);
  }
  Entries unknown;
  for (const auto& [name, value] : arguments.named) {
    const auto is_known = [&known = name](const NodePtr& target) { return target->text == known; };
    if (name == "caller") {
      bind(symbol_caller, value);
    } else if (std::none_of(macro.targets.begin(), macro.targets.end(), is_known)) {
      unknown.emplace_back(Value::text(name), value);
    }
  }
  bind(symbol_varargs, Value::tuple(std::move(further)));
  bind(symbol_kwargs, Value::dict(std::move(unknown)));
}

Value Renderer::call_macro(const Block& macro, const Arguments& arguments, std::size_t visible) {
  const Budget::Level level(budget_);
  const std::size_t outer_begin = visible_begin_;
  const std::size_t outer_end = visible_end_;
  Draft draft;
  {
    const Frame frame(*this);
    visible_begin_ = locals_.size();
    visible_end_ = std::min(visible, locals_.size());
    struct Restore {
      Renderer& renderer;
      std::size_t begin;
      std::size_t end;
      ~Restore() {
        renderer.visible_begin_ = begin;
        renderer.visible_end_ = end;
      }
    } const restore{*this, outer_begin, outer_end};
    bind_parameters(macro, arguments);
    render(macro.body, draft);
  }
  return budget_.text(draft.take());
}

const Value* Renderer::find_local(int symbol) const {
  for (std::size_t i = locals_.size(); i > visible_begin_; --i) {
    if (locals_[i - 1].symbol == symbol) {
      return &locals_[i - 1].value;
    }
  }
  for (std::size_t i = std::min(visible_end_, visible_begin_); i > 0; --i) {
    if (locals_[i - 1].symbol == symbol) {
      return &locals_[i - 1].value;
    }
  }
  return nullptr;
}

void Renderer::bind(int symbol, Value value) {
  budget_.spend((locals_.size() - frame_begin_) / 32);
  for (std::size_t i = locals_.size(); i > frame_begin_; --i) {
    if (locals_[i - 1].symbol == symbol) {
      locals_[i - 1].value = std::move(value);
      return;
    }
  }
  locals_.push_back(Local{symbol, std::move(value)});
}

}  // namespace noetl::templating
