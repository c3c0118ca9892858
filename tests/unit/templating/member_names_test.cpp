// Which members of a name templates read.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/templating/member_names.hpp"
#include "shared/templating/template.hpp"

using noetl::templating::collect_members;
using noetl::templating::MemberNames;

namespace {

MemberNames read(std::string_view source) {
  MemberNames found;
  collect_members(source, "keychain", found);
  return found;
}
using Fields = std::set<std::string>;

}  // namespace

TEST_CASE("members are found by dot, by index and by get") {
  for (const char* source :
       {"{{ keychain.a.token }}", "Bearer {{keychain['a']['token']}}", "{{ keychain.get('a').token | upper }}",
        "{% if keychain.a.token %}x{% endif %}", "{{ keychain . a . token }}", "{{ keychain[\"a\"].get('token', '') }}",
        "{{ ('x' ~ keychain.a.token) }}"}) {
    CAPTURE(source);
    const auto found = read(source);
    CHECK(found.members == std::map<std::string, Fields>{{"a", {"token"}}});
    CHECK_FALSE(found.is_open);
  }
}

TEST_CASE("several members, and one that is read as a whole") {
  const auto found = read("{{ keychain.a.x }} {{ keychain.a.y + keychain.b.z }} {{ keychain.c | tojson }}");

  CHECK(found.members == std::map<std::string, Fields>{{"a", {"x", "y"}}, {"b", {"z"}}, {"c", {}}});
}

TEST_CASE("what is no name of its own is not read") {
  for (const char* source : {"keychain.a.token", "{{ x.keychain.a }}", "{{ 'keychain.a.token' }}",
                             "{{ mykeychain.a.b }}", "{{ keychains.a }}", "{{ \"it's keychain.a\" }}"}) {
    CAPTURE(source);
    const auto found = read(source);
    CHECK(found.members.empty());
    CHECK_FALSE(found.is_open);
  }
}

TEST_CASE("reading the whole, or by an index that only rendering knows, is open") {
  for (const char* source : {"{{ keychain }}", "{{ keychain | length }}", "{{ keychain[name].token }}",
                             "{{ keychain['a' ~ b] }}", "{{ keychain.get(name) }}"}) {
    CAPTURE(source);
    CHECK(read(source).is_open);
  }
}

TEST_CASE("texts inside a value are all looked at") {
  MemberNames found;
  collect_members(nlohmann::json{{"x", {"{{ keychain.a.t }}", 3}}, {"y", "{{ keychain.b.t }}"}}, "keychain", found);

  CHECK(found.members.size() == 2);
}

TEST_CASE("the expressions of a text are found as they are written, and none beside blocks or in what does not parse") {
  using noetl::templating::expressions_of;
  using Texts = std::vector<std::string>;
  CHECK(expressions_of("Hello {{ workload.nmae }}!") == Texts{"{{ workload.nmae }}"});
  CHECK(expressions_of("{{a}}{{- b['}}'] -}} {# {{ c }} #}{{ d }}") == Texts{"{{a}}", "{{- b['}}'] -}}", "{{ d }}"});
  CHECK(expressions_of("{% raw %}{{ x }}{% endraw %} {{ y }}") == Texts{"{{ y }}"});
  CHECK(expressions_of("{% if a %}{{ b }}{% endif %}").empty());
  CHECK(expressions_of("no template {x}").empty());
  CHECK(expressions_of("{{ a").empty());
}
