// Every bound of Limits is an error, and nothing that a template does exceeds time or memory.
#include "tests/unit/templating/rendering_fixture.hpp"

namespace noetl::templating {
namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) {
    text += part;
  }
  return text;
}

}  // namespace

TEST_CASE("A source beyond its limit is refused") {
  CHECK_FALSE(parse("0123456789", Limits{.source_bytes_max = 9}));
  CHECK(parse("012345678", Limits{.source_bytes_max = 9}));
}

TEST_CASE("Nesting beyond its limit is refused, whatever nests") {
  for (const auto& [open, close] : {std::pair{"(", ")"},
                                    {"[", "]"},
                                    {"{1:", "}"},
                                    {"-", ""},
                                    {"not ", ""},
                                    {"f(", ")"},
                                    {"x[", "]"},
                                    {"1 if ", ""},
                                    {"a.", ""}}) {
    CAPTURE(open);
    CHECK(is_refused("{{ " + repeated(open, 50'000) + "1" + repeated(close, 50'000) + " }}"));
  }
  CHECK(is_refused(repeated("{% if a %}", 20'000) + repeated("{% endif %}", 20'000)));
  CHECK(is_refused(repeated("{% for a in b %}", 20'000) + repeated("{% endfor %}", 20'000)));
  CHECK(is_refused("{{ 1" + repeated("+1", 100'000) + " }}"));
  CHECK(is_refused("{{ 1" + repeated("|int", 100'000) + " }}"));
  CHECK(is_refused("{{ a" + repeated(".b", 100'000) + " }}"));
  CHECK(is_refused("{{ a" + repeated("()", 100'000) + " }}"));
  CHECK(is_refused("{{ 1" + repeated(" if 1", 100'000) + " }}"));
  CHECK(is_refused("{% for " + repeated("(", 100'000) + "a in b %}"));
}

TEST_CASE("Nesting that people write is not refused") {
  CHECK(rendered("{{ " + repeated("(", 60) + "1" + repeated(")", 60) + " }}") == "1");
  CHECK(rendered("{{ 1" + repeated(" + 1", 99) + " }}") == "100");
  CHECK(rendered("{{ 1" + repeated(" ~ 1", 2000) + " }}").size() == 2001);
  CHECK(rendered("{{ true" + repeated(" and true", 2000) + " }}") == "True");
}

TEST_CASE("Output beyond its limit is refused before it is made") {
  const Limits limits{.output_bytes_max = 1000};
  const auto too_long = [&](std::string_view source) { return !(*parse(source, limits))->render(Scope{}); };

  CHECK(too_long("{{ 'x' * 1001 }}"));
  CHECK(too_long("{% for i in range(1001) %}x{% endfor %}"));
  CHECK(too_long("{{ 'x' * 600 }}{{ 'x' * 600 }}"));
  CHECK_FALSE(too_long("{{ 'x' * 1000 }}"));
}

TEST_CASE("Steps beyond their limit are refused") {
  CHECK(is_refused("{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}"));
  CHECK(is_refused("{{ range(9223372036854775807) }}"));
  CHECK(is_refused("{{ [0] * 9223372036854775807 }}"));
  CHECK(is_refused("{{ 'ab' * 9223372036854775807 }}"));
  CHECK(is_refused("{{ 'x' | center(9223372036854775807) }}"));
  CHECK(is_refused("{{ 'x'.ljust(9223372036854775807) }}"));
  CHECK(is_refused("{{ '%9999999999d' % 1 }}"));
  CHECK(is_refused("{{ '{:9999999999d}'.format(1) }}"));
  CHECK(is_refused("{{ [1] | slice(9223372036854775807) }}"));
  CHECK(is_refused("{{ [1] | batch(9223372036854775807, 0) }}"));
  CHECK(is_refused("{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}"));
  CHECK(is_refused("{{ range(100000) | join('x' * 100000) }}"));
}

TEST_CASE("Values that grow by sharing are bounded too") {
  CHECK(
      is_refused("{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% "
                 "endfor %}{{ ns.x }}"));
  CHECK(
      is_refused("{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% "
                 "endfor %}{{ ns.x == ns.x }}"));
  CHECK(is_refused("{% set ns = namespace(x=[1]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}"));
  CHECK(is_refused("{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"));
}

TEST_CASE("Values beyond their bytes are refused, whichever filter makes them, and what is let go is free again") {
  const auto refusal = [](const std::string& source) { return rendered(source); };
  for (const char* source :
       {"{{ range(1000000000)|list|length }}", "{{ (range(300000)|list * 10)|length }}",
        "{{ ('a' * 1000000)|list|length }}", "{{ ('a,' * 1000000).split(',')|length }}",
        "{{ range(600000)|batch(1)|list|length }}", "{{ range(600000)|map('string')|list|length }}",
        "{{ ('{0}' * 100).format('x' * 2000000)|length }}", "{{ ('a' * 1000)|wordwrap(1, true, 'x' * 100000)|length }}",
        "{{ ('[' ~ '{},' * 1000000 ~ '1]')|from_json|length }}", "{{ ('<' * 4000000)|tojson|length }}",
        "{% set ns = namespace(s='x' * 1000000) %}{% for i in "
        "range(9) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% macro f(n) %}{{ 'x' * 1000000 }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(30) }}"}) {
    CAPTURE(source);
    CHECK(refusal(source).find("take more than 16777216 bytes at once") != std::string::npos);
  }
  CHECK(rendered("{% for i in range(300) %}{% set x = range(10000)|list %}{% endfor %}ok") == "ok");
  CHECK(rendered("{{ range(50000)|map('string')|list|length }}") == "50000");
  CHECK(rendered("{{ ('x' * 4000000)|length }}{{ ('x' * 4000000 ~ 'y')|length }}") == "40000004000001");
}

TEST_CASE("What the names stand for is not counted, what is copied of it is") {
  Json rows = Json::array();
  for (int i = 0; i < 200'000; ++i) rows.push_back({{"id", i}, {"name", "n" + std::to_string(i)}});
  const Json names = {{"rows", rows}};

  CHECK(rendered("{{ rows|length }} {% for row in rows %}{{ row.id if loop.last }}{% endfor %}", names) ==
        "200000 199999");
  CHECK(evaluated("rows|map(attribute='id')|sum", names) == 19'999'900'000);
  CHECK(evaluated("[rows, rows]", names).dump().find("at once") != std::string::npos);
}

TEST_CASE("A text that parses into too much is refused") {
  CHECK_FALSE(parse("{{ [" + repeated("1,", 500'000) + "] }}"));
  CHECK(parse("{{ [" + repeated("1,", 50'000) + "] }}"));
}

TEST_CASE("Many templates of one value are bounded together, and so is a text that reads as a large list") {
  Json many = Json::array();
  for (int i = 0; i < 100; ++i) many.push_back("{{ 'x' * 1000000 }}");

  CHECK(render_value(many, Scope{}, 200'000'000));
  CHECK_FALSE(render_value(many, Scope{}, 50'000'000));
  CHECK_FALSE(render_value(Json("[{% for i in range(400000) %}{},{% endfor %}1]"), Scope{}));
}

TEST_CASE("Deep JSON from outside ends in an error, not in a crash") {
  Json deep = 1;
  for (int i = 0; i < 5000; ++i) {
    Json outer = Json::array();
    outer.push_back(std::move(deep));
    deep = std::move(outer);
  }
  const Json names = {{"deep", deep}};

  CHECK(is_refused("{{ deep }}", names));
  CHECK(is_refused("{{ deep | tojson }}", names));
  CHECK(is_refused("{{ [deep] == [[deep]] }}", names));
  CHECK(is_refused("{{ '" + repeated("[", 5000) + repeated("]", 5000) + "' | from_json }}"));
}

TEST_CASE("Parsing takes linear time on texts made to be slow") {
  std::string source;
  for (int i = 0; i < 40'000; ++i) {
    source += "{%set a" + std::to_string(i) + "=1%}";
  }
  source += repeated("{%if a1%}{%endif%}", 15'000);

  REQUIRE(source.size() < Limits{}.source_bytes_max);
  CHECK(parse(source));
}

TEST_CASE("Searching takes linear time on texts made to be slow") {
  const Json names = {{"text", std::string(2'000'000, 'a')}, {"part", std::string(1'000'000, 'a') + "b"}};

  CHECK(rendered("{{ part in text }}{{ text.find(part) }}{{ text.count(part) }}", names) == "False-10");
}

}  // namespace noetl::templating
