// Blocks: conditions, loops, assignments, macros, whitespace.
#include "tests/unit/templating/rendering_fixture.hpp"

namespace noetl::templating {

TEST_CASE("Conditions take the first branch that holds") {
  const std::string_view source = "{% if n > 2 %}big{% elif n == 2 %}two{% else %}small{% endif %}";

  CHECK(rendered(source, {{"n", 3}}) == "big");
  CHECK(rendered(source, {{"n", 2}}) == "two");
  CHECK(rendered(source, {{"n", 1}}) == "small");
}

TEST_CASE("Loops know where they are") {
  const std::string_view source =
      "{% for x in xs %}{{ loop.index }}/{{ loop.length }}{{ x }}{{ ',' if not loop.last }}{% else %}none{% "
      "endfor %}";

  CHECK(rendered(source, {{"xs", {"a", "b"}}}) == "1/2a,2/2b");
  CHECK(rendered(source, {{"xs", Json::array()}}) == "none");
  CHECK(rendered(source) == "none");
}

TEST_CASE("Loops filter, unpack and recurse") {
  const Json tree = {{{"n", 1}, {"c", {{{"n", 2}, {"c", Json::array()}}}}}, {{"n", 3}, {"c", Json::array()}}};

  CHECK(rendered("{% for k, v in m.items() if v > 1 %}{{ k }}={{ v }};{% endfor %}",
                 {{"m", {{"a", 1}, {"b", 2}, {"c", 3}}}}) == "b=2;c=3;");
  CHECK(rendered("{% for e in t recursive %}{{ loop.depth }}:{{ e.n }}[{{ loop(e.c) }}]{% endfor %}", {{"t", tree}}) ==
        "1:1[2:2[]]1:3[]");
  CHECK(is_refused("{% for a, b in [1, 2] %}{% endfor %}"));
  CHECK(is_refused("{% for a in 5 %}{% endfor %}"));
}

TEST_CASE("What a loop assigns ends with the round, what a condition assigns stays") {
  CHECK(rendered("{% set x = 1 %}{% for i in [1, 2] %}{% set x = i %}{% endfor %}{{ x }}") == "1");
  CHECK(rendered("{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}") == "2");
  CHECK(rendered("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ "
                 "ns.n }}") == "3");
  CHECK(rendered("{% set x | upper %}ab{{ 1 }}{% endset %}{{ x }}") == "AB1");
  CHECK(rendered("{% set a, b = 1, 2 %}{{ a }}{{ b }}") == "12");
  CHECK(rendered("{% with a = 1 %}{{ a }}{% endwith %}{{ a }}") == "1");
  CHECK(rendered("{% filter upper %}a{{ 'b' }}{% endfilter %}") == "AB");
}

TEST_CASE("Macros take arguments, defaults and callers") {
  CHECK(rendered("{% macro f(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, b=3) }}") == "1-2 1-3");
  CHECK(rendered("{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}x{% endcall %}") == "<x>");
  CHECK(rendered("{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}") == "3210");
  CHECK(is_refused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"));
}

TEST_CASE("Objects of one rendering do not outlive their place") {
  CHECK(rendered("{% set ns = namespace() %}{% for i in [1, 2] %}{% set ns.l = loop %}{% endfor %}{{ "
                 "ns.l.index }}") == "2");
  CHECK(rendered("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns.me.me.me is defined }}") == "True");
}

TEST_CASE("Whitespace control follows Jinja's defaults") {
  CHECK(rendered("a\n{% if true %}\nb\n{% endif %}\nc\n") == "a\n\nb\n\nc\n");
  CHECK(rendered("a \n {%- if true -%} \n b {%- endif %} c") == "ab c");
  CHECK(rendered("a {{- 1 -}} b") == "a1b");
  CHECK(rendered("a {#- note -#} b {# x #}c") == "ab c");
  CHECK(rendered("{% raw %}{{ x }}{% if %}{% endraw %}!") == "{{ x }}{% if %}!");
  CHECK(rendered("a\r\n{{ 1 }}\r\n") == "a\n1\n");
}

}  // namespace noetl::templating
