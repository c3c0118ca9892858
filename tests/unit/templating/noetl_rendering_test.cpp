// NoETL's two renderers, truth, the cache, and roots of values.
#include "tests/unit/templating/rendering_fixture.hpp"

namespace noetl::templating {
namespace {

Json condition(std::string_view source, const Json& names = Json::object()) {
  Scope scope;
  scope.add_layer(names);
  const auto value = render_condition(source, scope);
  return value ? *value : Json("ERROR: " + value.error().message);
}

Json value_of(const Json& value, const Json& names = Json::object()) {
  Scope scope;
  scope.add_layer(names);
  const auto made = render_value(value, scope);
  return made ? *made : Json("ERROR: " + made.error().message);
}

}  // namespace

TEST_CASE("Conditions are native for a bare reference and text otherwise") {
  const Json names = {{"r", {{"ok", true}, {"n", 5}, {"list", {1}}}}};

  CHECK(condition("{{ r.list }}", names) == Json({1}));
  CHECK(condition("{{ r.n }}", names) == 5);
  CHECK(condition("{{ r.n + 1 }}", names) == "6");
  CHECK(condition("{{ r.n > 4 }}", names) == true);
  CHECK(condition("{{ 'FALSE' }}", names) == false);
  CHECK(condition("true") == true);
  CHECK(condition("x{{ r.n }}", names) == "x5");
  CHECK(condition("{{ missing }}").is_null());
  CHECK(condition("{{ missing.x == 1 }}") == false);
  CHECK(condition("  {{ r.n > 4 }}\n", names) == true);
}

TEST_CASE("Values are native for a bare reference and coerced otherwise") {
  const Json names = {{"n", 5}, {"s", "12"}, {"d", {{"a", {1, true, nullptr}}}}, {"name", "O'Neil"}};

  CHECK(value_of("{{ s }}", names) == "12");
  CHECK(value_of("{{ s | trim }}", names) == 12);
  CHECK(value_of("{{ n }}{{ n }}", names) == 55);
  CHECK(value_of("{{ d }}", names) == names["d"]);
  CHECK(value_of("{{ d | tojson }}", names) == names["d"]);
  CHECK(value_of(" {{ d }} ", names) == names["d"]);
  CHECK(value_of("{{ d }} ", names) == names["d"]);
  CHECK(value_of("{{ d.a }}, {{ n }}", names) == "[1, True, None], 5");
  CHECK(value_of("{{ 'NULL' | lower }}").is_null());
  CHECK(value_of("{{ 1.50 | string }}") == "1.5");
  CHECK(value_of("{{ 'True' ~ '' }}") == "True");
  CHECK(value_of("{{ '' ~ '' }}") == "");
  CHECK(value_of("hi {{ name }}", names) == "hi O'Neil");
  CHECK(value_of("12") == "12");
}

TEST_CASE("Values are rendered at every depth and keep their shape") {
  const Json names = {{"n", 5}};

  CHECK(value_of({{"a", {"{{ n }}", 1, nullptr, {{"b", "x{{ n }}"}}}}}, names) ==
        Json({{"a", {5, 1, nullptr, {{"b", "x5"}}}}}));
}

TEST_CASE("A text that fails is an error, and never passed on with its braces") {
  CHECK(value_of("{{ missing + 1 }}").get<std::string>().starts_with("ERROR: template: 'missing' is undefined"));
  CHECK(value_of("at {{ soon() }}").get<std::string>().starts_with("ERROR: template: 'soon' is undefined"));
  CHECK(value_of("{{ 'x'.nothing() }}").get<std::string>().starts_with("ERROR: "));
  CHECK(value_of("{{ missing }}").is_null());
  CHECK(value_of("x{{ missing.y }}") == "x");
  CHECK(value_of("{{ 1 // 0 }}").get<std::string>().starts_with("ERROR: "));
}

TEST_CASE("What is undefined counts as 0 for int and float") {
  CHECK(value_of("{{ (ctx.rounds | int) + 1 }}") == 1);
  CHECK(value_of("{{ missing | float }}") == 0.0);
  CHECK(value_of("{{ missing.deep | int(7) }}") == 7);
  CHECK(value_of("limit {{ missing | int }}") == "limit 0");
  CHECK(condition("{{ (missing | int) < 5 }}") == true);
}

TEST_CASE("A list may be read as the SQL step whose rows it is") {
  const Json names = {{"found", {{{"n", 1}}, {{"n", 2}}}}};

  CHECK(value_of("{{ found.rows[1].n }}", names) == 2);
  CHECK(value_of("{{ found.row_count }}", names) == 2);
}

TEST_CASE("A name with members beside its value is read both ways") {
  const Json rows = {{{"n", 3}}, {{"n", 4}}};
  const Json all = {{"rows", rows}, {"columns", {"n"}}, {"row_count", 2}, {"command_0", {{"row_count", 2}}}};
  Scope scope;
  scope.add("q", rows, &all);
  const auto made = [&](const char* text) { return render_value(text, scope).value(); };

  CHECK(made("{{ q }}") == rows);
  CHECK(made("{{ q | length }}-{{ q[1].n }}-{{ q.row_count }}-{{ q['columns'][0] }}") == "2-4-2-n");
  CHECK(made("{% for r in q %}{{ r.n }};{% endfor %}{{ q.data.command_0.row_count }}") == "3;4;2");
  CHECK(made("{{ q | map(attribute='n') | sum }}") == 7);
  CHECK(made("{% for q in [{'rows': 9}] %}{{ q.rows }}{% endfor %}") == 9);
}

TEST_CASE("data and result of a dict without them are the dict itself") {
  const Json names = {{"step", {{"x", 1}}}, {"whole", {{"data", {{"x", 2}}}}}};

  CHECK(value_of("{{ step.data.x }}", names) == 1);
  CHECK(value_of("{{ step.result }}", names) == names["step"]);
  CHECK(value_of("{{ whole.data.x }}", names) == 2);
  CHECK(condition("{{ step.data.x == 1 }}", names) == true);
  CHECK(rendered("{{ step.data.x }}", names) == "");
}

TEST_CASE("Truth as NoETL sees it") {
  for (const Json& value :
       {Json(""), Json("false"), Json("False"), Json("0"), Json("no"), Json("None"), Json("null"), Json("off"), Json(0),
        Json(0.0), Json::array(), Json::object(), Json(nullptr), Json(false), Json("[]"), Json("{}"), Json(" no ")}) {
    CAPTURE(value);
    CHECK_FALSE(is_truthy(value));
  }
  for (const Json& value : {Json("true"), Json("yes"), Json("x"), Json("00"), Json(1), Json(-0.5), Json({0}),
                            Json({{"a", 0}}), Json(true)}) {
    CAPTURE(value);
    CHECK(is_truthy(value));
  }
}

TEST_CASE("Roots of a value are those of all its texts") {
  std::vector<std::string> roots = {"z"};
  collect_roots({{"a", {"{{ x.y }}", "plain", {{"b", "{{ y }}{{ x }}"}}}}, {"c", 5}, {"broken", "{{"}}, roots);

  CHECK(roots == std::vector<std::string>{"x", "y", "z"});
}

TEST_CASE("The cache gives the same template for the same text") {
  const auto first = parse_cached("{{ cached.once }}");
  const auto again = parse_cached("{{ cached.once }}");

  CHECK(first->get() == again->get());
  CHECK_FALSE(parse_cached("{{"));
}

TEST_CASE("Later layers of a scope hide earlier ones and names hide all") {
  const Json low = {{"a", 1}, {"b", 1}, {"c", 1}};
  const Json high = {{"b", 2}, {"c", 2}};
  const Json top = 3;
  Scope scope;
  scope.add("c", top);
  scope.add_layer(low);
  scope.add_layer(high);

  CHECK((*parse("{{ a }}{{ b }}{{ c }}"))->render(scope).value() == "123");
}

}  // namespace noetl::templating
