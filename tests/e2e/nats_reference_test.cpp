// docs/reference/nats.md is what tests/e2e/nats_rows.json says; each of its examples is sent to a running stack, and each test that it
// names is there. NOETL_REWRITE_DOCS=1 writes the page anew.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "shared/base/text/base64.hpp"
#include "test_paths.hpp"
#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

namespace e2e = noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::filesystem::path source = NOETL_SOURCE_DIR;
const std::filesystem::path page = source / "docs/reference/nats.md";

Json rows() { return Json::parse(read_text(source / "tests/e2e/nats_rows.json")); }

std::string page_of(const Json& all) {
  std::string text =
      "# NATS\n\n<!-- Written by nats_reference_e2e from tests/e2e/nats_rows.json: change that, and run it with "
      "NOETL_REWRITE_DOCS=1. -->\n\nSubjects, settings and libraries of the product on NATS, by the document that asks "
      "for "
      "them.\n[The protocol](protocol.md#workers-over-nats) has what they mean, "
      "[monitor](../operations/monitor.md#nats) "
      "the streams.\n";
  std::string seed;
  std::string examples;
  for (const auto& row : all) {
    if (row.at("seed") != seed) {
      seed = row.at("seed");
      text +=
          "\n## " + seed +
          "\n\n| asked for | here | direction | pattern | over HTTP | test |\n| --- | --- | --- | --- | --- | --- |\n";
    }
    const std::string test = row.at("test");
    text += "| " + row.at("row").get<std::string>() + " | " + row.at("what").get<std::string>() + " | " +
            row.value("direction", "") + " | " + row.at("pattern").get<std::string>() + " | " + row.value("rest", "") +
            " | `" + test.substr(0, test.find(": ")) + "` |\n";
    if (!row.contains("subject")) continue;
    std::string keys;
    for (const auto& key : row.at("answer")) keys += (keys.empty() ? "" : ", ") + key.get<std::string>();
    examples += "nats request " + row.at("subject").get<std::string>() + " '" + row.at("example").dump() + "'\n→ " +
                keys + "\n";
  }
  return text + "\n## Examples\n\nEach is answered with these fields, among others.\n\n```\n" + examples + "```\n";
}

// An example says $EXECUTION_ID for the id of an execution that runs.
std::string with_id(std::string example, const std::string& execution_id) {
  constexpr std::string_view mark = "$EXECUTION_ID";
  if (const auto at = example.find(mark); at != std::string::npos) example.replace(at, mark.size(), execution_id);
  return example;
}

}  // namespace

TEST_CASE("the page is what the rows say") {
  const auto text = page_of(rows());
  if (std::getenv("NOETL_REWRITE_DOCS") != nullptr) write_text(page, text);
  CHECK_MESSAGE(read_text(page) == text, "run NOETL_REWRITE_DOCS=1 build/release/tests/nats_reference_e2e");
}

TEST_CASE("each row names a test that is there") {
  for (const auto& row : rows()) {
    const std::string test = row.at("test");
    CAPTURE(test);
    const auto colon = test.find(": ");
    REQUIRE(colon != std::string::npos);
    auto text = read_text(source / test.substr(0, colon));
    for (auto at = text.find("\"\n    \""); at != std::string::npos; at = text.find("\"\n    \"")) text.erase(at, 7);
    CHECK(text.find(test.substr(colon + 2)) != std::string::npos);
  }
}

TEST_CASE("each example is answered, with the fields that the row names") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker({{"NOETL_WORKER_ID", "documented"}, {"NOETL_DEPLOYMENTS", "1"}});
  stack.register_playbook(e2e::playbook_of_sessions());
  stack.register_playbook(e2e::playbook_that_sleeps());
  const auto running = stack.execute("e2e/sleeps", Json::object());
  wait_until("the worker runs it", 15s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 1; });
  for (const auto& row : rows()) {
    if (!row.contains("subject")) continue;
    const std::string subject = row.at("subject");
    CAPTURE(subject);
    Json answer;
    wait_until("an answer to " + subject, 10s, [&] {
      answer = stack.nats().request(subject, with_id(row.at("example").dump(), running));
      return !answer.contains("error");
    });
    CAPTURE(answer.dump());
    for (const auto& key : row.at("answer")) CHECK(answer.contains(key.get<std::string>()));
    CHECK_FALSE(answer.contains("code"));
  }
}

TEST_CASE("heartbeats of server and worker have connections, memory and CPU") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto made = stack.nats().request("$JS.API.STREAM.CREATE.PODS",
                                         R"({"name":"PODS","subjects":["noetl.pod.*.heartbeat"],"storage":"memory"})");
  REQUIRE_FALSE(made.contains("error"));
  wait_until("a heartbeat of each", 25s, [&] {
    return stack.nats()
               .request("$JS.API.STREAM.INFO.PODS", R"({"subjects_filter":">"})")
               .at("state")
               .value("num_subjects", 0) == 2;
  });
  const auto state = stack.nats().request("$JS.API.STREAM.INFO.PODS", R"({"subjects_filter":">"})").at("state");
  for (const auto& [subject, count] : state.at("subjects").items()) {
    CAPTURE(subject);
    const auto found = stack.nats().request("$JS.API.STREAM.MSG.GET.PODS", Json{{"last_by_subj", subject}}.dump());
    const auto message = found.at("message");
    CHECK(message.at("subject") == subject);
    const auto beat = Json::parse(noetl::base::base64_decoded(message.at("data").get<std::string>()).value());
    CHECK(subject == "noetl.pod." + beat.at("pod_id").get<std::string>() + ".heartbeat");
    CHECK(beat.at("active_connections").get<int>() >= 0);
    CHECK(beat.at("memory_usage_mb").get<double>() > 1);
    CHECK(beat.at("cpu_usage_percent").get<double>() >= 0);
    CHECK(beat.at("timestamp").get<std::string>().ends_with("Z"));
  }
}
