// Garbage and mutated templates: never a crash, never more than the bounds allow.
#include <chrono>
#include <random>

#include "tests/unit/templating/rendering_fixture.hpp"

namespace noetl::templating {
namespace {

constexpr std::string_view seeds[] = {
    "{{ a.b[0].c | default('x') | upper }} and {{ 1 + 2 * 3 // 4 }}",
    "{% for k, v in d.items() if v is defined %}{{ loop.index }}:{{ k }}={{ v | tojson }}{% else %}none{% "
    "endfor %}",
    "{% if a and not b or c in [1, 2.5, 'x'] %}yes{% elif n >= 3 %}mid{% else %}{{ s[1:3] }}{% endif %}",
    "{% macro f(x, y=2) %}{{ x ~ y }}{{ caller() if caller }}{% endmacro %}{% call f(1) %}in{% endcall %}{{ "
    "f(3, y=4) }}",
    "{% set ns = namespace(n=0) %}{% for i in range(5) recursive %}{% set ns.n = ns.n + i %}{% endfor %}{{ "
    "ns.n }}",
    "{{ '%s %05.2f' % ('a', 1.5) }}{{ '{:>8} {x!r}'.format(1, x='y') }}{{ l | map('int') | list | "
    "sort(reverse=true) }}",
    "{%- raw -%} {{ x }} {%- endraw -%}{# c #}{% filter upper %}a{% endfilter %}{% with q = 1 %}{{ q }}{% "
    "endwith %}",
    "{{ l | groupby('k') | list }}{{ l | selectattr('k', 'eq', 1) | list }}{{ d | dictsort }}{{ "
    "s.split(',')[-1] | trim }}",
    "{{ {'a': (1, 2), 'b': [none, true]} | tojson(indent=2) }}{{ s | truncate(5) | wordwrap(3) | indent }}"};
constexpr std::string_view pieces[] = {"{{",
                                       "}}",
                                       "{%",
                                       "%}",
                                       "{#",
                                       "#}",
                                       "-",
                                       "|",
                                       "(",
                                       ")",
                                       "[",
                                       "]",
                                       "{",
                                       "}",
                                       "'",
                                       "\"",
                                       "\\",
                                       ".",
                                       ",",
                                       ":",
                                       "~",
                                       "**",
                                       "//",
                                       " if ",
                                       " else ",
                                       " for ",
                                       " in ",
                                       " is ",
                                       " not ",
                                       "endfor",
                                       "endif",
                                       "set ",
                                       "x",
                                       "9223372036854775807",
                                       "1e308",
                                       "\xc3",
                                       "\xf0\x9f\x98\x80",
                                       "\n",
                                       "%",
                                       "=",
                                       "*",
                                       "loop",
                                       "ns.",
                                       "|list",
                                       "|length"};

std::string mutated(std::mt19937_64& random) {
  const auto pick = [&](std::size_t size) { return std::uniform_int_distribution<std::size_t>(0, size - 1)(random); };
  std::string text(seeds[pick(std::size(seeds))]);
  for (std::size_t rounds = 1 + pick(6); rounds > 0; --rounds) {
    const std::size_t at = pick(text.size() + 1);
    switch (pick(5)) {
      case 0: text.erase(at, 1 + pick(6)); break;
      case 1: text.insert(at, pieces[pick(std::size(pieces))]); break;
      case 2: text.insert(at, text.substr(pick(text.size() + 1), pick(30))); break;
      case 3:
        if (at < text.size()) {
          text[at] = static_cast<char>(pick(256));
        }
        break;
      default: text.insert(at, seeds[pick(std::size(seeds))]);
    }
  }
  return text;
}

std::string garbage(std::mt19937_64& random) {
  std::string text = "{{";
  for (auto count = random() % 40; count > 0; --count) {
    text += pieces[random() % std::size(pieces)];
  }
  return text + "}}";
}

}  // namespace

TEST_CASE("Mutated and random templates render or fail, in bounded time") {
  const auto seed = std::random_device{}();
  MESSAGE("seed ", seed);
  std::mt19937_64 random(seed);
  const Json names = {{"a", {{"b", {{{"c", 1}}}}}},
                      {"d", {{"x", 1}, {"y", nullptr}}},
                      {"l", {{{"k", 1}}, {{"k", 2}}}},
                      {"s", "a,b, c\xc3\xa9"},
                      {"n", 3},
                      {"x", {1, 2}}};
  const Limits limits{.output_bytes_max = 1 << 20, .steps_max = 200'000};
  Scope scope;
  scope.add_layer(names);
  std::size_t accepted = 0;
  double slowest_ms = 0;

  for (int i = 0; i < 40'000; ++i) {
    const std::string source = i % 4 == 0 ? garbage(random) : mutated(random);
    const auto begin = std::chrono::steady_clock::now();
    const auto parsed = parse(source, limits);
    if (parsed) {
      ++accepted;
      (void)(*parsed)->render(scope);
      (void)(*parsed)->evaluate(scope);
      (void)render_value(source, scope);
      (void)render_condition(source, scope);
    } else {
      CHECK(parsed.error().code == base::ErrorCode::invalid_input);
    }
    const double took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    slowest_ms = std::max(slowest_ms, took);
    REQUIRE_MESSAGE(took < 20'000, "too slow, seed ", seed, ": ", source);
  }

  MESSAGE("accepted ", accepted, ", slowest ", slowest_ms, " ms");
  CHECK(accepted > 1000);
}

}  // namespace noetl::templating
