// What follows a value in an expression: attributes, items, calls, filters, checks. Part of Parser.
#include "shared/templating/filters/checks.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/syntax/parser.hpp"
#include "shared/templating/values/failure.hpp"

namespace noetl::templating {

NodePtr Parser::parse_postfix(NodePtr node) {
  while (true) {
    if (is_symbol(".") || is_symbol("[")) {
      node = parse_subscript(std::move(node));
    } else if (is_symbol("(")) {
      NodePtr call = make(NodeKind::call);
      call->children.push_back(std::move(node));
      parse_arguments(*call);
      node = finish(std::move(call));
    } else {
      return node;
    }
  }
}

NodePtr Parser::parse_subscript(NodePtr node) {
  if (is_symbol("[")) {
    return parse_slice_or_index(std::move(node));
  }
  NodePtr access = make(NodeKind::attribute);
  ++at_;
  access->children.push_back(std::move(node));
  if (here().kind == TokenKind::name) {
    access->text = here().text;
  } else if (here().kind == TokenKind::integer) {
    NodePtr index = make(NodeKind::literal);
    index->literal = Value::integer(here().integer);
    access->kind = NodeKind::item;
    access->children.push_back(std::move(index));
  } else {
    fail_here("a name or a number after '.'");
  }
  ++at_;
  return finish(std::move(access));
}

NodePtr Parser::parse_slice_or_index(NodePtr node) {
  NodePtr access = make(NodeKind::item);
  ++at_;
  access->children.push_back(std::move(node));
  if (!is_symbol(":")) {
    access->children.push_back(parse_tuple(Conditional::allowed));
    if (skip_symbol("]")) {
      return finish(std::move(access));
    }
  } else {
    access->children.push_back(nullptr);
  }
  access->kind = NodeKind::slice;
  for (int bounds = 0; bounds < 2 && skip_symbol(":"); ++bounds) {
    const bool is_given = !is_symbol(":") && !is_symbol("]");
    access->children.push_back(is_given ? parse_expression() : nullptr);
  }
  access->children.resize(4);
  expect_symbol("]");
  return finish(std::move(access));
}

NodePtr Parser::parse_filters_and_checks(NodePtr node) {
  while (true) {
    if (is_symbol("|")) {
      ++at_;
      node = parse_filter(std::move(node));
    } else if (is_name("is")) {
      node = parse_check(std::move(node));
    } else if (is_symbol("(")) {
      NodePtr call = make(NodeKind::call);
      call->children.push_back(std::move(node));
      parse_arguments(*call);
      node = finish(std::move(call));
    } else {
      return node;
    }
  }
}

NodePtr Parser::parse_filter(NodePtr input) {
  NodePtr node = make(NodeKind::filter);
  node->text = take_name("the name of a filter");
  node->filter = find_filter(node->text);
  if (node->filter == nullptr) {
    fail_syntax("there is no filter '" + node->text + "'", node->offset);
  }
  node->children.push_back(std::move(input));
  if (is_symbol("(")) {
    parse_arguments(*node);
  }
  return finish(std::move(node));
}

NodePtr Parser::parse_check(NodePtr input) {
  NodePtr node = make(NodeKind::check);
  ++at_;
  const bool is_negated = skip_name("not");
  node->text = take_name("the name of a test");
  node->check = find_check(node->text);
  if (node->check == nullptr) {
    fail_syntax("there is no test '" + node->text + "'", node->offset);
  }
  node->children.push_back(std::move(input));
  const TokenKind kind = here().kind;
  const bool is_operand = kind == TokenKind::string || kind == TokenKind::integer || kind == TokenKind::floating ||
                          is_symbol("[") || is_symbol("{") ||
                          (kind == TokenKind::name && !is_name("else") && !is_name("or") && !is_name("and"));
  if (is_symbol("(")) {
    parse_arguments(*node);
  } else if (is_operand) {
    if (is_name("is")) {
      fail_here("no second 'is'");
    }
    // `x is divisibleby 3`; `x is defined if …` and `x is in y` end the test first.
    if (!is_name("if") && !is_name("in") && !is_name("not") && !is_name("recursive")) {
      const Level level(*this);
      NodePtr operand = parse_primary();
      node->arguments.push_back(Argument{.name = {}, .value = parse_postfix(std::move(operand))});
    }
  }
  node = finish(std::move(node));
  if (!is_negated) {
    return node;
  }
  NodePtr negation = make(NodeKind::logical_not);
  negation->children.push_back(std::move(node));
  return finish(std::move(negation));
}

void Parser::parse_arguments(Node& node) {
  expect_symbol("(");
  while (!is_symbol(")")) {
    Argument argument;
    if (skip_symbol("*")) {
      argument.spread = Argument::Spread::list;
    } else if (skip_symbol("**")) {
      argument.spread = Argument::Spread::dict;
    } else if (here().kind == TokenKind::name && tokens_[at_ + 1].kind == TokenKind::symbol &&
               tokens_[at_ + 1].text == "=") {
      argument.name = here().text;
      at_ += 2;
    } else if (!node.arguments.empty() && !node.arguments.back().name.empty()) {
      fail_here("a named argument: positional ones come first");
    }
    argument.value = parse_expression();
    node.arguments.push_back(std::move(argument));
    if (!is_symbol(")")) {
      expect_symbol(",");
    }
  }
  expect_symbol(")");
}

}  // namespace noetl::templating
