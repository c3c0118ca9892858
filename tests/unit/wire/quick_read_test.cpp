// The quick readers and the careful ones: what a quick one reads, the careful one reads as the same.
#include "shared/wire/quick_read.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/codecs/report_json.hpp"

using namespace noetl;
using Json = nlohmann::json;

namespace {

const char* const results[] = {"null",
                               "{}",
                               "[]",
                               "7",
                               R"({"a":[1,{"b":null}],"c":"\u00e9\n"})",
                               R"("text")",
                               "-1.5e3",
                               R"({"deep":{"deep":{"deep":[true,false]}}})"};

wire::ReportRequest report_of(std::minstd_rand& random) {
  wire::ReportRequest request;
  request.worker_id = "host-1.a_b";
  for (unsigned i = 0; i <= random() % 4; ++i) {
    wire::AttemptReport attempt;
    attempt.lease = {.queue_id = base::CommandId{355'000'000'000'000'000 + i},
                     .epoch = 1 + static_cast<int>(random() % 9)};
    attempt.result = results[random() % std::size(results)];
    attempt.duration = std::chrono::microseconds(random() % 5'000'000);
    if (random() % 2 == 0) attempt.execution_id = base::ExecutionId{77};
    if (random() % 3 == 0) attempt.output = "said \"this\"\n\xC3\xA9";
    if (random() % 3 == 0) attempt.trace_id = "0af7651916cd43dd8448eb211c80319c";
    request.attempts.push_back(std::move(attempt));
  }
  return request;
}

wire::ClaimAnswer claim_of(std::minstd_rand& random) {
  wire::ClaimAnswer answer;
  for (unsigned i = 0; i < random() % 4; ++i) {
    domain::ClaimedCommand command;
    command.lease = {.queue_id = base::CommandId{355'000'000'000'000'000 + i}, .epoch = 3};
    if (random() % 2 == 0) command.execution_id = base::ExecutionId{77};
    command.step = "a \"step\"";
    if (random() % 2 == 0) command.node_id = "n:1";
    command.tool_kind = "http";
    command.attempt = 2;
    command.max_attempts = 3;
    command.timeout = std::chrono::milliseconds(random() % 100'000);
    command.context =
        R"({"tool":{"kind":"http"},"input":{"x":)" + std::string(results[random() % std::size(results)]) + "}}";
    if (random() % 2 == 0) command.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    answer.commands.push_back(std::move(command));
  }
  if (random() % 2 == 0) answer.waited = std::chrono::milliseconds(random() % 30'000);
  return answer;
}

wire::ReportAnswer verdicts_of(std::minstd_rand& random) {
  wire::ReportAnswer answer;
  answer.commands_generated = static_cast<int>(random() % 5);
  for (unsigned i = 0; i < random() % 4; ++i) {
    wire::ReportVerdict verdict;
    verdict.queue_id = base::CommandId{5};
    verdict.is_duplicate = random() % 2 == 0;
    if (random() % 3 == 0) verdict.retry_after = std::chrono::milliseconds(1500);
    answer.verdicts.push_back(std::move(verdict));
  }
  return answer;
}

// Where the two differ in the writing alone: 1.50 and 1.5, spaces.
bool is_same_json(const std::string& a, const std::string& b) {
  return Json::parse(a, nullptr, false) == Json::parse(b, nullptr, false);
}

void check_same(const wire::ReportRequest& quick, const wire::ReportRequest& careful) {
  CHECK(quick.worker_id == careful.worker_id);
  CHECK(careful.events.empty());
  CHECK(careful.notes.empty());
  REQUIRE(quick.attempts.size() == careful.attempts.size());
  for (std::size_t i = 0; i < quick.attempts.size(); ++i) {
    const auto& a = quick.attempts[i];
    const auto& b = careful.attempts[i];
    CHECK(a.lease == b.lease);
    CHECK(a.outcome == b.outcome);
    CHECK(is_same_json(a.result, b.result));
    CHECK_FALSE(b.error.has_value());
    CHECK(a.output == b.output);
    CHECK(a.duration == b.duration);
    CHECK(a.execution_id == b.execution_id);
    CHECK(a.trace_id == b.trace_id);
  }
}

void check_same(const wire::ClaimAnswer& quick, const wire::ClaimAnswer& careful) {
  CHECK(careful.refused.empty());
  CHECK(quick.waited == careful.waited);
  REQUIRE(quick.commands.size() == careful.commands.size());
  for (std::size_t i = 0; i < quick.commands.size(); ++i) {
    const auto& a = quick.commands[i];
    const auto& b = careful.commands[i];
    CHECK(a.lease == b.lease);
    CHECK(a.execution_id == b.execution_id);
    CHECK(a.step == b.step);
    CHECK(a.node_id == b.node_id);
    CHECK(a.tool_kind == b.tool_kind);
    CHECK(a.attempt == b.attempt);
    CHECK(a.max_attempts == b.max_attempts);
    CHECK(a.timeout == b.timeout);
    CHECK(is_same_json(a.context, b.context));
    CHECK(a.traceparent == b.traceparent);
  }
}

void check_same(const wire::ReportAnswer& quick, const wire::ReportAnswer& careful) {
  CHECK(quick.commands_generated == careful.commands_generated);
  REQUIRE(quick.verdicts.size() == careful.verdicts.size());
  for (std::size_t i = 0; i < quick.verdicts.size(); ++i) {
    CHECK(quick.verdicts[i].queue_id == careful.verdicts[i].queue_id);
    CHECK(quick.verdicts[i].is_duplicate == careful.verdicts[i].is_duplicate);
    CHECK(quick.verdicts[i].retry_after == careful.verdicts[i].retry_after);
    CHECK_FALSE(careful.verdicts[i].refused.has_value());
  }
}

std::string mutated(std::string text, std::minstd_rand& random) {
  static const char pieces[] = "{}[]\",:0123456789.-eE\\ntu \n";
  for (unsigned changes = 0; changes <= random() % 3; ++changes) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0: text[at] = pieces[random() % (sizeof pieces - 1)]; break;
      case 1: text.erase(at, 1 + random() % 12); break;
      case 2: text.insert(at, 1, pieces[random() % (sizeof pieces - 1)]); break;
      default: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
    }
    if (text.empty()) return "{";
  }
  return text;
}

template <class Made, class Quick, class Careful>
void compare(const Made& made, Quick quick, Careful careful) {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand random(seed);
  int taken = 0;
  for (int round = 0; round < 30'000; ++round) {
    const bool is_whole = round % 10 == 0;
    std::string text = wire::encode(made(random));
    if (!is_whole) text = mutated(std::move(text), random);
    CAPTURE(text);
    if (json::check_body(text)) continue;
    const auto read = quick(text);
    if (is_whole) REQUIRE(read.has_value());
    if (!read) continue;
    ++taken;
    const auto body = json::parse_body(text);
    REQUIRE(body.has_value());
    const auto expected = careful(*body);
    REQUIRE(expected.has_value());
    check_same(*read, *expected);
  }
  CHECK(taken > 3000);
}

}  // namespace

TEST_CASE("reports: whatever the quick reader takes is what the careful one reads") {
  compare(report_of, wire::quick_report_request, wire::decode_report_request);
}

TEST_CASE("claims: whatever the quick reader takes is what the careful one reads") {
  compare(claim_of, wire::quick_claim_answer, wire::decode_claim_answer);
}

TEST_CASE("verdicts: whatever the quick reader takes is what the careful one reads") {
  compare(verdicts_of, wire::quick_report_answer, wire::decode_report_answer);
}

TEST_CASE("what is not a batch of successes is left to the careful reader") {
  for (
      const char* text :
      {"", "{}", "[]", R"({"worker_id":"w","events":[]})",
       R"({"worker_id":"w w","events":[{"queue_id":"5","epoch":1,"name":"command.completed"}]})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.failed"}]})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":0,"name":"command.completed"}]})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.completed","name":"command.completed"}]})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.completed","payload":{"result":{"a":1,"a":2}}}]})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.completed","payload":{"error":{}}}]})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.completed"}],"more":1})",
       R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.completed"}]} x)",
       R"({"queue_id":"5","epoch":1,"name":"command.completed","worker_id":"w"})"}) {
    CAPTURE(text);
    CHECK_FALSE(wire::quick_report_request(text).has_value());
  }
}
