// What server and worker write and read for each command: the notification, a claim of 512 and its answer, their report,
// and a request that enqueues a thousand.
#include <stdexcept>

#include "bench/paths/pure_paths.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/codecs/command_json.hpp"
#include "shared/wire/codecs/report_json.hpp"
#include "shared/wire/notification.hpp"
#include "shared/wire/quick_read.hpp"

namespace noetl::bench {
namespace {

constexpr std::int64_t first_id = 355'000'000'000'000'000;
constexpr std::size_t claimed = 512;
constexpr std::size_t enqueued = 1000;

base::CommandId id(std::size_t number) { return {first_id + static_cast<std::int64_t>(number)}; }

nlohmann::json parsed(const std::string& body) { return must(json::parse_body(body, wire::report_bytes_max), "body"); }

// As the worker and the API read it: checked, and without a tree.
template <class Quick>
auto quickly(const std::string& body, Quick quick) {
  if (json::check_body(body, {.bytes_max = wire::report_bytes_max, .depth_max = wire::report_depth_max}))
    throw std::runtime_error("a body of our own is not acceptable");
  auto read = quick(body);
  if (!read) throw std::runtime_error("the quick reader gave up on a body of our own");
  return std::move(*read);
}

void expect(std::size_t found, std::size_t expected) {
  if (found != expected)
    throw std::runtime_error("read " + std::to_string(found) + " instead of " + std::to_string(expected));
}

void notify() {
  for (std::size_t i = 0; i < claimed; ++i) {
    const wire::Notification notification{
        .execution_id = {}, .queue_ids = {id(i)}, .step = "noop", .server_url = "http://127.0.0.1:8082"};
    expect(must(wire::decode_notification(wire::encode(notification)), "notification").queue_ids.size(), 1);
  }
}

void ask_for_claim() {
  wire::ClaimRequest request;
  request.worker_id = "bench-1";
  for (std::size_t i = 0; i < claimed; ++i) request.queue_ids.push_back(id(i));
  expect(must(wire::decode_claim_request(parsed(wire::encode(request))), "claim").queue_ids.size(), claimed);
}

void answer_claim() {
  wire::ClaimAnswer answer;
  for (std::size_t i = 0; i < claimed; ++i) {
    domain::ClaimedCommand command;
    command.lease = {id(i), 1};
    command.step = command.tool_kind = "noop";
    command.attempt = 1;
    command.max_attempts = 3;
    command.context = R"({"tool":{"kind":"noop"},"input":{}})";
    answer.commands.push_back(std::move(command));
  }
  expect(quickly(wire::encode(answer), wire::quick_claim_answer).commands.size(), claimed);
}

void report() {
  wire::ReportRequest request;
  request.worker_id = "bench-1";
  for (std::size_t i = 0; i < claimed; ++i) {
    wire::AttemptReport attempt;
    attempt.lease = {id(i), 1};
    attempt.result = R"({"status":"ok","rows":[{"id":1,"name":"one"}]})";
    attempt.duration = std::chrono::microseconds{1250};
    request.attempts.push_back(std::move(attempt));
  }
  expect(quickly(wire::encode(request), wire::quick_report_request).attempts.size(), claimed);
}

void answer_report() {
  wire::ReportAnswer answer;
  for (std::size_t i = 0; i < claimed; ++i) {
    wire::ReportVerdict verdict;
    verdict.queue_id = id(i);
    answer.verdicts.push_back(std::move(verdict));
  }
  expect(quickly(wire::encode(answer), wire::quick_report_answer).verdicts.size(), claimed);
}

void enqueue() {
  static const std::string body =
      nlohmann::json{{"commands", nlohmann::json(enqueued, {{"tool", {{"kind", "noop"}}}, {"input", {{"n", 1}}}})}}
          .dump();
  expect(must(wire::decode_new_commands(parsed(body)), "commands").size(), enqueued);
}

}  // namespace

std::vector<Path> codec_paths() {
  return {{.name = "codecs, a notification", .unit = "command", .units = claimed, .run = notify},
          {.name = "codecs, a claim of 512 ids", .unit = "command", .units = claimed, .run = ask_for_claim},
          {.name = "codecs, the answer to a claim of 512", .unit = "command", .units = claimed, .run = answer_claim},
          {.name = "codecs, a report of 512", .unit = "command", .units = claimed, .run = report},
          {.name = "codecs, the answer to a report of 512", .unit = "command", .units = claimed, .run = answer_report},
          {.name = "codecs, a request that enqueues 1000", .unit = "command", .units = enqueued, .run = enqueue}};
}

}  // namespace noetl::bench
