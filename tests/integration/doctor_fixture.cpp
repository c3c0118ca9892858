#include "tests/integration/doctor_fixture.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "server/attempts/report_events.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"

namespace noetl::support {

using doctor::Check;
using doctor::Verdict;

namespace {
constexpr const char* caller = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: caller, path: tests/caller}
workload: {items: [1, 2, 3, 4, 5], limit: 2}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: each}]
  - step: each
    loop: {in: "{{ workload['items'] }}", iterator: item, mode: async}
    tool: {kind: noop, n: "{{ item }}"}
    next: [{step: nested}]
  - step: nested
    tool: {kind: playbook, path: tests/called, args: {greeting: "{{ greeting | default('none') }}"}}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
    args: {size: "{{ start.items | length }}", called: "{{ nested }}"}
)";

constexpr const char* called = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: called, path: tests/called}
workflow:
  - step: start
    tool: {kind: noop}
)";
}  // namespace

base::ExecutionId execute(TestServer& server, const std::string& path) {
  wire::ExecuteRequest request;
  request.path = path;
  return executions::start_execution(server.context, request).value().execution_id;
}

void register_both(TestServer& server) {
  (void)catalog::register_playbook(server.context, {called}).value();
  (void)catalog::register_playbook(server.context, {caller}).value();
}

std::vector<base::CommandId> queued(TestServer& server) {
  std::vector<base::CommandId> ids;
  for (const auto& row :
       sql(server.database_url, "select queue_id from noetl.queue where status = 'queued' order by queue_id")) {
    ids.push_back({std::stoll(row.at(0))});
  }
  return ids;
}

int work(TestServer& server, int rounds) {
  int done = 0;
  for (auto ids = queued(server); !ids.empty() && done < rounds; ids = queued(server)) {
    const auto command = server.claim("w", ids.front());
    (void)server.report(completed(command, R"({"items":[1,2,3],"n":)" + std::to_string(done) + "}"));
    ++done;
  }
  return done;
}

Check Doctor::rule(const std::string& name) {
  for (auto& check : doctor::check_rules(connections, true)) {
    if (check.name == name) return check;
  }
  throw std::runtime_error("no check is named " + name);
}

void check_found(const Check& check, const std::string& id) {
  INFO(check.name << ": " << check.summary);
  CHECK(check.verdict == Verdict::broken);
  REQUIRE(check.findings.size() == 1);
  CHECK(check.findings[0].id == id);
  CHECK_FALSE(check.cure.empty());
}

}  // namespace noetl::support
