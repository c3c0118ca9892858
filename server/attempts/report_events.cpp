#include "server/attempts/report_events.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "server/attempts/attempt_ends.hpp"
#include "server/attempts/end_attempts.hpp"
#include "server/attempts/record_progress.hpp"
#include "server/attempts/v1_events.hpp"
#include "server/decisions/log_notes.hpp"
#include "server/decisions/perform.hpp"
#include "server/postgres/errors.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/queue/queue_table.hpp"

namespace noetl::attempts {

namespace {
using base::ErrorCode;
using domain::Outcome;

// A part of the request and the place of its verdict in the answer.
template <class Part>
struct Placed {
  const Part* part = nullptr;
  std::size_t place = 0;
};
using PlacedReports = std::vector<Placed<wire::AttemptReport>>;

std::vector<const wire::AttemptReport*> parts_of(const PlacedReports& placed) {
  std::vector<const wire::AttemptReport*> parts;
  parts.reserve(placed.size());
  for (const auto& one : placed) parts.push_back(one.part);
  return parts;
}

// What one request comes to. write() may be repeated with its transaction.
class Report {
 public:
  Report(dispatch::ServerContext& context, const wire::ReportRequest& request)
      : context_(context), request_(request), worker_{request.worker_id, request.instance} {
    sort_attempts();
    for (std::size_t i = 0; i < request.events.size(); ++i) {
      auto& kind = ending_of(request.events[i]) ? v1_ends_ : events_;
      kind.push_back({&request.events[i], request.attempts.size() + i});
    }
  }

  // Then the report needs neither a lock nor a decision, unless plain successes are left over.
  [[nodiscard]] bool is_one_statement() const {
    const int statements = (plain_.empty() ? 0 : 1) + (events_.empty() ? 0 : 1) + (request_.notes.empty() ? 0 : 1);
    return others_.empty() && v1_ends_.empty() && statements <= 1;
  }
  dispatch::Effects write(postgres::Session& session);
  // The plain successes alone.
  dispatch::Effects write_plain(postgres::Session& session) {
    begin();
    dispatch::Effects effects;
    finish_plain(session, effects.work);
    return effects;
  }
  // Of the only statement.
  dispatch::Effects write_one(postgres::Session& session);
  // What that statement did not take.
  void end_left();

  [[nodiscard]] wire::ReportAnswer take_answer() { return std::move(answer_); }

 private:
  void sort_attempts();
  void begin() {
    answer_ = {};
    answer_.verdicts.resize(request_.attempts.size() + request_.events.size() + request_.notes.size());
    left_.clear();
    v1_reports_.clear();
  }
  void finish_plain(postgres::Session& session, counts::Work& work);
  void append_events(postgres::Session& session);
  void take_notes(postgres::Session& session);
  [[nodiscard]] PlacedReports v1_ends(postgres::Session& session);

  dispatch::ServerContext& context_;
  const wire::ReportRequest& request_;
  const store::Caller worker_;
  PlacedReports plain_;  // successes of plain commands, one of each command
  PlacedReports others_;
  std::vector<Placed<wire::StepEvent>> events_;  // without a lease
  std::vector<Placed<wire::StepEvent>> v1_ends_;

  wire::ReportAnswer answer_;
  PlacedReports left_;  // of plain_: it needs to be looked at
  std::deque<wire::AttemptReport> v1_reports_;
};

// The statement for plain successes answers with commands. A worker that was given one a second time may report both attempts at once:
// only the first report of the newest goes in, so that the answer cannot mean another.
void Report::sort_attempts() {
  std::map<base::CommandId, std::int32_t> newest;
  for (const auto& report : request_.attempts) {
    auto& epoch = newest[report.lease.queue_id];
    epoch = std::max(epoch, report.lease.epoch);
  }
  for (std::size_t i = 0; i < request_.attempts.size(); ++i) {
    const auto& report = request_.attempts[i];
    auto& epoch = newest.at(report.lease.queue_id);
    const bool is_plain =
        report.outcome == Outcome::completed && !report.execution_id.is_set() && report.lease.epoch == epoch;
    if (is_plain) ++epoch;  // whatever else names it is looked at
    (is_plain ? plain_ : others_).push_back({&report, i});
  }
}

void Report::finish_plain(postgres::Session& session, counts::Work& work) {
  if (plain_.empty()) return;
  std::vector<store::FinishedPlain> finished;
  finished.reserve(plain_.size());
  for (const auto& [report, place] : plain_) {
    // Of a first attempt the command's row is the log.
    const base::EventId event_id{report->lease.epoch == 1 ? 0 : context_.ids.next()};
    finished.push_back({report->lease, &report->result, event_id, report->duration, report->trace_id});
  }
  std::map<base::CommandId, store::FinishedCommand> done;
  for (auto& one : store::QueueTable(session).finish_plain(finished, worker_))
    done.emplace(one.queue_id, std::move(one));
  work.attempts.reserve(done.size());
  for (const auto& [report, place] : plain_) {
    const auto found = done.find(report->lease.queue_id);
    if (found == done.end()) {
      left_.push_back({report, place});
      continue;
    }
    answer_.verdicts[place].queue_id = report->lease.queue_id;
    work.attempts.push_back({.pool = std::move(found->second.pool),
                             .tool = std::move(found->second.tool_kind),
                             .outcome = counts::AttemptOutcome::completed,
                             .duration = report->duration});
  }
}

// Kept in the log as they came.
void Report::append_events(postgres::Session& session) {
  if (events_.empty()) return;
  std::vector<store::SentEvent> sent;
  std::map<base::EventId, std::size_t> first;  // places in `sent`: of events with one id the first counts
  std::vector<std::size_t> sent_as;
  for (const auto& [event, place] : events_) {
    const base::EventId id = event->event_id.is_set() ? event->event_id : base::EventId{context_.ids.next()};
    const auto [known, is_first] = first.try_emplace(id, sent.size());
    sent_as.push_back(known->second);
    if (!is_first) continue;
    sent.push_back({.event_id = id,
                    .execution_id = event->execution_id,
                    .event_type = event->name,
                    .step = event->step,
                    .payload = event->payload,
                    .meta = event->meta.empty() ? event->meta : decisions::log_notes::without_notes(event->meta),
                    .worker_id = request_.worker_id});
  }
  const auto outcomes = store::EventTable(session).insert_once(sent);
  std::vector<bool> was_told(sent.size());
  for (std::size_t i = 0; i < events_.size(); ++i) {
    auto& verdict = answer_.verdicts[events_[i].place];
    const auto outcome = outcomes.at(sent_as[i]);
    if (outcome == store::SentOutcome::no_execution) {
      verdict.refused = ErrorCode::not_found;
      verdict.message = "no execution has id " + events_[i].part->execution_id.str();
    } else {
      verdict.is_duplicate = outcome == store::SentOutcome::known || was_told[sent_as[i]];
    }
    was_told[sent_as[i]] = true;
  }
}

void Report::take_notes(postgres::Session& session) {
  if (request_.notes.empty()) return;
  const auto told = record_progress(context_, session, request_.notes, worker_);
  auto verdict =
      answer_.verdicts.begin() + static_cast<std::ptrdiff_t>(request_.attempts.size() + request_.events.size());
  for (const auto& note : request_.notes) {
    verdict->queue_id = note.lease.queue_id;
    if (!told.contains(note.lease.queue_id)) {
      verdict->refused = ErrorCode::lease_lost;
      verdict->message = "worker '" + request_.worker_id + "' does not run command " + note.lease.queue_id.str() +
                         " at epoch " + std::to_string(note.lease.epoch) + ", or its end is being recorded";
    }
    ++verdict;
  }
}

// With the leases of what runs at their steps.
PlacedReports Report::v1_ends(postgres::Session& session) {
  PlacedReports ends;
  for (const auto& [event, place] : v1_ends_) {
    const auto lease = lease_of(session, *event, request_.worker_id);
    if (!lease) {
      auto& verdict = answer_.verdicts[place];
      verdict.refused = lease.error().code;
      verdict.message = lease.error().message;
      verdict.is_of_another = lease.error().code == ErrorCode::lease_lost;
      continue;
    }
    v1_reports_.push_back(ending_of(*event).value());
    v1_reports_.back().lease = *lease;
    ends.push_back({&v1_reports_.back(), place});
  }
  return ends;
}

// Executions before commands, everywhere: two transactions cannot wait for each other.
dispatch::Effects Report::write(postgres::Session& session) {
  begin();
  AttemptEnds ends(context_, session, &worker_);
  auto attempts = v1_ends(session);
  attempts.insert(attempts.begin(), others_.begin(), others_.end());
  ends.lock_executions(parts_of(attempts));
  append_events(session);
  take_notes(session);
  dispatch::Effects plain;
  finish_plain(session, plain.work);
  if (!left_.empty()) ends.lock_executions(parts_of(left_));
  attempts.insert(attempts.end(), left_.begin(), left_.end());
  if (attempts.empty()) return plain;
  ends.lock_commands(parts_of(attempts));
  for (const auto& [report, place] : attempts) answer_.verdicts[place] = ends.end(*report);
  auto effects = ends.write();
  answer_.commands_generated = ends.commands_generated();
  effects.work.append(std::move(plain.work));
  return effects;
}

dispatch::Effects Report::write_one(postgres::Session& session) {
  begin();
  dispatch::Effects effects;
  append_events(session);
  take_notes(session);
  finish_plain(session, effects.work);
  return effects;
}

void Report::end_left() {
  if (left_.empty()) return;
  std::vector<wire::AttemptReport> reports;
  for (const auto& [report, place] : left_) reports.push_back(*report);
  auto ended = end_attempts(context_, reports, &worker_);
  for (std::size_t i = 0; i < left_.size(); ++i) answer_.verdicts[left_[i].place] = std::move(ended.verdicts[i]);
  answer_.commands_generated = ended.commands_generated;
}
}  // namespace

base::Result<wire::ReportAnswer> report_events(dispatch::ServerContext& context, const wire::ReportRequest& request) {
  Report report(context, request);
  if (report.is_one_statement()) {
    decisions::commit_one(context, [&](postgres::Session& session) { return report.write_one(session); });
    report.end_left();
    return report.take_answer();
  }
  try {
    decisions::commit(context, [&](postgres::Session& session) { return report.write(session); });
  } catch (const postgres::Unavailable&) {
    throw;
  } catch (const std::exception&) {
    // One execution cannot be read, and all of this is reported again: what is of no execution shall not run again meanwhile.
    decisions::commit_one(context, [&](postgres::Session& session) { return report.write_plain(session); });
    throw;
  }
  return report.take_answer();
}

}  // namespace noetl::attempts
