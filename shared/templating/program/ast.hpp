#pragma once
// The parsed form of a template: blocks that write text, and expressions. Built once by the Parser,
// immutable afterwards; any thread may read it.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

struct Filter;
struct Check;
struct Node;
using NodePtr = std::unique_ptr<Node>;

enum class NodeKind : std::uint8_t {
  literal,
  name,
  attribute,
  item,
  slice,
  call,
  filter,
  check,
  logical_not,
  negative,
  positive,
  binary,
  concatenation,
  comparison,
  logical_and,
  logical_or,
  conditional,
  list,
  tuple,
  dict,
};

struct Argument {
  enum class Spread : std::uint8_t { none, list, dict };
  std::string name;  // of a named argument
  NodePtr value;
  Spread spread = Spread::none;
};

struct Node {
  NodeKind kind = NodeKind::literal;
  Operator op = Operator::none;  // binary
  std::size_t offset = 0;  // in the source, for messages
  int height = 1;  // of the tree below: bounded, evaluation recurses over it
  int symbol = -1;  // name: number of the name in this template
  std::string text;  // name, attribute, filter, check
  Value literal;
  std::vector<Operator> operators;  // comparison: between children i and i+1
  // attribute, item, call: the object first. slice: object, start, stop, step (null when left out).
  // conditional: condition, then, else (may be null). dict: key, value, key, value, …
  std::vector<NodePtr> children;
  std::vector<Argument> arguments;  // call, filter, check
  const Filter* filter = nullptr;
  const Check* check = nullptr;
};

struct Block;
using Body = std::vector<Block>;

enum class BlockKind : std::uint8_t {
  text,
  output,
  condition,
  loop,
  assignment,
  block_assignment,
  scope,
  macro,
  call,
  filter
};

struct Branch {
  NodePtr condition;  // null: else
  Body body;
};

struct Block {
  BlockKind kind = BlockKind::text;
  std::size_t offset = 0;
  std::string text;  // text; macro: its name
  NodePtr
      expression;  // output; loop: what it goes over; assignment: the value; call: the call; filter: applied to the body
  NodePtr filter;  // loop: `if`; block_assignment: filters (their innermost input is the body)
  std::vector<NodePtr>
      targets;  // loop, assignment: name, tuple of targets, or attribute of a namespace. scope: names. macro, call: parameters
  std::vector<NodePtr> defaults;  // scope: values. macro, call: defaults of the last parameters
  std::vector<Branch> branches;  // condition
  Body body;
  Body otherwise;  // loop: else
  int symbol = -1;  // macro: its name
  bool uses_loop = false;  // loop: the body reads `loop`
  bool is_recursive = false;
};

// Numbers of the names that the language itself binds, the same in every template.
enum Symbol : int { symbol_loop, symbol_caller, symbol_varargs, symbol_kwargs, symbol_body, symbols_reserved };

struct Program {
  Body body;
  std::vector<std::string> roots;  // free names, sorted
  std::size_t bytes = 0;  // what the tree takes, about
};

}  // namespace noetl::templating
