// What becomes of results that cannot be stored: work that is done is never reported as not done.
#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "shared/domain/error_kinds.hpp"
#include "worker/loop/runs/run_command.hpp"
#include "worker/tools/results.hpp"

using namespace noetl;
using domain::Outcome;

namespace {

class Giving final : public tools::Tool {
 public:
  explicit Giving(std::string result) : result_(std::move(result)) {}
  [[nodiscard]] std::string_view kind() const override { return "giving"; }
  tools::ToolResult run(const tools::ToolCall& call) override {
    input = call.input;
    return tools::completed(result_);
  }
  tools::Json input;

 private:
  std::string result_;
};

wire::AttemptReport report_of(std::string result, tools::ToolLimits limits = {}) {
  Giving tool(std::move(result));
  domain::ClaimedCommand command;
  command.lease = {{5}, 1};
  command.tool_kind = "giving";
  command.context = "{}";
  return loop::run_command(command, &tool, {}, {.worker_id = "w", .limits = limits});
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace

TEST_CASE("a result with NUL, half a pair or a number beyond 64 bits is stored by the rule of plain output") {
  const auto report = report_of(R"({"a":"x\u0000","b":"\ud800","n":18446744073709551616})");

  CHECK(report.outcome == Outcome::completed);
  CHECK(report.result == R"({"a":"x\ufffd","b":"\ufffd","n":"18446744073709551616"})");
}

TEST_CASE("a result that nests a hundred levels is stored, a deeper one refused as invalid_result that says so") {
  CHECK(report_of(nested(100)).outcome == Outcome::completed);
  const auto refused = report_of(nested(101));

  REQUIRE(refused.error);
  CHECK(refused.error->kind == "invalid_result");
  CHECK(refused.error->message.find("has done its work") != std::string::npos);
  CHECK(refused.error->message.find("100 levels") != std::string::npos);
}

TEST_CASE("a result that names a field twice is refused with its place") {
  const auto refused = report_of(R"({"deep":[1,{"1":"a","1":"b"}]})");

  REQUIRE(refused.error);
  CHECK(refused.error->kind == "invalid_result");
  CHECK(refused.error->message.find("the field '1' twice in one object, the one at /deep/1") != std::string::npos);
}

TEST_CASE("whatever is wrong with the result of work that is done, the error is final") {
  tools::ToolLimits small;
  small.result_bytes_max = 50;
  for (const auto& report :
       {report_of(nested(101)), report_of("no json"), report_of("[" + std::string(60, ' ') + "]", small)}) {
    REQUIRE(report.error);
    CHECK_FALSE(report.error->is_retryable);
    CHECK(domain::is_work_done(report.error->kind));
  }
}

TEST_CASE("numbers that SQL has enqueued come to the tool whole: as texts where 64 bits do not hold them") {
  Giving tool("{}");
  domain::ClaimedCommand command;
  command.lease = {{5}, 1};
  command.tool_kind = "giving";
  command.context =
      R"({"tool":{"kind":"giving"},"input":{"n":340282366920938463463374607431768211456,"m":18446744073709551615,"x":0.5}})";

  const auto report = loop::run_command(command, &tool, {}, {.worker_id = "w", .limits = {}});

  CHECK(report.outcome == Outcome::completed);
  CHECK(tool.input.dump() == R"({"m":18446744073709551615,"n":"340282366920938463463374607431768211456","x":0.5})");
}

TEST_CASE("a kind that the worker has not is not_found, and the error says what it has and which may have been meant") {
  tools::Registry registry;
  registry.add(std::make_unique<Giving>("1"));
  domain::ClaimedCommand command;
  command.context = "{}";
  const auto message_for = [&](const std::string& kind) {
    command.tool_kind = kind;
    const auto report = loop::run_command(command, nullptr, {}, {.worker_id = "w", .limits = {}, .tools = &registry});
    CHECK(report.error->kind == "not_found");
    CHECK_FALSE(report.error->is_retryable);
    return report.error->message;
  };

  CHECK(message_for("gving") == "worker 'w' has no tool of kind 'gving'; did you mean 'giving'? It has giving");
  CHECK(message_for("http") == "worker 'w' has no tool of kind 'http'; it has giving");
}
