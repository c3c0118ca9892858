#include "tests/simulation/conformance/sequence.hpp"

#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/queue_table.hpp"
#include "server/store/queue/worker_table.hpp"
#include "tests/simulation/conformance/choices.hpp"
#include "tests/simulation/conformance/listed.hpp"

namespace noetl::simulation {
namespace {
using domain::CommandStatus;
using domain::ExecutionStatus;
using std::chrono::milliseconds;

constexpr milliseconds lease{5000};

class Sequence : Choices {
 public:
  Sequence(const Bench& bench, std::uint64_t seed) : Choices(seed), bench_(bench) {}

  std::vector<std::string> run(int statements) {
    for (int i = 0; i < statements; ++i) {
      bench_.connections.transact([&](postgres::Session& session) { one(session); });
      if (random_.one_in(3)) {
        const milliseconds by{random_.one_in(3) ? random_.between(0, 6000) : random_.between(0, 40) * 100};
        bench_.advance(by);
        lines_.push_back("advance " + std::to_string(by.count()));
      }
      for (auto& line : bench_.dump()) lines_.push_back("  " + line);
    }
    return std::move(lines_);
  }

 private:
  using Statement = void (Sequence::*)(postgres::Session&);

  void one(postgres::Session& session) {
    // clang-format off
    static constexpr Statement all[] = {
        &Sequence::insert_plain, &Sequence::insert_plain, &Sequence::start_execution,
        &Sequence::register_worker, &Sequence::register_worker, &Sequence::claim, &Sequence::claim,
        &Sequence::claim, &Sequence::renew, &Sequence::renew, &Sequence::finish_plain,
        &Sequence::end_attempts, &Sequence::end_attempts, &Sequence::expire, &Sequence::orphans,
        &Sequence::forget, &Sequence::due, &Sequence::unclaimed, &Sequence::candidates, &Sequence::cancel,
        &Sequence::claimable, &Sequence::stop_or_drain, &Sequence::look, &Sequence::fold, &Sequence::explain,
        &Sequence::update_executions, &Sequence::children, &Sequence::loops, &Sequence::events,
        &Sequence::dead_letters, &Sequence::small_questions};
    // clang-format on
    (this->*all[random_.below(std::size(all))])(session);
  }

  void say(const std::string& what) { lines_.push_back(what); }
  // Sorted: in which order a statement gives its rows is not said.
  std::string taken(const std::vector<domain::ClaimedCommand>& commands) {
    std::vector<domain::Lease> leases;
    for (const auto& one : commands) leases.push_back(one.lease);
    leases_.insert(leases_.end(), leases.begin(), leases.end());
    return listed(leases);
  }

  void insert_plain(postgres::Session& session) {
    std::vector<wire::NewCommand> commands(static_cast<std::size_t>(random_.between(1, 3)));
    std::vector<base::CommandId> ids;
    for (auto& command : commands) {
      command.tool_kind = "noop";
      command.priority = random_.between(-1, 1);
      command.max_attempts = random_.between(1, 3);
      if (random_.one_in(3)) command.delay = milliseconds(random_.between(1, 4000));
      if (random_.one_in(3)) command.idempotency_key = "k" + std::to_string(random_.below(12));
      ids.push_back({1000 + static_cast<std::int64_t>(++commands_)});
    }
    // One statement inserts a key once; which of two rows it takes is not said.
    for (std::size_t i = 1; i < commands.size(); ++i) commands[i].idempotency_key.clear();
    const bool are_due = std::ranges::all_of(commands, [](const auto& one) { return !one.delay; });
    const store::ClaimFor claim_for{are_due && random_.one_in(2) ? some_worker() : "", {++claim_}, some_instance()};
    const auto made = store::QueueTable(session).insert_plain(commands, ids, {}, claim_for);
    say("insert_plain_commands" + listed(ids) + " for '" + claim_for.worker_id + "' ->" + listed(made.inserted) +
        taken(made.claimed));
  }

  void start_execution(postgres::Session& session) {
    auto row = new_execution();
    if (random_.one_in(3)) row.idempotency_key = "e" + std::to_string(random_.below(4));
    if (random_.one_in(3)) {
      row.parent_execution_id = {101};
      row.parent_node_id = "call";
      row.parent_frame = "{}";
    }
    const auto inserted = store::ExecutionTable(session).insert({row});
    say("insert_executions ->" + listed(inserted));
    if (inserted.empty()) return;
    std::vector<store::NewExecutionCommand> commands(static_cast<std::size_t>(random_.between(1, 2)));
    for (auto& command : commands) {
      command.queue_id = {1000 + static_cast<std::int64_t>(++commands_)};
      command.execution_id = row.execution_id;
      command.node_id = "n" + std::to_string(commands_);
      command.step = "s" + std::to_string(random_.below(2));
      command.tool_kind = "noop";
      command.pool = "default";
      command.context = "{}";
      if (random_.one_in(4)) command.delay = milliseconds(random_.between(1, 3000));
    }
    store::QueueTable(session).insert(commands, "");
    say("insert_commands");
  }

  void register_worker(postgres::Session& session) {
    wire::WorkerRegistration registration;
    registration.worker_id = some_worker();
    registration.hostname = "h";
    registration.instance = some_instance();
    if (random_.one_in(6)) registration.pool = "blue";
    const bool is_taken = !store::WorkerTable(session).register_worker(registration, lease);
    say("register_worker " + registration.worker_id + (is_taken ? " taken" : ""));
  }

  void claim(postgres::Session& session) {
    const auto worker = some_worker(), instance = some_instance();
    const auto ids = some_commands();
    const int slots = random_.one_in(2) ? random_.between(1, 4) : 0;
    const auto claimed = taken(store::QueueTable(session).claim({worker, instance}, ids, {++claim_}, slots));
    say("claim_by_ids " + worker + listed(ids) + " slots " + std::to_string(slots) + " ->" + claimed);
  }

  // What a worker might say it holds: of all leases ever given, some.
  void renew(postgres::Session& session) {
    wire::Heartbeat heartbeat;
    heartbeat.worker_id = some_worker();
    heartbeat.instance = some_instance();
    for (const auto& one : leases_) {
      const bool is_known =
          std::ranges::any_of(heartbeat.held, [&](const auto& h) { return h.queue_id == one.queue_id; });
      if (!is_known && random_.one_in(3)) heartbeat.held.push_back(one);
    }
    for (std::int64_t claim = 1; claim <= claim_; ++claim) {
      if (random_.one_in(4)) heartbeat.confirmed_claim_ids.push_back({claim});
    }
    heartbeat.has_claim_in_flight = random_.one_in(4);
    heartbeat.status = random_.one_in(4) ? "draining" : "ready";
    const auto answer = store::WorkerTable(session).renew(heartbeat, lease, {++claim_});
    say("renew_leases " + heartbeat.worker_id + listed(heartbeat.held) + " confirmed " +
        std::to_string(heartbeat.confirmed_claim_ids.size()) + (heartbeat.has_claim_in_flight ? " claiming" : "") +
        " -> " + (answer.is_known ? "known" : "unknown") + (answer.should_drain ? " drain" : "") + " lost" +
        listed(answer.lost) + " cancelled" + listed(answer.cancelled));
  }

  std::optional<domain::Lease> some_lease() {
    if (leases_.empty()) return std::nullopt;
    auto one = leases_[random_.below(leases_.size())];
    if (random_.one_in(6)) one.epoch += random_.between(-1, 1);
    return one;
  }

  void finish_plain(postgres::Session& session) {
    const std::string result = R"({"n":1})";
    std::vector<store::FinishedPlain> finished;
    std::vector<domain::Lease> said;
    for (int i = random_.between(1, 3); i > 0; --i) {
      const auto one = some_lease();
      if (!one) return;
      if (std::ranges::any_of(said, [&](const auto& other) { return other.queue_id == one->queue_id; })) continue;
      finished.push_back({*one, &result, {5000 + ++event_}, std::chrono::microseconds(5)});
      said.push_back(*one);
    }
    const auto worker = some_worker(), instance = some_instance();
    say("finish_plain of " + worker + listed(said) + " ->" +
        listed(store::QueueTable(session).finish_plain(finished, {worker, instance})));
  }

  void end_attempts(postgres::Session& session) {
    const auto one = some_lease();
    if (!one) return;
    for (const auto& locked : store::QueueTable(session).lock({one->queue_id})) {
      say("lock_commands " + one->queue_id.str() + " -> " + std::string(to_string(locked.status)) + " epoch " +
          std::to_string(locked.lease.epoch) + " attempts " + std::to_string(locked.attempts) + " of " +
          std::to_string(locked.max_attempts) + " by " + locked.worker_id + " " + locked.instance +
          (locked.is_cancel_requested ? " cancelled" : ""));
      store::EndedAttempt ended{.lease = *one,
                                .status = CommandStatus::done,
                                .attempts = locked.attempts,
                                .result = {},
                                .error = {},
                                .delay = {}};
      constexpr CommandStatus ends[] = {CommandStatus::done, CommandStatus::failed, CommandStatus::dead,
                                        CommandStatus::cancelled, CommandStatus::queued};
      ended.status = ends[random_.below(std::size(ends))];
      if (ended.status == CommandStatus::queued) {
        if (ended.attempts >= locked.max_attempts) ended.attempts = locked.max_attempts - 1;
        ended.delay = milliseconds(random_.between(0, 3000));
      } else if (random_.one_in(2)) {
        ended.error = R"({"kind":"x"})";
      }
      store::QueueTable(session).end_attempts({ended});
      say("end_attempts " + one->queue_id.str() + "/" + std::to_string(one->epoch) + " " +
          std::string(to_string(ended.status)));
    }
  }

  void expire(postgres::Session& session) {
    auto lost = store::UpkeepStatements(session).expire_workers();
    std::sort(lost.begin(), lost.end());
    std::string text;
    for (const auto& worker : lost) text += " " + worker;
    say("expire_workers ->" + text);
  }

  void orphans(postgres::Session& session) {
    const auto worker = any_or_one_worker();
    say("orphaned_commands " + worker.value_or("any") + " ->" +
        listed(store::UpkeepStatements(session).orphaned_commands(worker)));
  }

  void forget(postgres::Session& session) {
    const auto worker = any_or_one_worker();
    say("forget_claims " + worker.value_or("any"));
    store::UpkeepStatements(session).forget_claims(worker);
  }

  void due(postgres::Session& session) {
    due_ = store::UpkeepStatements(session).due_commands(store::cursors_after(due_), random_.between(1, 20));
    say("due_commands ->" + listed(due_));
    for (const auto& one : store::UpkeepStatements(session).due_by_priority(random_.between(1, 3)))
      say("due_by_priority -> " + one.queue_id.str() + (one.is_new ? " new" : ""));
  }

  void unclaimed(postgres::Session& session) {
    const auto after = random_.one_in(2) ? base::CommandId{} : some_command();
    const auto until = random_.one_in(2) ? base::CommandId{1'000'000} : some_command();
    base::CommandId last;
    const int rows_max = random_.between(1, 30);
    const int waiting_max = random_.between(1, 10);
    const auto found = store::UpkeepStatements(session).unclaimed(after, until, rows_max, waiting_max, last);
    say("unclaimed_commands " + after.str() + " " + until.str() + " ->" + listed(found) + " up to " + last.str());
  }

  void claimable(postgres::Session& session) {
    const auto worker = some_worker();
    const std::vector<base::CommandId> ids{some_command(), some_command(), some_command()};
    say("claimable_of " + worker + listed(ids) + " ->" +
        listed(store::QueueTable(session).claimable_of(worker, ids, random_.between(1, 2))));
  }

  void candidates(postgres::Session& session) {
    std::optional<base::CommandId> first;
    const int least = random_.one_in(3) ? 1 : wire::priority_min;
    const auto found =
        store::QueueTable(session).candidates({"default", some_command(), random_.between(1, 5), least}, first);
    std::string text;
    for (const auto id : found) text += " " + id.str();  // in this order: it says who goes first
    say("candidates_in_pool ->" + text + " fresh from " + (first && !found.empty() ? first->str() : "-"));
  }

  void cancel(postgres::Session& session) {
    if (!random_.one_in(3)) return;
    const auto id = some_execution();
    say("cancel_commands_of_execution " + id.str() + " ->" + listed(store::QueueTable(session).cancel_commands(id)));
  }

  void stop_or_drain(postgres::Session& session) {
    const auto worker = some_worker(), instance = some_instance();
    const bool stops = random_.one_in(2), by_force = random_.one_in(4);
    const bool is_known = stops ? store::WorkerTable(session).stop(worker, instance, by_force)
                                : store::WorkerTable(session).ask_to_drain(worker);
    say((stops ? "stop_worker " : "ask_to_drain ") + worker + " -> " + (is_known ? "known" : "unknown"));
  }

  void look(postgres::Session& session) {
    const auto look = store::UpkeepStatements(session).look();
    say("upkeep_look -> now " + std::to_string(look.now_ms) + " due in " + std::to_string(look.next_due.count()) +
        " lease ends in " + std::to_string(look.next_lease_end.count()) + (look.has_due ? " due" : "") +
        (look.has_lost_worker ? " lost" : "") + (look.has_orphan ? " orphan" : "") +
        (look.has_change ? " change" : "") + (look.has_waiting ? " waiting" : "") +
        (look.has_running ? " running" : "") + (look.has_unreported ? " unreported" : ""));
  }

  void fold(postgres::Session& session) {
    say("fold_queue_changes");
    store::UpkeepStatements(session).fold_queue_changes();
  }

  void explain(postgres::Session& session) {
    const auto ids = some_commands();
    std::vector<std::string> found;
    for (const auto& one : store::QueueTable(session).explain(ids)) {
      found.push_back(one.command.lease.queue_id.str() + " " + std::string(to_string(one.status)) + " " +
                      one.worker_id + " " + std::to_string(one.wait.count()));
    }
    std::sort(found.begin(), found.end());
    for (const auto& one : found) say("commands_to_explain -> " + one);
  }

  void update_executions(postgres::Session& session) {
    store::ExecutionUpdate update;
    update.execution_id = some_execution();
    constexpr ExecutionStatus ends[] = {ExecutionStatus::running, ExecutionStatus::completed, ExecutionStatus::failed};
    update.status = ends[random_.below(std::size(ends))];
    update.outstanding = update.status == ExecutionStatus::running ? random_.between(1, 3) : 0;
    update.current_step = "s";
    update.state = R"({"n":)" + std::to_string(random_.below(9)) + "}";
    store::ExecutionTable(session).update({update});
    say("update_executions " + update.execution_id.str() + " " + std::string(to_string(update.status)));
    for (const auto& locked : store::ExecutionTable(session).lock({update.execution_id, some_execution()})) {
      say("lock_executions -> " + locked.execution_id.str() + " " + std::string(to_string(locked.status)) + " " +
          locked.state + (locked.has_caller ? " has a caller" : ""));
    }
  }

  void children(postgres::Session& session) {
    store::ExecutionTable table(session);
    std::vector<base::ExecutionId> unreported;
    for (const auto& child : table.unreported_children({}, 10)) unreported.push_back(child.execution_id);
    std::vector<base::ExecutionId> ended;
    for (const auto& child : table.ended_children({some_execution(), some_execution()}))
      ended.push_back(child.execution_id);
    say("unreported_children ->" + listed(unreported) + " running under 101" + listed(table.running_children({101})) +
        " ended" + listed(ended));
    if (!ended.empty() && random_.one_in(2)) table.mark_callers_resumed(ended);
  }

  void loops(postgres::Session& session) {
    store::ExecutionTable table(session);
    if (!has_loop_) {
      table.insert_loop_items({{{101}, "each", 0, "1"}, {{101}, "each", 1, "2"}, {{101}, "each", 2, "3"}});
      has_loop_ = true;
    } else {
      table.end_loop_items(
          {{{101}, "each", random_.between(0, 3), random_.one_in(2), std::to_string(random_.below(9))}});
    }
    std::string text;
    for (const auto& [index, item] : table.loop_items({101}, "each", random_.between(0, 2), 3)) {
      text += " " + std::to_string(index) + "=" + item;
    }
    for (const auto& result : table.loop_results({101}, "each")) text += " " + result;
    say("loop_items ->" + text);
  }

  void events(postgres::Session& session) {
    std::vector<store::SentEvent> events(1 + random_.below(2));
    std::int64_t id = 4000 + static_cast<std::int64_t>(random_.below(20));
    for (auto& event : events) event = {{id++}, some_execution(), "step.enter", {}, {}, {}, {}};
    std::string text = "insert_events_once ->";
    for (const auto outcome : store::EventTable(session).insert_once(events))
      text += " " + std::to_string(static_cast<int>(outcome));
    say(text);
  }

  void dead_letters(postgres::Session& session) {
    store::DeadLetter letter;
    letter.queue_id = some_command();
    letter.pool = "default";
    letter.tool_kind = "noop";
    letter.error_kind = random_.one_in(2) ? "timeout" : "auth";
    letter.error = "{}";
    letter.attempts = random_.between(1, 3);
    store::QueueTable(session).insert_dead_letters({letter});
    say("insert_dead_letters " + letter.queue_id.str());
  }

  void small_questions(postgres::Session& session) {
    store::QueueTable queue(session);
    std::string text;
    wire::NewCommand asked;
    asked.tool_kind = "noop";
    for (asked.idempotency_key = "k1"; asked.idempotency_key != "k4"; ++asked.idempotency_key.back()) {
      asked.input = random_.one_in(2) ? R"({"n": 1})" : "{}";
      if (const auto first = queue.of_keys({&asked}).front())
        text += " " + asked.idempotency_key + (first->is_same ? "=" : "!=") + first->queue_id.str();
    }
    for (const auto& [key, row] : store::ExecutionTable(session).by_keys({"e1", "e2"}))
      text += " " + key + "=" + row.execution_id.str() + " v" + std::to_string(row.version) + row.workload;
    for (const auto& [id, execution] : queue.executions_of(some_commands()))
      text += " " + id.str() + " of " + execution.str();
    const auto id = some_execution();
    const auto running = queue.running_at(id, "s0");
    if (running) text += " at s0 of " + id.str() + " " + running->lease.queue_id.str();
    for (const auto* worker : {"w0", "w1", "w2"}) {
      const auto held = store::WorkerTable(session).lease_of(worker);
      if (held) text += std::string(" ") + worker + " in " + held->pool + (held->is_alive ? " lives" : "");
    }
    say("questions ->" + text);
  }

  const Bench& bench_;
  std::vector<std::string> lines_;
  std::vector<domain::Lease> leases_;  // ever given
  std::int64_t claim_ = 0, event_ = 0;
  std::vector<store::WaitingCommand> due_;
  bool has_loop_ = false;
};
}  // namespace
std::vector<std::string> run_sequence(const Bench& bench, std::uint64_t seed, int statements) {
  return Sequence(bench, seed).run(statements);
}

}  // namespace noetl::simulation
