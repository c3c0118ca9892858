// Statements and the token cursor of Parser.
#include <algorithm>

#include "shared/templating/syntax/free_names.hpp"
#include "shared/templating/syntax/parser.hpp"
#include "shared/templating/values/failure.hpp"

namespace noetl::templating {
namespace {

// Chains such as a + b + c + … nest without recursion of the parser, so they have a bound of their own.
constexpr int height_factor = 2;

}  // namespace

Parser::Level::Level(Parser& parser) : parser_(parser) {
  if (++parser_.depth_ > parser_.depth_max_) {
    --parser_.depth_;
    throw Failure{.kind = FailureKind::bound,
                  .message = "the template nests deeper than " + std::to_string(parser_.depth_max_),
                  .offset = parser_.here().offset};
  }
}

Parser::Parser(Tokens tokens, const Limits& limits)
    : tokens_(std::move(tokens)), depth_max_(limits.depth_max), bytes_max_(limits.parsed_bytes_max) {
  symbols_ = {{"loop", symbol_loop},
              {"caller", symbol_caller},
              {"varargs", symbol_varargs},
              {"kwargs", symbol_kwargs},
              {" body", symbol_body}};
}

Program Parser::parse() {
  Program program;
  program.body = parse_body({});
  program.roots = free_names(program.body);
  program.bytes = bytes_;
  return program;
}

Body Parser::parse_body(std::initializer_list<std::string_view> ends) {
  const Level level(*this);
  Body body;
  while (here().kind != TokenKind::end) {
    const Token& token = here();
    if (token.kind == TokenKind::data) {
      Block block;
      block.offset = token.offset;
      block.text = std::move(tokens_[at_++].text);
      add(body, std::move(block));
    } else if (token.kind == TokenKind::output_begin) {
      Block block;
      block.kind = BlockKind::output;
      block.offset = token.offset;
      ++at_;
      block.expression = parse_tuple(Conditional::allowed);
      if (here().kind != TokenKind::output_end) {
        fail_here("'}}'");
      }
      ++at_;
      add(body, std::move(block));
    } else {
      ++at_;  // {%
      if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return is_name(end); })) {
        return body;
      }
      parse_statement(body);
    }
  }
  if (ends.size() != 0) {
    fail_here("{% " + std::string(*(ends.end() - 1)) + " %}");
  }
  return body;
}

void Parser::parse_statement(Body& body) {
  static constexpr std::pair<std::string_view, void (Parser::*)(Block&)> statements[] = {
      {"if", &Parser::parse_if},
      {"for", &Parser::parse_for},
      {"set", &Parser::parse_set},
      {"with", &Parser::parse_with},
      {"macro", &Parser::parse_macro},
      {"call", &Parser::parse_call_block},
      {"filter", &Parser::parse_filter_block}};
  const auto found =
      std::find_if(std::begin(statements), std::end(statements), [&](const auto& each) { return is_name(each.first); });
  if (found == std::end(statements)) {
    fail_here("a statement (if, for, set, with, macro, call, filter, raw)");
  }
  Block block;
  block.offset = here().offset;
  ++at_;
  (this->*found->second)(block);
  add(body, std::move(block));
}

void Parser::parse_if(Block& block) {
  block.kind = BlockKind::condition;
  while (true) {
    Branch branch;
    branch.condition = parse_tuple(Conditional::refused);
    end_statement();
    branch.body = parse_body({"elif", "else", "endif"});
    block.branches.push_back(std::move(branch));
    if (skip_name("elif")) {
      continue;
    }
    if (skip_name("else")) {
      end_statement();
      block.branches.push_back(Branch{.condition = nullptr, .body = parse_body({"endif"})});
    }
    end_block("endif");
    return;
  }
}

void Parser::parse_for(Block& block) {
  block.kind = BlockKind::loop;
  block.targets.push_back(parse_target(false));
  expect_name("in");
  block.expression = parse_tuple(Conditional::refused, "recursive");
  if (skip_name("if")) {
    block.filter = parse_expression();
  }
  block.is_recursive = skip_name("recursive");
  end_statement();
  const int reads = loop_reads_;
  block.body = parse_body({"else", "endfor"});
  block.uses_loop = block.is_recursive || loop_reads_ != reads;
  if (skip_name("else")) {
    end_statement();
    block.otherwise = parse_body({"endfor"});
  }
  end_block("endfor");
}

void Parser::parse_set(Block& block) {
  block.targets.push_back(parse_target(true));
  if (skip_symbol("=")) {
    block.kind = BlockKind::assignment;
    block.expression = parse_tuple(Conditional::allowed);
    end_statement();
    return;
  }
  block.kind = BlockKind::block_assignment;
  NodePtr input = make(NodeKind::name);
  input->symbol = symbol_body;
  while (skip_symbol("|")) {
    input = parse_filter(std::move(input));
  }
  block.filter = std::move(input);
  end_statement();
  block.body = parse_body({"endset"});
  end_block("endset");
}

void Parser::parse_with(Block& block) {
  block.kind = BlockKind::scope;
  while (here().kind != TokenKind::block_end) {
    if (!block.targets.empty()) {
      expect_symbol(",");
    }
    block.targets.push_back(parse_target(false));
    expect_symbol("=");
    block.defaults.push_back(parse_expression());
  }
  end_statement();
  block.body = parse_body({"endwith"});
  end_block("endwith");
}

void Parser::parse_macro(Block& block) {
  block.kind = BlockKind::macro;
  block.text = take_name("the name of the macro");
  block.symbol = symbol_of(block.text);
  parse_parameters(block);
  end_statement();
  block.body = parse_body({"endmacro"});
  end_block("endmacro");
}

void Parser::parse_call_block(Block& block) {
  block.kind = BlockKind::call;
  if (is_symbol("(")) {
    parse_parameters(block);
  }
  block.expression = parse_expression();
  if (block.expression->kind != NodeKind::call) {
    fail_here("a call");
  }
  end_statement();
  block.body = parse_body({"endcall"});
  end_block("endcall");
}

void Parser::parse_filter_block(Block& block) {
  block.kind = BlockKind::filter;
  NodePtr input = make(NodeKind::name);
  input->symbol = symbol_body;
  do {
    input = parse_filter(std::move(input));
  } while (skip_symbol("|"));
  block.expression = std::move(input);
  end_statement();
  block.body = parse_body({"endfilter"});
  end_block("endfilter");
}

void Parser::parse_parameters(Block& block) {
  expect_symbol("(");
  while (!is_symbol(")")) {
    block.targets.push_back(parse_target_part(false));
    if (skip_symbol("=")) {
      block.defaults.push_back(parse_expression());
    } else if (!block.defaults.empty()) {
      fail_here("a default: a parameter before has one");
    }
    if (!is_symbol(")")) {
      expect_symbol(",");
    }
  }
  expect_symbol(")");
}

NodePtr Parser::parse_target(bool allows_attribute) {
  NodePtr first = parse_target_part(allows_attribute);
  if (!is_symbol(",")) {
    return first;
  }
  NodePtr tuple = make(NodeKind::tuple);
  tuple->children.push_back(std::move(first));
  while (skip_symbol(",")) {
    if (is_name("in") || is_symbol("=") || here().kind == TokenKind::block_end) {
      break;
    }
    tuple->children.push_back(parse_target_part(false));
  }
  return finish(std::move(tuple));
}

NodePtr Parser::parse_target_part(bool allows_attribute) {
  const Level level(*this);
  if (skip_symbol("(")) {
    NodePtr inner = parse_target(false);
    expect_symbol(")");
    return inner;
  }
  NodePtr node = make(NodeKind::name);
  node->text = take_name("a name to assign to");
  static constexpr std::string_view reserved[] = {"true", "false", "none", "True", "False", "None"};
  if (std::find(std::begin(reserved), std::end(reserved), node->text) != std::end(reserved)) {
    fail_syntax("cannot assign to '" + node->text + "'", node->offset);
  }
  node->symbol = symbol_of(node->text);
  if (allows_attribute && skip_symbol(".")) {
    NodePtr attribute = make(NodeKind::attribute);
    attribute->text = take_name("the name of an attribute");
    attribute->children.push_back(std::move(node));
    return finish(std::move(attribute));
  }
  return node;
}

void Parser::end_statement() {
  if (here().kind != TokenKind::block_end) {
    fail_here("'%}'");
  }
  ++at_;
}

void Parser::end_block(std::string_view name) {
  expect_name(name);
  end_statement();
}

bool Parser::is_symbol(std::string_view text) const { return here().kind == TokenKind::symbol && here().text == text; }
bool Parser::is_name(std::string_view text) const { return here().kind == TokenKind::name && here().text == text; }

bool Parser::is_tuple_end(std::string_view stop_name) const {
  const TokenKind kind = here().kind;
  return kind == TokenKind::output_end || kind == TokenKind::block_end || is_symbol(")") || is_symbol("]") ||
         (!stop_name.empty() && is_name(stop_name));
}

bool Parser::skip_symbol(std::string_view text) {
  const bool is_here = is_symbol(text);
  at_ += is_here ? 1U : 0U;
  return is_here;
}

bool Parser::skip_name(std::string_view text) {
  const bool is_here = is_name(text);
  at_ += is_here ? 1U : 0U;
  return is_here;
}

void Parser::expect_symbol(std::string_view text) {
  if (!skip_symbol(text)) {
    fail_here("'" + std::string(text) + "'");
  }
}

void Parser::expect_name(std::string_view text) {
  if (!skip_name(text)) {
    fail_here("'" + std::string(text) + "'");
  }
}

std::string Parser::take_name(std::string_view what) {
  if (here().kind != TokenKind::name) {
    fail_here(std::string(what));
  }
  return tokens_[at_++].text;
}

void Parser::fail_here(const std::string& expected) const {
  std::string found;
  switch (here().kind) {
    case TokenKind::end: found = "the end of the template"; break;
    case TokenKind::block_end: found = "'%}'"; break;
    case TokenKind::output_end: found = "'}}'"; break;
    case TokenKind::integer:
    case TokenKind::floating: found = "a number"; break;
    case TokenKind::string: found = "a string"; break;
    default: found = "'" + here().text + "'";
  }
  fail_syntax("expected " + expected + ", found " + found, here().offset);
}

int Parser::symbol_of(const std::string& name) {
  return symbols_.try_emplace(name, static_cast<int>(symbols_.size())).first->second;
}

// A vector of blocks may be half empty.
void Parser::add(Body& body, Block block) {
  count(2 * sizeof(Block) + block.text.size());
  body.push_back(std::move(block));
}

void Parser::count(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > bytes_max_) {
    fail_bound("the parsed template takes more than " + std::to_string(bytes_max_) + " bytes");
  }
}

NodePtr Parser::make(NodeKind kind) {
  count(sizeof(Node) + 4 * sizeof(NodePtr));
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->offset = here().offset;
  return node;
}

NodePtr Parser::finish(NodePtr node) const {
  int tallest = 0;
  for (const NodePtr& child : node->children) {
    tallest = std::max(tallest, child ? child->height : 0);
  }
  for (const Argument& argument : node->arguments) {
    tallest = std::max(tallest, argument.value->height);
  }
  node->height = tallest + 1;
  if (node->height > depth_max_ * height_factor) {
    throw Failure{.kind = FailureKind::bound, .message = "an expression has too many parts", .offset = node->offset};
  }
  return node;
}

}  // namespace noetl::templating
