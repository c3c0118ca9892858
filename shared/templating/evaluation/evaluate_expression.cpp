// Expressions of Renderer.
#include "shared/templating/filters/checks.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {

Renderer::Renderer(const Scope& scope, const Limits& limits, Unwrapping unwrapping)
    : scope_(scope), budget_(limits), unwrapping_(unwrapping) {}

Value Renderer::evaluate(const Node& node) {
  const Budget::Level level(budget_);
  budget_.spend(1);
  offset_ = node.offset;
  switch (node.kind) {
    case NodeKind::literal: return node.literal;
    case NodeKind::name: return read_name(node);
    case NodeKind::attribute: return read_attribute(node);
    case NodeKind::item: return read_item(node);
    case NodeKind::slice: return read_slice(node);
    case NodeKind::call: return make_call(node);
    case NodeKind::filter: {
      const Value input = evaluate(*node.children[0]);
      const Arguments arguments = evaluate_arguments(node);
      return apply_filter(*node.filter, *this, input, arguments);
    }
    case NodeKind::check: {
      const Value input = evaluate(*node.children[0]);
      const Arguments arguments = evaluate_arguments(node);
      return Value::boolean(does_hold(*node.check, *this, input, arguments));
    }
    case NodeKind::logical_not: return Value::boolean(!is_true(evaluate(*node.children[0])));
    case NodeKind::negative: return negate(evaluate(*node.children[0]));
    case NodeKind::positive: return negate(negate(evaluate(*node.children[0])));
    case NodeKind::binary: {
      const Value left = evaluate(*node.children[0]);
      const Value right = evaluate(*node.children[1]);
      offset_ = node.offset;
      return arithmetic(node.op, left, right, budget_);
    }
    case NodeKind::concatenation: return make_concatenation(node);
    case NodeKind::comparison: return make_comparison(node);
    case NodeKind::logical_and:
    case NodeKind::logical_or: return make_logical(node);
    case NodeKind::conditional: return make_conditional(node);
    case NodeKind::list:
    case NodeKind::tuple:
    case NodeKind::dict: return make_collection(node);
  }
  return {};
}

Value Renderer::read_name(const Node& node) {
  budget_.spend(locals_.size() / 32);  // they are looked through one by one
  if (const Value* local = find_local(node.symbol)) {
    return *local;
  }
  if (const Json* json = scope_.find(node.text)) {
    return Value::json(*json);
  }
  if (Object* global = find_global(node.text)) {
    return Value::object(*global);
  }
  return Value::undefined(&node.text);
}

// A member that the Scope has beside the value of a name, unless the template itself has made that name.
const Json* Renderer::find_member(const Node& object, std::string_view member) {
  if (object.kind != NodeKind::name || find_local(object.symbol) != nullptr) return nullptr;
  return scope_.find_member(object.text, member);
}

Value Renderer::read_item(const Node& node) {
  const Node& key = *node.children[1];
  if (key.kind == NodeKind::literal && key.literal.is_text()) {
    if (const Json* own = find_member(*node.children[0], key.literal.as_text())) return Value::json(*own);
  }
  const Value object = evaluate(*node.children[0]);
  return item_of(object, evaluate(key), budget_);
}

Value Renderer::read_attribute(const Node& node) {
  if (const Json* own = find_member(*node.children[0], node.text)) return Value::json(*own);
  const Value object = evaluate(*node.children[0]);
  Value value = attribute_of(object, node.text);
  if (!value.is_undefined()) {
    return value;
  }
  if (unwrapping_ == Unwrapping::noetl && object.is_dict() && (node.text == "data" || node.text == "result")) {
    return object;
  }
  // A variable that was given the rows of a SQL step is a list, and may be read as the step is.
  if (unwrapping_ == Unwrapping::noetl && object.is(Kind::list)) {
    if (node.text == "rows") return object;
    if (node.text == "row_count") return Value::integer(static_cast<std::int64_t>(object.size()));
  }
  return Value::undefined(&node.text);
}

Value Renderer::read_slice(const Node& node) {
  const Value object = evaluate(*node.children[0]);
  Value bounds[3];
  const Value* given[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    if (node.children[i + 1]) {
      bounds[i] = evaluate(*node.children[i + 1]);
      given[i] = &bounds[i];
    }
  }
  return slice_of(object, given[0], given[1], given[2], budget_);
}

Value Renderer::make_collection(const Node& node) {
  if (node.kind == NodeKind::dict) {
    Entries entries;
    entries.reserve(node.children.size() / 2);
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      Value key = evaluate(*node.children[i]);
      budget_.spend(key.is_text() ? key.as_text().size() / 64 : 0);
      entries.emplace_back(std::move(key), evaluate(*node.children[i + 1]));
    }
    return Value::dict(std::move(entries));
  }
  Values items;
  items.reserve(node.children.size());
  for (const NodePtr& child : node.children) {
    items.push_back(evaluate(*child));
  }
  return node.kind == NodeKind::tuple ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

Value Renderer::make_comparison(const Node& node) {
  Value left = evaluate(*node.children[0]);
  for (std::size_t i = 0; i < node.operators.size(); ++i) {
    Value right = evaluate(*node.children[i + 1]);
    offset_ = node.offset;
    if (!compare(node.operators[i], left, right, budget_)) {
      return Value::boolean(false);
    }
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Renderer::make_concatenation(const Node& node) {
  std::string text;
  for (const NodePtr& child : node.children) {
    append_str(evaluate(*child), text, budget_);
  }
  return budget_.text(std::move(text));
}

Value Renderer::make_logical(const Node& node) {
  const bool stops_at = node.kind == NodeKind::logical_or;
  Value value;
  for (const NodePtr& child : node.children) {
    value = evaluate(*child);
    if (is_true(value) == stops_at) {
      break;
    }
  }
  return value;
}

Value Renderer::make_conditional(const Node& node) {
  if (is_true(evaluate(*node.children[0]))) {
    return evaluate(*node.children[1]);
  }
  return node.children[2] ? evaluate(*node.children[2]) : Value();
}

Arguments Renderer::evaluate_arguments(const Node& node) {
  Arguments arguments;
  for (const Argument& argument : node.arguments) {
    Value value = evaluate(*argument.value);
    if (argument.spread == Argument::Spread::list) {
      for (Value& item : iterate(value, budget_)) {
        arguments.positional.push_back(std::move(item));
      }
    } else if (argument.spread == Argument::Spread::dict) {
      if (!value.is_dict()) {
        fail("** wants a dict, not " + python_type(value));
      }
      budget_.spend(value.size() * 2);
      for (auto& [key, item] : value.entries()) {
        arguments.named.emplace_back(python_str(key, budget_), item);
      }
    } else if (argument.name.empty()) {
      arguments.positional.push_back(std::move(value));
    } else {
      arguments.named.emplace_back(argument.name, std::move(value));
    }
  }
  return arguments;
}

Value Renderer::make_call(const Node& node) {
  const Node& callee = *node.children[0];
  if (callee.kind != NodeKind::attribute) {
    const Arguments arguments = evaluate_arguments(node);
    return call_callee(node, arguments);
  }
  const Value object = evaluate(*callee.children[0]);
  const Arguments arguments = evaluate_arguments(node);
  offset_ = callee.offset;
  if (object.is(Kind::object)) {
    return object.as_object().call_method(*this, callee.text, arguments);
  }
  if (object.is_undefined()) {
    fail_use_of_undefined(object);
  }
  return call_method(*this, object, callee.text, arguments);
}

Value Renderer::call_callee(const Node& node, const Arguments& arguments) {
  const Node& callee = *node.children[0];
  Value function = evaluate(callee);
  // A workload may have a key named like a function: the call means the function.
  if (!function.is(Kind::object) && callee.kind == NodeKind::name && find_local(callee.symbol) == nullptr) {
    if (Object* global = find_global(callee.text)) {
      function = Value::object(*global);
    }
  }
  offset_ = callee.offset;
  if (function.is(Kind::object)) {
    return function.as_object().call(*this, arguments);
  }
  if (function.is_undefined()) {
    fail_use_of_undefined(function);
  }
  // Rendering is pure, so functions such as now() are texts that the scope brings along: now() is now.
  if (callee.kind == NodeKind::name && function.is_text() && arguments.positional.empty() && arguments.named.empty()) {
    return function;
  }
  fail("'" + python_type(function) + "' object is not callable");
}

}  // namespace noetl::templating
