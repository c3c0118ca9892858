// Expressions: values, operators, filters, checks, methods.
#include "tests/unit/templating/rendering_fixture.hpp"

namespace noetl::templating {

TEST_CASE("A text without marks is plain and comes back as it is") {
  const auto parsed = parse("no marks, { only } braces\r\n");

  REQUIRE(parsed);
  CHECK((*parsed)->is_plain());
  CHECK_FALSE((*parsed)->is_single_expression());
  CHECK((*parsed)->render(Scope{}).value() == "no marks, { only } braces\r\n");
}

TEST_CASE("Single expressions and bare references are recognised") {
  CHECK((*parse("{{ a.b[0].c }}"))->is_bare_reference());
  CHECK((*parse("{{ a['x'] }}"))->is_bare_reference());
  CHECK_FALSE((*parse("{{ a | int }}"))->is_bare_reference());
  CHECK_FALSE((*parse("{{ a + 1 }}"))->is_bare_reference());
  CHECK_FALSE((*parse("{{ a[b] }}"))->is_bare_reference());
  CHECK((*parse("{{ a + 1 }}"))->is_single_expression());
  CHECK_FALSE((*parse(" {{ a }}"))->is_single_expression());
  CHECK_FALSE((*parse("{{ a }}{{ b }}"))->is_single_expression());
}

TEST_CASE("A single expression keeps its native type") {
  const Json names = {{"n", 3}, {"list", {1, 2}}, {"deep", {{"x", {{"y", nullptr}}}}}};

  CHECK(evaluated("n", names) == 3);
  CHECK(evaluated("n + 0.5", names) == 3.5);
  CHECK(evaluated("list", names) == Json({1, 2}));
  CHECK(evaluated("{'a': n, 'b': [n, (1, 2)]}", names) == Json({{"a", 3}, {"b", {3, {1, 2}}}}));
  CHECK(evaluated("deep.x.y", names).is_null());
  CHECK(evaluated("n > 2", names) == true);
}

TEST_CASE("Undefined is chainable, falsy and empty, and evaluate() says so") {
  bool is_undefined = false;
  const Json value = (*parse("{{ nothing.at.all[3] }}"))->evaluate(Scope{}, &is_undefined).value();

  CHECK(value.is_null());
  CHECK(is_undefined);
  CHECK(rendered("[{{ nothing.at.all }}]") == "[]");
  CHECK(rendered("{{ 'yes' if nothing.here else 'no' }}") == "no");
  CHECK(rendered("{{ nothing | default('x') }}") == "x");
  CHECK(is_refused("{{ nothing + 1 }}"));
  CHECK(is_refused("{{ nothing() }}"));
}

TEST_CASE("Keys of dicts win over methods") {
  const Json names = {{"workload", {{"items", {1, 2}}, {"get", "mine"}}}};

  CHECK(evaluated("workload.items", names) == Json({1, 2}));
  CHECK(evaluated("workload.get", names) == "mine");
  CHECK(evaluated("workload.get('get')", names) == "mine");
  CHECK(evaluated("workload.items() | length", names) == 2);
}

TEST_CASE("Values in text are written as Python writes them") {
  CHECK(rendered("{{ [true, none, 1, 1.0, 'a', \"it's\"] }}") == "[True, None, 1, 1.0, 'a', \"it's\"]");
  CHECK(rendered("{{ {'b': 1, 'a': (1,)} }}") == "{'b': 1, 'a': (1,)}");
  CHECK(rendered("{{ 1e16 }} {{ 1e15 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1e100 }}") ==
        "1e+16 1000000000000000.0 0.0001 1e-05 1e+100");
  CHECK(rendered("{{ '\\n\\t\\\\' ~ ['\\n'] }}") == "\n\t\\['\\n']");
}

TEST_CASE("tojson sorts keys and escapes what means something in HTML") {
  CHECK(rendered("{{ {'b': '<a> & \\'q\\'', 'a': 1} | tojson }}") ==
        R"({"a": 1, "b": "\u003ca\u003e \u0026 \u0027q\u0027"})");
  CHECK(rendered("{{ {'b': '<'} | to_json }}") == R"({"b": "<"})");
  CHECK(rendered("{{ 'é😀' | tojson }}") == R"("\u00e9\ud83d\ude00")");
}

TEST_CASE("Integers have 64 bits and never wrap") {
  CHECK(evaluated("9223372036854775807") == 9223372036854775807);
  CHECK(is_refused("{{ 9223372036854775807 + 1 }}"));
  CHECK(is_refused("{{ 2 ** 64 }}"));
  CHECK(is_refused("{{ -9223372036854775807 - 2 }}"));
  CHECK(is_refused("{{ (-9223372036854775807 - 1) // -1 }}"));
  CHECK(evaluated("(-9223372036854775807 - 1) % -1") == 0);
  CHECK(is_refused("{{ 99999999999999999999 }}"));
  CHECK(is_refused("{{ 1 // 0 }}"));
  CHECK(is_refused("{{ 1 / 0 }}"));
  CHECK(evaluated("big", {{"big", 18446744073709551615U}}) == 18446744073709551615U);
}

TEST_CASE("Filters of NoETL and Ansible") {
  CHECK(evaluated("'héllo' | b64encode") == "aMOpbGxv");
  CHECK(evaluated("'aMOpbGxv' | b64decode") == "héllo");
  CHECK(evaluated("'{\"a\": [1]}' | from_json") == Json({{"a", {1}}}));
  CHECK(evaluated("('{\"a\": [1]}' | fromjson).a[0]") == 1);
  CHECK(is_refused("{{ '{' | from_json }}"));
  CHECK(evaluated("{'a': 1} | combine({'b': 2})") == Json({{"a", 1}, {"b", 2}}));
}

TEST_CASE("Functions that need the world are values that the scope brings along") {
  CHECK(is_refused("{{ now() }}"));
  CHECK(rendered("{{ now() }}", {{"now", "2025-01-01"}}) == "2025-01-01");
}

TEST_CASE("Methods with side effects do not exist") {
  CHECK(is_refused("{{ [1].append(2) }}"));
  CHECK(is_refused("{{ {'a': 1}.update({'b': 2}) }}"));
  CHECK(is_refused("{{ {'a': 1}.pop('a') }}"));
}

TEST_CASE("Errors say where") {
  const auto parsed = parse("line one\n  {{ 1 + }}");

  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == base::ErrorCode::invalid_input);
  REQUIRE(parsed.error().details.size() == 1);
  CHECK(parsed.error().details[0].line == 2);
  CHECK(parsed.error().details[0].column == 10);
  CHECK(parsed.error().message.find("expected an expression") != std::string::npos);
}

TEST_CASE("Unknown filters, tests and statements are refused when parsing") {
  CHECK_FALSE(parse("{{ a | nosuchfilter }}"));
  CHECK_FALSE(parse("{{ a is nosuchtest }}"));
  CHECK_FALSE(parse("{% include 'x' %}"));
  CHECK_FALSE(parse("{% if a %}"));
  CHECK_FALSE(parse("{% endif %}"));
  CHECK_FALSE(parse("{{ a"));
  CHECK_FALSE(parse("{# a"));
  CHECK_FALSE(parse("{% raw %} a"));
  CHECK_FALSE(parse("\xff{{ a }}"));
}

TEST_CASE("Roots are the names that come from outside") {
  const auto roots = [](std::string_view source) { return (*parse(source))->roots(); };
  using Names = std::vector<std::string>;

  CHECK(roots("{{ a.b + c[d] | default(e) }} {{ range(3) }}") == Names{"a", "c", "d", "e"});
  CHECK(roots("{% set x = y %}{{ x }}") == Names{"y"});
  CHECK(roots("{% if a %}{% set x = 1 %}{% endif %}{{ x }}") == Names{"a", "x"});
  CHECK(roots("{% for k, v in m.items() if v %}{{ k }}{{ loop.index }}{{ w }}{% else %}{{ k }}{% endfor %}") ==
        Names{"k", "m", "w"});
  CHECK(roots("{% macro f(p, q=z) %}{{ p }}{{ g }}{% endmacro %}{{ f(1) }}") == Names{"g", "z"});
  CHECK(roots("plain").empty());
}

}  // namespace noetl::templating
