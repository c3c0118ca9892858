#include "shared/wire/quick_read.hpp"

#include <array>
#include <limits>

#include "shared/json/json_cursor.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t text_bytes_max = json::TextBounds{}.characters_max;

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

// An object: `read_one` gets the number of each field, and reads its value.
template <std::size_t N, class ReadOne>
bool read_fields(json::JsonCursor& cursor, Fields<N>& fields, ReadOne read_one) {
  std::string_view name;
  cursor.object();
  while (cursor.field(name)) {
    if (!read_one(fields.take(name))) return false;
  }
  return !cursor.has_failed();
}

template <class Id>
bool read_id(json::JsonCursor& cursor, Id& id) {
  const auto read = base::parse_id(cursor.plain_text());
  if (read) id = Id{*read};
  return read.has_value();
}

bool read_small(json::JsonCursor& cursor, std::int32_t& value, std::int32_t least) {
  const std::int64_t read = cursor.integer();
  value = static_cast<std::int32_t>(read);
  return !cursor.has_failed() && read >= least && read <= std::numeric_limits<std::int32_t>::max();
}

bool read_text(json::JsonCursor& cursor, std::string& text) {
  text = cursor.text();
  return !cursor.has_failed() && text.size() <= text_bytes_max;
}

bool read_time(json::JsonCursor& cursor, std::chrono::milliseconds& time) {
  const std::int64_t read = cursor.integer();
  time = std::chrono::milliseconds(read);
  return !cursor.has_failed() && read >= 0 && read <= milliseconds_max;
}

bool read_command(json::JsonCursor& cursor, domain::ClaimedCommand& command) {
  static constexpr std::array<std::string_view, 12> names{"queue_id",   "epoch",     "execution_id", "step",
                                                          "node_id",    "tool_kind", "attempt",      "max_attempts",
                                                          "timeout_ms", "context",   "traceparent",  "priority"};
  Fields fields(names);
  const auto read_one = [&](std::size_t field) {
    switch (field) {
      case 0: return read_id(cursor, command.lease.queue_id);
      case 1: return read_small(cursor, command.lease.epoch, 0);
      case 2: return read_id(cursor, command.execution_id);
      case 3: return read_text(cursor, command.step);
      case 4: return read_text(cursor, command.node_id);
      case 5: return read_text(cursor, command.tool_kind) && !command.tool_kind.empty();
      case 6: return read_small(cursor, command.attempt, 0);
      case 7: return read_small(cursor, command.max_attempts, 0);
      case 8: return read_time(cursor, command.timeout);
      case 9: command.context = cursor.any(); return command.context.starts_with('{');
      case 10: return read_text(cursor, command.traceparent);
      case 11: return read_small(cursor, command.priority, priority_min) && command.priority <= priority_max;
      default: return false;
    }
  };
  return read_fields(cursor, fields, read_one) && fields.has(0) && fields.has(5) && fields.has(9);
}

bool read_payload(json::JsonCursor& cursor, AttemptReport& attempt) {
  static constexpr std::array<std::string_view, 2> names{"result", "output"};
  Fields fields(names);
  return read_fields(cursor, fields, [&](std::size_t field) {
    if (field == 0) attempt.result = cursor.any();
    if (field == 1) attempt.output = cursor.text();
    return field < names.size() && attempt.output.size() <= output_bytes_max;
  });
}

bool read_meta(json::JsonCursor& cursor, AttemptReport& attempt) {
  static constexpr std::array<std::string_view, 2> names{"duration_ms", "trace_id"};
  Fields fields(names);
  return read_fields(cursor, fields, [&](std::size_t field) {
    if (field == 1) {
      attempt.trace_id = cursor.plain_text();
      return is_trace_id(attempt.trace_id);
    }
    if (field != 0) return false;
    const double time = cursor.number();
    if (!(time >= 0 && time <= static_cast<double>(milliseconds_max))) return false;
    attempt.duration = std::chrono::microseconds(static_cast<std::int64_t>(time * 1000.0 + 0.5));
    return true;
  });
}

// Successes alone: what else may come has more to be checked than a quick reader should know.
bool read_attempt(json::JsonCursor& cursor, AttemptReport& attempt) {
  static constexpr std::array<std::string_view, 6> names{"queue_id", "epoch",   "execution_id",
                                                         "name",     "payload", "meta"};
  Fields fields(names);
  const auto read_one = [&](std::size_t field) {
    switch (field) {
      case 0: return read_id(cursor, attempt.lease.queue_id);
      case 1: return read_small(cursor, attempt.lease.epoch, 1);
      case 2: return read_id(cursor, attempt.execution_id);
      case 3: return cursor.plain_text() == domain::event_name(domain::Outcome::completed);
      case 4: return read_payload(cursor, attempt);
      case 5: return read_meta(cursor, attempt);
      default: return false;
    }
  };
  return read_fields(cursor, fields, read_one) && fields.has(0) && fields.has(1) && fields.has(3);
}

bool read_verdict(json::JsonCursor& cursor, ReportVerdict& verdict) {
  static constexpr std::array<std::string_view, 3> names{"queue_id", "status", "retry_after_ms"};
  Fields fields(names);
  const auto read_one = [&](std::size_t field) {
    if (field == 0) return read_id(cursor, verdict.queue_id);
    if (field == 2) return read_time(cursor, verdict.retry_after.emplace());
    if (field != 1) return false;
    const std::string_view status = cursor.plain_text();
    verdict.is_duplicate = status == "duplicate";
    return verdict.is_duplicate || status == "recorded";
  };
  return read_fields(cursor, fields, read_one) && fields.has(1);
}

// A list of what `read_one` reads.
template <class One, class ReadOne>
bool read_list(json::JsonCursor& cursor, std::vector<One>& list, std::size_t most, ReadOne read_one) {
  cursor.array();
  while (cursor.item()) {
    if (list.size() >= most || !read_one(cursor, list.emplace_back())) return false;
  }
  return !cursor.has_failed();
}

bool read_empty_list(json::JsonCursor& cursor) {
  cursor.array();
  return !cursor.item() && !cursor.has_failed();
}

}  // namespace

std::optional<ClaimAnswer> quick_claim_answer(std::string_view text) {
  static constexpr std::array<std::string_view, 5> names{"commands", "refused", "waited_ms", "claim_id", "has_more"};
  Fields fields(names);
  ClaimAnswer answer;
  json::JsonCursor cursor(text);
  const auto read_one = [&](std::size_t field) {
    if (field == 0) return read_list(cursor, answer.commands, claim_ids_max, read_command);
    if (field == 2) return read_time(cursor, answer.waited.emplace());
    if (field == 3) return read_id(cursor, answer.claim_id);
    if (field == 4) return answer.has_more = cursor.any() == "true";
    return field == 1 && read_empty_list(cursor);  // what was refused is for the other reader
  };
  if (!read_fields(cursor, fields, read_one) || !cursor.is_done() || !fields.has(0)) return std::nullopt;
  return answer;
}

std::optional<ReportRequest> quick_report_request(std::string_view text) {
  static constexpr std::array<std::string_view, 2> names{"worker_id", "events"};
  Fields fields(names);
  ReportRequest request;
  json::JsonCursor cursor(text);
  const auto read_one = [&](std::size_t field) {
    if (field == 0) request.worker_id = cursor.plain_text();
    return field == 0 || (field == 1 && read_list(cursor, request.attempts, report_events_max, read_attempt));
  };
  if (!read_fields(cursor, fields, read_one) || !cursor.is_done() || request.attempts.empty() ||
      !is_worker_id(request.worker_id))
    return std::nullopt;
  return request;
}

std::optional<ReportAnswer> quick_report_answer(std::string_view text) {
  static constexpr std::array<std::string_view, 3> names{"status", "commands_generated", "verdicts"};
  Fields fields(names);
  ReportAnswer answer;
  json::JsonCursor cursor(text);
  const auto read_one = [&](std::size_t field) {
    if (field == 0) return cursor.plain_text() == "ok";
    if (field == 1) return read_small(cursor, answer.commands_generated, 0);
    return field == 2 && read_list(cursor, answer.verdicts, report_events_max, read_verdict);
  };
  if (!read_fields(cursor, fields, read_one) || !cursor.is_done() || !fields.has(2)) return std::nullopt;
  return answer;
}

}  // namespace noetl::wire
