// What becomes of a command when an attempt ended: every row of docs/concepts/states.md.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "server/attempts/attempt_policy.hpp"

#include <doctest/doctest.h>

#include "shared/domain/error_kinds.hpp"

using namespace noetl;
using domain::CommandStatus;
using domain::Outcome;

namespace {
store::LockedCommand running(bool is_plain, int attempts, int max_attempts) {
  store::LockedCommand command;
  command.lease = {{5}, 3};
  if (!is_plain) command.execution_id = {9};
  command.status = CommandStatus::running;
  command.attempts = attempts;
  command.max_attempts = max_attempts;
  return command;
}

wire::AttemptReport report(Outcome outcome, const std::string& error_kind = "exception") {
  wire::AttemptReport made;
  made.lease = {{5}, 3};
  made.outcome = outcome;
  if (outcome == Outcome::failed) {
    made.error = domain::ToolError{.kind = error_kind,
                                   .message = "m",
                                   .is_retryable = domain::is_retryable_by_default(error_kind),
                                   .status = {},
                                   .retry_after = {},
                                   .traceback = {}};
  }
  return made;
}

CommandStatus status_after(const store::LockedCommand& command, const wire::AttemptReport& attempt) {
  return attempts::decide_attempt(&command, attempt, nullptr, 0.5).ended.value().status;
}
}  // namespace

TEST_CASE("success is done, and a step's success is the engine's business") {
  const auto plain = running(true, 1, 3);
  const auto step = running(false, 1, 3);

  CHECK(status_after(plain, report(Outcome::completed)) == CommandStatus::done);
  CHECK_FALSE(attempts::decide_attempt(&plain, report(Outcome::completed), nullptr, 0).concerns_engine);
  CHECK(attempts::decide_attempt(&step, report(Outcome::completed), nullptr, 0).concerns_engine);
}

TEST_CASE("a plain command's failure is tried again while attempts are left, then dead") {
  CHECK(status_after(running(true, 1, 3), report(Outcome::failed)) == CommandStatus::queued);
  CHECK(status_after(running(true, 3, 3), report(Outcome::failed)) == CommandStatus::dead);
}

TEST_CASE("an error that says that it cannot get better is dead at once, with a letter") {
  CHECK(status_after(running(true, 1, 3), report(Outcome::failed, "invalid_input")) == CommandStatus::dead);
}

TEST_CASE("a plain command is tried again exactly when its error says that it is retryable, whatever its kind") {
  std::vector<std::string> kinds{"of_a_program"};
  for (const auto& kind : domain::error_kinds) kinds.emplace_back(kind.name);
  for (const auto& kind : kinds) {
    INFO(kind);
    auto attempt = report(Outcome::failed, kind);
    CHECK(status_after(running(true, 1, 3), attempt) ==
          (domain::is_retryable_by_default(kind) ? CommandStatus::queued : CommandStatus::dead));
    for (const bool is_retryable : {true, false}) {
      attempt.error->is_retryable = is_retryable;
      const auto plain = running(true, 1, 3);
      const auto decision = attempts::decide_attempt(&plain, attempt, nullptr, 0.5);
      CHECK(decision.ended->status == (is_retryable ? CommandStatus::queued : CommandStatus::dead));
      CHECK(decision.dead_letter.has_value() == !is_retryable);
      CHECK(decision.ended->error.find(is_retryable ? "\"retryable\":true" : "\"retryable\":false") !=
            std::string::npos);
      CHECK(status_after(running(true, 3, 3), attempt) == CommandStatus::dead);
    }
  }
}

TEST_CASE("the kinds that are tried again and those that are not") {
  for (const char* kind : {"exception", "exit_code", "crash", "memory_limit", "server_error", "rate_limit",
                           "connection", "timeout", "worker_lost", "internal", "of_a_program"})
    CHECK_MESSAGE(domain::is_retryable_by_default(kind), kind);
  for (const char* kind : {"invalid_input", "unsupported", "auth", "not_found", "conflict", "client_error",
                           "output_limit", "invalid_result", "cancelled"})
    CHECK_MESSAGE(!domain::is_retryable_by_default(kind), kind);
}

TEST_CASE("a command whose cancellation was asked for is not tried again, not even after its worker was lost") {
  for (const bool is_plain : {true, false}) {
    auto command = running(is_plain, 1, 3);
    command.is_cancel_requested = true;
    CHECK(status_after(command, report(Outcome::failed, "worker_lost")) == CommandStatus::dead);
  }
  auto plain = running(true, 1, 3);
  plain.is_cancel_requested = true;
  CHECK(status_after(plain, report(Outcome::failed)) == CommandStatus::dead);
}

TEST_CASE("a step's failure is failed and told to the engine, whatever attempts are left") {
  const auto step = running(false, 1, 3);
  const auto decision = attempts::decide_attempt(&step, report(Outcome::failed), nullptr, 0);

  CHECK(decision.ended->status == CommandStatus::failed);
  CHECK(decision.concerns_engine);
  CHECK_FALSE(decision.dead_letter);
}

TEST_CASE("a lost worker costs an attempt, not the command; the last one makes it dead") {
  const auto step = running(false, 3, 3);

  CHECK(status_after(running(false, 1, 3), report(Outcome::failed, "worker_lost")) == CommandStatus::queued);
  const auto last = attempts::decide_attempt(&step, report(Outcome::failed, "worker_lost"), nullptr, 0);
  CHECK(last.ended->status == CommandStatus::dead);
  CHECK(last.dead_letter);
  CHECK(last.concerns_engine);
}

TEST_CASE("the wait before the next attempt grows, is spread, and follows the peer's word") {
  const auto first = running(true, 1, 9);
  const auto fourth = running(true, 4, 9);
  auto asked = report(Outcome::failed);
  asked.error->retry_after = std::chrono::milliseconds(1234);

  CHECK(attempts::decide_attempt(&first, report(Outcome::failed), nullptr, 0.0).ended->delay ==
        std::chrono::milliseconds(500));
  CHECK(attempts::decide_attempt(&fourth, report(Outcome::failed), nullptr, 0.0).ended->delay ==
        std::chrono::milliseconds(4000));
  CHECK(attempts::decide_attempt(&first, asked, nullptr, 0.0).ended->delay == std::chrono::milliseconds(1234));
}

TEST_CASE("a command's own retry says how long it waits, from none to exponential, and caps it") {
  const auto wait = [](const std::string& retry, int attempts) {
    auto command = running(true, attempts, 99);
    command.retry = retry;
    return attempts::decide_attempt(&command, report(Outcome::failed), nullptr, 0.0).ended->delay.count();
  };

  CHECK(wait(R"({"backoff":"none","initial_delay":5})", 4) == 0);
  CHECK(wait(R"({"backoff":"fixed","initial_delay":5,"jitter":false})", 4) == 5000);
  CHECK(wait(R"({"backoff":"linear","initial_delay":5,"jitter":false})", 4) == 20'000);
  CHECK(wait(R"({"backoff":"exponential","initial_delay":1,"multiplier":3,"jitter":false})", 4) == 27'000);
  CHECK(wait(R"({"backoff":"exponential","initial_delay":1,"multiplier":3,"max_delay":10,"jitter":false})", 4) ==
        10'000);
  CHECK(wait(R"({"backoff":"fixed","initial_delay":5})", 1) == 2500);
  CHECK(wait("", 1) == 500);
}

TEST_CASE("what the peer asked for goes before the command's own retry") {
  auto command = running(true, 1, 9);
  command.retry = R"({"backoff":"none"})";
  auto asked = report(Outcome::failed, "rate_limit");
  asked.error->retry_after = std::chrono::milliseconds(90'000);

  CHECK(attempts::decide_attempt(&command, asked, nullptr, 0.0).ended->delay == std::chrono::milliseconds(90'000));
}

TEST_CASE(
    "a worker that a command kills each time ends it dead after its attempts, by a letter with a "
    "fingerprint") {
  const auto last = running(true, 3, 3);

  CHECK(status_after(running(true, 2, 3), report(Outcome::failed, "worker_lost")) == CommandStatus::queued);
  const auto decision = attempts::decide_attempt(&last, report(Outcome::failed, "worker_lost"), nullptr, 0);
  CHECK(decision.ended->status == CommandStatus::dead);
  CHECK(decision.dead_letter.value().fingerprint.size() == 16);
}

TEST_CASE("another epoch is a lost lease, the same epoch of an ended command a duplicate") {
  auto command = running(true, 1, 3);
  auto old = report(Outcome::completed);
  old.lease.epoch = 2;

  CHECK(attempts::decide_attempt(&command, old, nullptr, 0).verdict.refused == base::ErrorCode::lease_lost);
  command.status = CommandStatus::done;
  CHECK(attempts::decide_attempt(&command, report(Outcome::completed), nullptr, 0).verdict.is_duplicate);
  CHECK(attempts::decide_attempt(nullptr, old, nullptr, 0).verdict.refused == base::ErrorCode::not_found);
}

TEST_CASE(
    "the report of another worker, or of another process under its name, is a lost lease, before and after the end") {
  auto command = running(true, 1, 3);
  command.worker_id = "w";
  command.instance = "p1";
  const std::string own = "w", other = "rogue", process = "p1", another_process = "p2", none;
  const std::vector<store::Caller> wrong{{other, process}, {own, another_process}, {own, none}};

  for (const auto status : {CommandStatus::running, CommandStatus::done}) {
    command.status = status;
    for (const auto& caller : wrong) {
      const auto decision = attempts::decide_attempt(&command, report(Outcome::completed), &caller, 0);
      CHECK(decision.verdict.refused == base::ErrorCode::lease_lost);
      CHECK(decision.verdict.is_of_another);
      CHECK_FALSE(decision.ended);
    }
    const store::Caller holder{own, process};
    CHECK_FALSE(attempts::decide_attempt(&command, report(Outcome::completed), &holder, 0).verdict.refused);
  }
}

TEST_CASE("a command whose worker was lost is due at once, whatever its own retry says") {
  auto command = running(false, 1, 3);
  command.retry = R"({"backoff":"fixed","initial_delay":5,"jitter":false})";

  const auto decision = attempts::decide_attempt(&command, report(Outcome::failed, "worker_lost"), nullptr, 0.9);

  CHECK(decision.ended->delay == std::chrono::milliseconds(0));
  CHECK(decision.verdict.retry_after == std::chrono::milliseconds(0));
}

TEST_CASE("the verdict says when a command that failed is due again") {
  auto command = running(true, 1, 3);
  command.retry = R"({"backoff":"fixed","initial_delay":5,"jitter":false})";

  const auto decision = attempts::decide_attempt(&command, report(Outcome::failed), nullptr, 0);

  CHECK(decision.verdict.retry_after == std::chrono::milliseconds(5000));
}

TEST_CASE("a plain command is no engine's business, however it ends; a step always is, unless it waits again") {
  for (const auto outcome : {Outcome::completed, Outcome::cancelled, Outcome::failed}) {
    const auto plain = running(true, 3, 3);
    const auto step = running(false, 3, 3);
    CHECK_FALSE(attempts::decide_attempt(&plain, report(outcome), nullptr, 0).concerns_engine);
    CHECK(attempts::decide_attempt(&step, report(outcome), nullptr, 0).concerns_engine);
  }
  const auto again = running(false, 1, 3);
  CHECK_FALSE(attempts::decide_attempt(&again, report(Outcome::failed, "worker_lost"), nullptr, 0).concerns_engine);
  CHECK_FALSE(attempts::decide_attempt(&again, report(Outcome::released), nullptr, 0).concerns_engine);
}

TEST_CASE(
    "a cancelled attempt ends its command cancelled; one that is handed back costs no attempt and is due at once") {
  const auto command = running(true, 2, 3);

  CHECK(status_after(command, report(Outcome::cancelled)) == CommandStatus::cancelled);
  const auto released = attempts::decide_attempt(&command, report(Outcome::released), nullptr, 0);
  CHECK(released.ended->status == CommandStatus::queued);
  CHECK(released.ended->attempts == 1);
  CHECK(released.ended->delay == std::chrono::milliseconds(0));
  CHECK(released.verdict.retry_after == std::chrono::milliseconds(0));
}

TEST_CASE("a plain command keeps its result in its row, a step leaves it to its execution") {
  auto attempt = report(Outcome::completed);
  attempt.result = R"({"a":1})";
  const auto plain = running(true, 1, 3);
  const auto step = running(false, 1, 3);

  CHECK(attempts::decide_attempt(&plain, attempt, nullptr, 0).ended->result == R"({"a":1})");
  CHECK(attempts::decide_attempt(&step, attempt, nullptr, 0).ended->result.empty());
}

TEST_CASE(
    "the report of an earlier epoch is no duplicate, not even of a command that has ended, and nobody's but a lost "
    "lease") {
  auto command = running(true, 2, 3);
  command.worker_id = "w";
  auto old = report(Outcome::completed);
  old.lease.epoch = 2;
  const std::string other = "rogue", process;

  for (const auto status : {CommandStatus::running, CommandStatus::done, CommandStatus::queued}) {
    command.status = status;
    const store::Caller caller{other, process};
    const auto decision = attempts::decide_attempt(&command, old, &caller, 0);
    CHECK(decision.verdict.refused == base::ErrorCode::lease_lost);
    CHECK_FALSE(decision.verdict.is_duplicate);
    CHECK_FALSE(decision.verdict.is_of_another);  // whoever held it then may report late: that is no intrusion
  }
}

TEST_CASE("a command that was put back under the same epoch is a lost lease to whoever reports, with no accusation") {
  auto command = running(true, 1, 3);
  command.worker_id = "w";
  command.status = CommandStatus::queued;
  const std::string other = "rogue", process;
  const store::Caller caller{other, process};

  const auto decision = attempts::decide_attempt(&command, report(Outcome::completed), &caller, 0);

  CHECK(decision.verdict.refused == base::ErrorCode::lease_lost);
  CHECK_FALSE(decision.verdict.is_of_another);
}

TEST_CASE("a worker that registered without an instance is known by its name alone") {
  auto command = running(true, 1, 3);
  command.worker_id = "w";
  const std::string name = "w", process = "p1";
  const store::Caller caller{name, process};

  CHECK_FALSE(attempts::decide_attempt(&command, report(Outcome::completed), &caller, 0).verdict.refused);
}
