// A template of a stranger is bounded by what its values take, not by its steps alone.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using Json = nlohmann::json;

namespace {

// Of /proc/<pid>/status, in KiB.
long memory_kib(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  }
  return -1;
}

void forget_peak(pid_t pid) { std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5"; }

constexpr const char* attacks[] = {
    "{{ range(1000000000)|list|length }}",
    "{{ (range(400000)|list * 100)|length }}",
    "{{ ('x' * 4000000 * 4)|length }}",
    "{% set ns = namespace(s='x' * 1000000) %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor "
    "%}{{ ns.s|length }}",
    "{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% set ns.l = ns.l + ['x' * 2000000 ~ i] %}{% "
    "endfor %}{{ ns.l|length }}",
    "{{ ('a' * 4000000)|list|length }}",
    "{{ ('a,' * 2000000).split(',')|length }}",
    "{{ ('a' * 3000000).replace('a', 'bcdefgh')|length }}",
    "{{ range(1000000)|join('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')|length }}",
    "{{ range(2000000)|batch(2)|list|length }}",
    "{{ range(1000000)|groupby('x')|list|length }}",
    "{{ range(1000000)|map('string')|list|length }}",
    "{{ ('{0}' * 1000).format('x' * 2000000)|length }}",
    "{{ ('%s' * 20)|format('x' * 2000000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
    "19)|length }}",
    "{{ ('a' * 100000)|wordwrap(1, true, 'x' * 100000)|length }}",
    "{{ ('[' ~ '{},' * 2000000 ~ '1]')|from_json|length }}",
    "{% macro f(n) %}{{ 'x' * 1000000 }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(30)|length }}",
    "{% for a in range(1000) %}{% set x = range(100000)|list %}{{ x[0] }}{% endfor %}",
    "[{% for i in range(1500000) %}{},{% endfor %}1]",
};

}  // namespace

TEST_CASE("what templates of strangers make stays below 20 MiB of the server, however many come at once") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const auto path = stack.register_playbook(
      "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: security/t}\n"
      "workflow:\n  - step: start\n    tool: {kind: noop}\n");
  const auto execution = stack.execute(path, Json::object());
  const auto render = [&](const Json& source) {
    return stack.api().post("/api/context/render", {{"execution_id", execution}, {"template", source}});
  };
  // Threads and connections of eight callers at once are no matter of templates.
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) callers.emplace_back([&] { render("{{ 1 + 1 }}"); });
  for (auto& caller : callers) caller.join();
  REQUIRE(render("{{ 1 + 1 }}").status == 200);
  const pid_t server = stack.server().pid();
  const long idle = memory_kib(server, "VmRSS");

  for (const std::string attack : attacks) {
    CAPTURE(attack);
    forget_peak(server);
    std::vector<std::thread> strangers;
    std::vector<HttpAnswer> answers(8);
    for (auto& answer : answers) strangers.emplace_back([&] { answer = render(attack); });
    for (auto& stranger : strangers) stranger.join();

    CHECK(memory_kib(server, "VmHWM") - idle < 20 * 1024);
    for (const auto& answer : answers) {
      CHECK_MESSAGE((answer.status == 422 || answer.status == 503 || answer.status == 200), answer.body);
      CHECK(answer.body.size() < 4096);
    }
  }
  forget_peak(server);
  CHECK(render(Json(std::vector<std::string>(2000, "{{ 'x' * 1000000 }}"))).status == 422);
  CHECK(memory_kib(server, "VmHWM") - idle < 20 * 1024);
  CHECK(render("{{ range(1000000000)|list|length }}")
            .json()
            .at("detail")
            .get<std::string>()
            .find("values of the template take more than") != std::string::npos);
}
