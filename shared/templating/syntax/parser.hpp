#pragma once
// Parser: tokens to the tree of ast.hpp, with the grammar of Jinja2 3.1. Recursion is bounded by
// Limits::depth_max. One thread, one template.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shared/templating/program/ast.hpp"
#include "shared/templating/syntax/lexer.hpp"
#include "shared/templating/values/limits.hpp"

namespace noetl::templating {

class Parser {
 public:
  Parser(Tokens tokens, const Limits& limits);
  // Throws Failure (syntax, bound).
  [[nodiscard]] Program parse();

 private:
  // One level of nesting, for as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser);
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  // block_parser.cpp
  Body parse_body(std::initializer_list<std::string_view> ends);
  void parse_statement(Body& body);
  void parse_if(Block& block);
  void parse_for(Block& block);
  void parse_set(Block& block);
  void parse_with(Block& block);
  void parse_macro(Block& block);
  void parse_call_block(Block& block);
  void parse_filter_block(Block& block);
  void parse_parameters(Block& block);
  NodePtr parse_target(bool allows_attribute);
  NodePtr parse_target_part(bool allows_attribute);
  void end_statement();
  void end_block(std::string_view name);

  // expression_parser.cpp
  enum class Conditional { allowed, refused };
  NodePtr parse_tuple(Conditional conditional, std::string_view stop_name = {});
  NodePtr parse_expression(Conditional conditional = Conditional::allowed);
  NodePtr parse_conditional();
  NodePtr parse_or();
  NodePtr parse_and();
  NodePtr parse_not();
  NodePtr parse_comparison();
  NodePtr parse_sum();
  NodePtr parse_concatenation();
  NodePtr parse_product();
  NodePtr parse_power();
  NodePtr parse_unary(bool with_filter = true);
  NodePtr parse_primary();
  NodePtr parse_constant_or_name();
  NodePtr parse_list();
  NodePtr parse_dict();

  // postfix_parser.cpp
  NodePtr parse_postfix(NodePtr node);
  NodePtr parse_subscript(NodePtr node);
  NodePtr parse_slice_or_index(NodePtr node);
  NodePtr parse_filters_and_checks(NodePtr node);
  NodePtr parse_filter(NodePtr input);
  NodePtr parse_check(NodePtr input);
  void parse_arguments(Node& node);

  [[nodiscard]] const Token& here() const { return tokens_[at_]; }
  [[nodiscard]] bool is_symbol(std::string_view text) const;
  [[nodiscard]] bool is_name(std::string_view text) const;
  [[nodiscard]] bool is_tuple_end(std::string_view stop_name) const;
  bool skip_symbol(std::string_view text);
  bool skip_name(std::string_view text);
  void expect_symbol(std::string_view text);
  void expect_name(std::string_view text);
  std::string take_name(std::string_view what);
  [[noreturn]] void fail_here(const std::string& expected) const;
  int symbol_of(const std::string& name);
  NodePtr make(NodeKind kind);
  void add(Body& body, Block block);
  void count(std::size_t bytes);
  // Checks the height of what was put together.
  NodePtr finish(NodePtr node) const;

  Tokens tokens_;
  int depth_max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;  // of the tree so far
  std::size_t at_ = 0;
  int depth_ = 0;
  int loop_reads_ = 0;  // how often the name `loop` was read
  std::map<std::string, int, std::less<>> symbols_;
};

}  // namespace noetl::templating
