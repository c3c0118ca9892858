#include "shared/wire/quick_read.hpp"

#include <array>
#include <limits>

#include "shared/wire/json_cursor.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::int64_t milliseconds_max = 366LL * 24 * 3600 * 1000;
constexpr std::size_t text_bytes_max = 4096;
constexpr std::size_t output_bytes_max = 1024 * 1024;

// Which of the known fields it is, each once; none for what is unknown or comes again.
template <std::size_t N>
class Fields {
 public:
  explicit Fields(const std::array<std::string_view, N>& names) : names_(names) {}
  static constexpr std::size_t none = N;

  [[nodiscard]] std::size_t take(std::string_view name) {
    // They come in the order in which they are written.
    for (std::size_t i = 0; i < N; ++i) {
      const std::size_t at = (next_ + i) % N;
      if (names_[at] != name) continue;
      if ((seen_ & (1U << at)) != 0) return none;
      seen_ |= 1U << at;
      next_ = at + 1;
      return at;
    }
    return none;
  }
  [[nodiscard]] bool has(std::size_t at) const { return (seen_ & (1U << at)) != 0; }

 private:
  const std::array<std::string_view, N>& names_;
  std::uint32_t seen_ = 0;
  std::size_t next_ = 0;
};

template <class Id>
bool read_id(JsonCursor& cursor, Id& id) {
  const auto read = base::parse_id(cursor.plain_text());
  if (read) id = Id{*read};
  return read.has_value();
}

bool read_small(JsonCursor& cursor, std::int32_t& value, std::int32_t least) {
  const std::int64_t read = cursor.integer();
  value = static_cast<std::int32_t>(read);
  return !cursor.has_failed() && read >= least && read <= std::numeric_limits<std::int32_t>::max();
}

bool read_text(JsonCursor& cursor, std::string& text) {
  text = cursor.text();
  return !cursor.has_failed() && text.size() <= text_bytes_max;
}

bool read_command(JsonCursor& cursor, domain::ClaimedCommand& command) {
  static constexpr std::array<std::string_view, 11> names{
      "queue_id", "epoch",        "execution_id", "step",    "node_id",    "tool_kind",
      "attempt",  "max_attempts", "timeout_ms",   "context", "traceparent"};
  Fields fields(names);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: is_good = read_id(cursor, command.lease.queue_id); break;
      case 1: is_good = read_small(cursor, command.lease.epoch, 0); break;
      case 2: is_good = read_id(cursor, command.execution_id); break;
      case 3: is_good = read_text(cursor, command.step); break;
      case 4: is_good = read_text(cursor, command.node_id); break;
      case 5: is_good = read_text(cursor, command.tool_kind) && !command.tool_kind.empty(); break;
      case 6: is_good = read_small(cursor, command.attempt, 0); break;
      case 7: is_good = read_small(cursor, command.max_attempts, 0); break;
      case 8: {
        const std::int64_t time = cursor.integer();
        is_good = time >= 0 && time <= milliseconds_max;
        command.timeout = std::chrono::milliseconds(time);
        break;
      }
      case 9:
        command.context = cursor.any();
        is_good = command.context.starts_with('{');
        break;
      case 10: is_good = read_text(cursor, command.traceparent); break;
      default: is_good = false;
    }
  }
  return is_good && !cursor.has_failed() && fields.has(0) && fields.has(5) && fields.has(9);
}

bool read_payload(JsonCursor& cursor, AttemptReport& attempt) {
  static constexpr std::array<std::string_view, 2> names{"result", "output"};
  Fields fields(names);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: attempt.result = cursor.any(); break;
      case 1:
        attempt.output = cursor.text();
        is_good = attempt.output.size() <= output_bytes_max;
        break;
      default: is_good = false;
    }
  }
  return is_good && !cursor.has_failed();
}

bool is_trace_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool read_meta(JsonCursor& cursor, AttemptReport& attempt) {
  static constexpr std::array<std::string_view, 2> names{"duration_ms", "trace_id"};
  Fields fields(names);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: {
        const double time = cursor.number();
        is_good = time >= 0 && time <= static_cast<double>(milliseconds_max);
        if (is_good)
          attempt.duration = std::chrono::microseconds(static_cast<std::int64_t>(time * 1000.0 + 0.5));
        break;
      }
      case 1:
        attempt.trace_id = cursor.plain_text();
        is_good = is_trace_id(attempt.trace_id);
        break;
      default: is_good = false;
    }
  }
  return is_good && !cursor.has_failed();
}

// Successes alone: what else may come has more to be checked than a quick reader should know.
bool read_attempt(JsonCursor& cursor, AttemptReport& attempt) {
  static constexpr std::array<std::string_view, 6> names{"queue_id", "epoch",   "execution_id",
                                                         "name",     "payload", "meta"};
  Fields fields(names);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: is_good = read_id(cursor, attempt.lease.queue_id); break;
      case 1: is_good = read_small(cursor, attempt.lease.epoch, 1); break;
      case 2: is_good = read_id(cursor, attempt.execution_id); break;
      case 3: is_good = cursor.plain_text() == domain::event_name(domain::Outcome::completed); break;
      case 4: is_good = read_payload(cursor, attempt); break;
      case 5: is_good = read_meta(cursor, attempt); break;
      default: is_good = false;
    }
  }
  return is_good && !cursor.has_failed() && fields.has(0) && fields.has(1) && fields.has(3);
}

bool read_verdict(JsonCursor& cursor, ReportVerdict& verdict) {
  static constexpr std::array<std::string_view, 3> names{"queue_id", "status", "retry_after_ms"};
  Fields fields(names);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: is_good = read_id(cursor, verdict.queue_id); break;
      case 1: {
        const std::string_view status = cursor.plain_text();
        verdict.is_duplicate = status == "duplicate";
        is_good = verdict.is_duplicate || status == "recorded";
        break;
      }
      case 2: {
        const std::int64_t wait = cursor.integer();
        is_good = wait >= 0 && wait <= milliseconds_max;
        verdict.retry_after = std::chrono::milliseconds(wait);
        break;
      }
      default: is_good = false;
    }
  }
  return is_good && !cursor.has_failed() && fields.has(1);
}

// A list of what `read_one` reads.
template <class One, class ReadOne>
bool read_list(JsonCursor& cursor, std::vector<One>& list, std::size_t most, ReadOne read_one) {
  cursor.array();
  while (cursor.item()) {
    if (list.size() >= most || !read_one(cursor, list.emplace_back())) return false;
  }
  return !cursor.has_failed();
}

}  // namespace

std::optional<ClaimAnswer> quick_claim_answer(std::string_view text) {
  static constexpr std::array<std::string_view, 2> names{"commands", "refused"};
  Fields fields(names);
  ClaimAnswer answer;
  JsonCursor cursor(text);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: is_good = read_list(cursor, answer.commands, claim_ids_max, read_command); break;
      case 1:
        cursor.array();
        is_good = !cursor.item();  // what was refused is for the other reader
        break;
      default: is_good = false;
    }
  }
  if (!is_good || !cursor.is_done() || !fields.has(0)) return std::nullopt;
  return answer;
}

std::optional<ReportRequest> quick_report_request(std::string_view text) {
  static constexpr std::array<std::string_view, 2> names{"worker_id", "events"};
  Fields fields(names);
  ReportRequest request;
  JsonCursor cursor(text);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: request.worker_id = cursor.plain_text(); break;
      case 1: is_good = read_list(cursor, request.attempts, report_events_max, read_attempt); break;
      default: is_good = false;
    }
  }
  if (!is_good || !cursor.is_done() || request.attempts.empty() || !is_worker_id(request.worker_id))
    return std::nullopt;
  return request;
}

std::optional<ReportAnswer> quick_report_answer(std::string_view text) {
  static constexpr std::array<std::string_view, 3> names{"status", "commands_generated", "verdicts"};
  Fields fields(names);
  ReportAnswer answer;
  JsonCursor cursor(text);
  bool is_good = true;
  std::string_view name;
  cursor.object();
  while (is_good && cursor.field(name)) {
    switch (fields.take(name)) {
      case 0: is_good = cursor.plain_text() == "ok"; break;
      case 1: is_good = read_small(cursor, answer.commands_generated, 0); break;
      case 2: is_good = read_list(cursor, answer.verdicts, report_events_max, read_verdict); break;
      default: is_good = false;
    }
  }
  if (!is_good || !cursor.is_done() || !fields.has(2)) return std::nullopt;
  return answer;
}

}  // namespace noetl::wire
