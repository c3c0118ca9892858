// Expressions of Parser: one function per level of precedence, named as in Jinja2's parser.
#include <algorithm>

#include "shared/templating/syntax/parser.hpp"
#include "shared/templating/values/failure.hpp"

namespace noetl::templating {
namespace {

NodePtr binary(Operator op, NodePtr node, NodePtr left, NodePtr right) {
  node->op = op;
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return node;
}

}  // namespace

NodePtr Parser::parse_tuple(Conditional conditional, std::string_view stop_name) {
  NodePtr tuple = make(NodeKind::tuple);
  bool is_tuple = false;
  while (!is_tuple_end(stop_name)) {
    tuple->children.push_back(parse_expression(conditional));
    if (!is_symbol(",")) {
      break;
    }
    is_tuple = true;
    ++at_;
  }
  if (!is_tuple && tuple->children.size() == 1) {
    return std::move(tuple->children[0]);
  }
  if (tuple->children.empty()) {
    fail_here("an expression");
  }
  return finish(std::move(tuple));
}

NodePtr Parser::parse_expression(Conditional conditional) {
  const Level level(*this);
  return conditional == Conditional::allowed ? parse_conditional() : parse_or();
}

NodePtr Parser::parse_conditional() {
  NodePtr value = parse_or();
  while (is_name("if")) {
    NodePtr node = make(NodeKind::conditional);
    ++at_;
    NodePtr condition = parse_or();
    node->children.push_back(std::move(condition));
    node->children.push_back(std::move(value));
    node->children.push_back(skip_name("else") ? parse_expression() : nullptr);
    value = finish(std::move(node));
  }
  return value;
}

NodePtr Parser::parse_or() {
  NodePtr first = parse_and();
  if (!is_name("or")) {
    return first;
  }
  NodePtr node = make(NodeKind::logical_or);
  node->children.push_back(std::move(first));
  while (skip_name("or")) {
    node->children.push_back(parse_and());
  }
  return finish(std::move(node));
}

NodePtr Parser::parse_and() {
  NodePtr first = parse_not();
  if (!is_name("and")) {
    return first;
  }
  NodePtr node = make(NodeKind::logical_and);
  node->children.push_back(std::move(first));
  while (skip_name("and")) {
    node->children.push_back(parse_not());
  }
  return finish(std::move(node));
}

NodePtr Parser::parse_not() {
  if (!is_name("not")) {
    return parse_comparison();
  }
  const Level level(*this);
  NodePtr node = make(NodeKind::logical_not);
  ++at_;
  node->children.push_back(parse_not());
  return finish(std::move(node));
}

NodePtr Parser::parse_comparison() {
  static constexpr std::pair<std::string_view, Operator> symbols[] = {
      {"==", Operator::equal},      {"!=", Operator::not_equal}, {"<", Operator::less},
      {"<=", Operator::less_equal}, {">", Operator::greater},    {">=", Operator::greater_equal}};
  NodePtr node = make(NodeKind::comparison);
  node->children.push_back(parse_sum());
  while (true) {
    const auto found =
        std::find_if(std::begin(symbols), std::end(symbols), [&](const auto& each) { return is_symbol(each.first); });
    if (found != std::end(symbols)) {
      ++at_;
      node->operators.push_back(found->second);
    } else if (is_name("in")) {
      ++at_;
      node->operators.push_back(Operator::in);
    } else if (is_name("not") && tokens_[at_ + 1].kind == TokenKind::name && tokens_[at_ + 1].text == "in") {
      at_ += 2;
      node->operators.push_back(Operator::not_in);
    } else {
      break;
    }
    node->children.push_back(parse_sum());
  }
  return node->operators.empty() ? std::move(node->children[0]) : finish(std::move(node));
}

NodePtr Parser::parse_sum() {
  NodePtr left = parse_concatenation();
  while (is_symbol("+") || is_symbol("-")) {
    const Operator op = is_symbol("+") ? Operator::add : Operator::subtract;
    NodePtr node = make(NodeKind::binary);
    ++at_;
    NodePtr right = parse_concatenation();
    left = finish(binary(op, std::move(node), std::move(left), std::move(right)));
  }
  return left;
}

NodePtr Parser::parse_concatenation() {
  NodePtr first = parse_product();
  if (!is_symbol("~")) {
    return first;
  }
  NodePtr node = make(NodeKind::concatenation);
  node->children.push_back(std::move(first));
  while (skip_symbol("~")) {
    node->children.push_back(parse_product());
  }
  return finish(std::move(node));
}

NodePtr Parser::parse_product() {
  static constexpr std::pair<std::string_view, Operator> symbols[] = {
      {"*", Operator::multiply}, {"/", Operator::divide}, {"//", Operator::floor_divide}, {"%", Operator::modulo}};
  NodePtr left = parse_power();
  while (true) {
    const auto found =
        std::find_if(std::begin(symbols), std::end(symbols), [&](const auto& each) { return is_symbol(each.first); });
    if (found == std::end(symbols)) {
      return left;
    }
    NodePtr node = make(NodeKind::binary);
    ++at_;
    NodePtr right = parse_power();
    left = finish(binary(found->second, std::move(node), std::move(left), std::move(right)));
  }
}

NodePtr Parser::parse_power() {
  NodePtr left = parse_unary();
  while (is_symbol("**")) {
    NodePtr node = make(NodeKind::binary);
    ++at_;
    NodePtr right = parse_unary();
    left = finish(binary(Operator::power, std::move(node), std::move(left), std::move(right)));
  }
  return left;
}

NodePtr Parser::parse_unary(bool with_filter) {
  NodePtr node;
  if (is_symbol("-") || is_symbol("+")) {
    const Level level(*this);
    node = make(is_symbol("-") ? NodeKind::negative : NodeKind::positive);
    ++at_;
    node->children.push_back(parse_unary(false));
    node = finish(std::move(node));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filter ? parse_filters_and_checks(std::move(node)) : std::move(node);
}

NodePtr Parser::parse_primary() {
  switch (here().kind) {
    case TokenKind::name: return parse_constant_or_name();
    case TokenKind::string: {
      std::string text;
      NodePtr node = make(NodeKind::literal);
      while (here().kind == TokenKind::string) {
        text += tokens_[at_++].text;
      }
      node->literal = Value::text(std::move(text));
      return node;
    }
    case TokenKind::integer:
    case TokenKind::floating: {
      NodePtr node = make(NodeKind::literal);
      const bool is_integer = here().kind == TokenKind::integer;
      node->literal = is_integer ? Value::integer(here().integer) : Value::floating(here().floating);
      ++at_;
      return node;
    }
    default: break;
  }
  if (skip_symbol("(")) {
    NodePtr node = make(NodeKind::tuple);
    if (!is_symbol(")")) {
      node = parse_tuple(Conditional::allowed);
    }
    expect_symbol(")");
    return node;
  }
  if (is_symbol("[")) {
    return parse_list();
  }
  if (is_symbol("{")) {
    return parse_dict();
  }
  fail_here("an expression");
}

NodePtr Parser::parse_constant_or_name() {
  const std::string& name = here().text;
  NodePtr node = make(NodeKind::literal);
  if (name == "true" || name == "True" || name == "false" || name == "False") {
    node->literal = Value::boolean(name[0] == 't' || name[0] == 'T');
  } else if (name == "none" || name == "None") {
    node->literal = Value::none();
  } else {
    node->kind = NodeKind::name;
    node->text = name;
    node->symbol = symbol_of(name);
    loop_reads_ += node->symbol == symbol_loop ? 1 : 0;
  }
  ++at_;
  return node;
}

NodePtr Parser::parse_list() {
  NodePtr node = make(NodeKind::list);
  expect_symbol("[");
  while (!is_symbol("]")) {
    node->children.push_back(parse_expression());
    if (!is_symbol("]")) {
      expect_symbol(",");
    }
  }
  expect_symbol("]");
  return finish(std::move(node));
}

NodePtr Parser::parse_dict() {
  NodePtr node = make(NodeKind::dict);
  expect_symbol("{");
  while (!is_symbol("}")) {
    node->children.push_back(parse_expression());
    expect_symbol(":");
    node->children.push_back(parse_expression());
    if (!is_symbol("}")) {
      expect_symbol(",");
    }
  }
  expect_symbol("}");
  return finish(std::move(node));
}

}  // namespace noetl::templating
