#include "tests/unit/templating/expression_generator.hpp"

#include <string_view>

namespace noetl::templating {
namespace {

constexpr std::string_view names[] = {"n",
                                      "zero",
                                      "neg",
                                      "f",
                                      "t",
                                      "no",
                                      "nil",
                                      "s",
                                      "words",
                                      "empty",
                                      "uni",
                                      "list",
                                      "strs",
                                      "mixed",
                                      "rows",
                                      "d",
                                      "d.a",
                                      "d.b.c",
                                      "d['b']",
                                      "rows[0]",
                                      "rows[1].name",
                                      "rows[-1]['k']",
                                      "list[0]",
                                      "missing",
                                      "missing.x",
                                      "d.missing",
                                      "list[9]",
                                      "s[1]",
                                      "numtext",
                                      "floattext"};
constexpr std::string_view literals[] = {
    "0",       "1",       "2",    "-3",    "7",    "10",        "255",      "1.5",  "0.1",   "2.0",
    "-0.25",   "1e3",     "1e20", "'a'",   "''",   "'abc def'", "\"it's\"", "'12'", "' x '", "'\\n'",
    "'A-b_c'", "'%s-%s'", "true", "false", "none", "True",      "None",     "'é'",  "'1.5'"};
constexpr std::string_view operators[] = {
    "+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in"};
constexpr std::string_view filters[] = {"abs",
                                        "int",
                                        "int(5)",
                                        "float",
                                        "float(1.5)",
                                        "round",
                                        "round(1)",
                                        "round(2)",
                                        "round(1, 'floor')",
                                        "round(0, 'ceil')",
                                        "string",
                                        "upper",
                                        "lower",
                                        "title",
                                        "capitalize",
                                        "trim",
                                        "trim('a')",
                                        "length",
                                        "count",
                                        "default('z')",
                                        "d(1, true)",
                                        "first",
                                        "last",
                                        "list",
                                        "join",
                                        "join(',')",
                                        "join('-', attribute='k')",
                                        "sort",
                                        "sort(reverse=true)",
                                        "sort(attribute='k')",
                                        "unique|list",
                                        "reverse|list",
                                        "sum",
                                        "sum(attribute='k')",
                                        "sum(start=10)",
                                        "min",
                                        "max",
                                        "min(attribute='k')",
                                        "max(attribute='name')",
                                        "tojson",
                                        "tojson(indent=2)",
                                        "replace('a', 'bb')",
                                        "replace('b', '', 1)",
                                        "truncate(5)",
                                        "truncate(4, true, '')",
                                        "truncate(6, false, '..', 0)",
                                        "wordcount",
                                        "center(9)",
                                        "center(10)",
                                        "urlencode",
                                        "escape",
                                        "e|string",
                                        "safe",
                                        "batch(2)|list",
                                        "batch(3, 'x')|list",
                                        "slice(2)|list",
                                        "slice(3, 0)|list",
                                        "map('string')|list",
                                        "map('int')|list",
                                        "map(attribute='k')|list",
                                        "map(attribute='name', default='?')|list",
                                        "select|list",
                                        "select('odd')|list",
                                        "select('string')|list",
                                        "reject('none')|list",
                                        "selectattr('k', 'gt', 1)|list",
                                        "rejectattr('k', 'equalto', 2)|list",
                                        "selectattr('name')|map(attribute='name')|join(' ')",
                                        "groupby('k')|list",
                                        "dictsort",
                                        "dictsort(by='value')",
                                        "items|list",
                                        "indent(2)",
                                        "indent(3, true)",
                                        "format(1)",
                                        "format(1, 'x')",
                                        "filesizeformat",
                                        "filesizeformat(true)",
                                        "striptags"};
constexpr std::string_view methods[] = {
    "upper()",          "lower()",           "title()",          "capitalize()",
    "strip()",          "strip('a ')",       "lstrip()",         "rstrip('c')",
    "split()",          "split(',')",        "split('a', 1)",    "rsplit(' ', 1)",
    "splitlines()",     "replace('a', 'b')", "startswith('a')",  "endswith(('c', 'f'))",
    "find('b')",        "rfind('a')",        "count('a')",       "index('a')",
    "isdigit()",        "isalpha()",         "isalnum()",        "isupper()",
    "islower()",        "isspace()",         "zfill(6)",         "ljust(8, '.')",
    "rjust(8)",         "center(7)",         "join(['x', 'y'])", "format(1, 2)",
    "partition('b')",   "rpartition(' ')",   "swapcase()",       "get('a')",
    "get('zz', 5)",     "get('b').get('c')", "items()|list",     "keys()|list",
    "values()|list",    "count(1)",          "index(1)",         "removeprefix('a')",
    "removesuffix('c')"};
constexpr std::string_view checks[] = {
    "defined", "undefined", "none",        "string",  "number",   "integer",        "float",          "boolean",
    "mapping", "sequence",  "iterable",    "even",    "odd",      "divisibleby 3",  "divisibleby(2)", "eq 1",
    "ne('a')", "gt 1",      "lt(2)",       "ge 0",    "le(10)",   "in [1, 2, 'a']", "true",           "false",
    "lower",   "upper",     "sameas none", "escaped", "equalto 2"};

}  // namespace

std::string ExpressionGenerator::literal() { return one_of(literals); }

std::string ExpressionGenerator::collection(int depth) {
  const std::string a = expression(depth - 1);
  const std::string b = expression(depth - 1);
  switch (pick(5)) {
    case 0: return "[" + a + ", " + b + "]";
    case 1: return "(" + a + ", " + b + ")";
    case 2: return "{'k': " + a + ", 'j': " + b + "}";
    case 3: return "range(" + std::to_string(pick(6)) + ")|list";
    default: return "{1: " + a + ", 'x': [" + b + "]}";
  }
}

std::string ExpressionGenerator::filtered(int depth) {
  std::string text = "(" + expression(depth - 1) + ")|" + one_of(filters);
  return text;
}

std::string ExpressionGenerator::method(int depth) {
  const std::string object = pick(3) == 0 ? "(" + expression(depth - 1) + ")" : one_of(names);
  return object + "." + one_of(methods);
}

std::string ExpressionGenerator::check(int depth) {
  // In parentheses: Jinja takes the `if` or `in` after a test for the test's operand.
  return "((" + expression(depth - 1) + ") is " + (pick(4) == 0 ? "not " : "") + one_of(checks) + ")";
}

std::string ExpressionGenerator::expression(int depth) {
  if (depth <= 0) {
    return pick(2) == 0 ? one_of(names) : literal();
  }
  switch (pick(11)) {
    case 0:
    case 1: return expression(depth - 1) + " " + one_of(operators) + " " + expression(depth - 1);
    case 2: return collection(depth);
    case 3:
    case 4: return filtered(depth);
    case 5: return method(depth);
    case 6: return check(depth);
    case 7: return expression(depth - 1) + " if " + expression(depth - 1) + " else " + expression(depth - 1);
    case 8:
      // Of names alone: Jinja folds slices of constants, and then numbers have slices.
      return one_of(names) + "[" + std::to_string(pick(4)) + ":" + (pick(2) == 0 ? "" : "-1") +
             (pick(3) == 0 ? ":2" : "") + "]";
    case 9: return (pick(2) == 0 ? "not " : "-") + expression(depth - 1);
    default: return one_of(names);
  }
}

std::string ExpressionGenerator::document(int depth) {
  const std::string output = "{{ " + expression(depth) + " }}";
  switch (pick(6)) {
    case 0: return "{% if " + expression(depth) + " %} a" + output + "\n{% else %}b {%- endif %}\n";
    case 1:
      return "{% for x in " + expression(depth) +
             " %}{{ loop.index }}{{ x }}{{ loop.last }}{% else %}empty{% endfor %}";
    case 2: return "{% set x = " + expression(depth) + " %}{{ x }} {{- x is defined }}";
    case 3:
      return "{% for x in list if x is " + one_of(checks) + " %}{{ x }}{{ loop.revindex }}" + output + "{% endfor %}";
    case 4: return "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ kwargs }}{% endmacro %}{{ m(" + expression(depth) + ") }}";
    default: return "x " + output + "\n  {#- c -#}  " + output;
  }
}

}  // namespace noetl::templating
