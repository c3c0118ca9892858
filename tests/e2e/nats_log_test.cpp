// What goes over NATS has a line of the log at debug: subject, message id, execution, worker and latency as fields.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <functional>
#include <sstream>

#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

namespace e2e = noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string message = R"({"message_id":"msg_abc123","session_id":"sess_456","message":"What is the weather?"})";

// The first line of a program whose fields satisfy the condition.
json line_of(const Process& process, const std::string& what, const std::function<bool(const json&)>& is_wanted) {
  json found;
  wait_until("a line of " + what, 15s, [&] {
    std::istringstream lines(process.log());
    for (std::string line; std::getline(lines, line);) {
      auto parsed = json::parse(line, nullptr, false);
      if (!parsed.is_object() || parsed.value("component", "") != "nats" || !is_wanted(parsed)) continue;
      found = std::move(parsed);
      return true;
    }
    return false;
  });
  return found;
}

bool is_request(const json& line, const std::string& name) {
  return line.at("message") == "request answered" && line.at("request") == name;
}

double latency(const json& line) { return std::stod(line.at("latency_ms").get<std::string>()); }

}  // namespace

TEST_CASE("an execution request, a claim, a report, a notification and an event out have lines with their fields") {
  Stack stack(StackSettings{.workers = 1,
                            .env = {{"NOETL_LOG_LEVEL", "debug"},
                                    {"NOETL_LOG_FORMAT", "json"},
                                    {"NOETL_WORKER_ID", "told.1"},
                                    {"NOETL_WORKER_TRANSPORT", "nats"},
                                    {"NOETL_DIRECT_DISPATCH", "off"},
                                    {"NOETL_PUBLISH_EVENTS", "on"},
                                    {"NOETL_SESSION_PLAYBOOK", "chat/answer"}}});
  stack.register_playbook(e2e::playbook_of_sessions());
  wait_until("events are published", 15s,
             [&] { return stack.server().log().find("this server publishes events") != std::string::npos; });
  std::string id;
  wait_until("an answer", 10s, [&] {
    try {
      id = stack.nats().request("noetl.workflow.execute.sess_456", message).at("execution_id").get<std::string>();
      return true;
    } catch (const std::exception&) {
      return false;
    }
  });
  (void)stack.wait_for_execution(id);

  const auto asked =
      line_of(stack.server(), "the request", [](const json& line) { return is_request(line, "execute"); });
  CHECK(asked.at("level") == "debug");
  CHECK(asked.at("subject") == "noetl.workflow.execute.sess_456");
  CHECK(asked.at("message_id") == "msg_abc123");
  CHECK(asked.at("execution") == id);
  CHECK(latency(asked) > 0);

  for (const std::string name : {"claim", "report"}) {
    CAPTURE(name);
    const auto line = line_of(stack.server(), name,
                              [&](const json& one) { return is_request(one, name) && one.at("execution") == id; });
    CHECK(line.at("subject") == "noetl.cluster." + name + ".told.1");
    CHECK(line.at("worker") == "told.1");
    CHECK(line.at("message_id").get<std::string>().starts_with("_INBOX"));
    CHECK(line.at("status") == "200");
    CHECK(latency(line) > 0);
  }

  const auto told = line_of(stack.worker(), "the notification", [&](const json& line) {
    return line.at("message") == "notification received" && line.at("execution") == id;
  });
  CHECK(told.at("subject") == "noetl.commands");
  CHECK(told.at("worker") == "told.1");
  CHECK(told.at("message_id").get<std::string>().find(":") != std::string::npos);
  CHECK(latency(told) >= 0);
  const auto sent = line_of(stack.server(), "the notification", [&](const json& line) {
    return line.at("message") == "notification published" && line.at("message_id") == told.at("message_id");
  });
  CHECK(sent.at("execution") == id);

  const auto event = line_of(stack.server(), "an event", [&](const json& line) {
    return line.at("message") == "event published" && line.at("execution") == id;
  });
  CHECK(event.at("subject").get<std::string>().starts_with("noetl.events.chat/answer."));
  CHECK(std::stoll(event.at("message_id").get<std::string>()) > 0);
  CHECK(latency(event) >= 0);
}

TEST_CASE("a request through the stream has a line as well, and one that is refused at info, at most one a second") {
  Stack stack(StackSettings{.workers = 0, .env = {{"NOETL_LOG_FORMAT", "json"}, {"NOETL_LOG_LEVEL", "info"}}});
  stack.register_playbook(e2e::playbook_of_sessions());
  wait_until("the stream takes it", 15s, [&] {
    try {
      return stack.nats().request("noetl.workflow.submit.s", R"({"message_id":"m-1"})").contains("seq");
    } catch (const std::exception&) {
      return false;
    }
  });
  const auto refused =
      line_of(stack.server(), "the refusal", [](const json& line) { return is_request(line, "submit"); });
  CHECK(refused.at("level") == "info");
  CHECK(refused.at("status") == "400");
  CHECK(refused.at("subject") == "noetl.workflow.submit.s");

  for (int i = 0; i < 200; ++i) CHECK(stack.nats().request("noetl.workflow.execute.s", "{}").contains("code"));
  std::istringstream lines(stack.server().log());
  int told = 0;
  for (std::string line; std::getline(lines, line);) told += line.find("request answered") != std::string::npos ? 1 : 0;
  CHECK(told >= 1);
  CHECK(told <= 20);  // 200 of them take a few seconds at most
}
