// Options of a tool and a condition, rendered as a step does; and the reading of a template that nobody had read before.
#include <stdexcept>

#include "bench/paths/pure_paths.hpp"
#include "shared/templating/template.hpp"

namespace noetl::bench {
namespace {

using templating::Json;

const Json& options() {
  static const Json value = Json::parse(R"({
    "method": "POST",
    "url": "https://{{ workload.host }}/api/{{ ctx.version }}/items/{{ start.data.items[0].id }}",
    "headers": {"X-Name": "{{ start.data.items[1].name | upper | replace('T', 't') }}"},
    "json": {"rows": "{{ start.data.items }}",
             "text": "{% for item in start.data.items if item.id > 1 %}{{ item.name }}={{ item.id * 2 }};{% endfor %}",
             "kind": "{{ 'many' if start.data.count > 1 else 'one' }}"}})");
  return value;
}

const Json& names() {
  static const Json value = Json::parse(R"({
    "workload": {"host": "example.com"}, "ctx": {"version": "v2"},
    "start": {"data": {"count": 3, "items": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}, {"id": 3, "name": "three"}]}}})");
  return value;
}

void render_once() {
  templating::Scope scope;
  scope.add_layer(names());
  const auto rendered = must(templating::render_value(options(), scope), "options");
  if (rendered.at("json").at("text") != "two=4;three=6;") throw std::runtime_error("rendered " + rendered.dump());
  const auto condition =
      must(templating::render_condition("{{ start.data.count > 2 and ctx.version == 'v2' }}", scope), "condition");
  if (!templating::is_truthy(condition)) throw std::runtime_error("the condition is " + condition.dump());
}

}  // namespace

std::vector<Path> template_paths() {
  constexpr std::size_t renderings = 100;
  return {{.name = "templates, a tool's options and a condition",
           .unit = "rendering",
           .units = renderings,
           .run =
               [] {
                 for (std::size_t i = 0; i < renderings; ++i) render_once();
               }},
          {.name = "templates, a text read", .unit = "text", .units = renderings, .run = [] {
             const auto text = options().at("json").at("text").get<std::string>();
             for (std::size_t i = 0; i < renderings; ++i) (void)must(templating::parse(text), "template");
           }}};
}

}  // namespace noetl::bench
