#include "server/doctor/replay_check.hpp"

#include <algorithm>
#include <limits>

#include "server/catalog/playbook_cache.hpp"
#include "server/decisions/log_notes.hpp"
#include "server/doctor/replay.hpp"
#include "server/executions/earlier_results.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/execution_table.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::doctor {
namespace {

using domain::Json;
using store::DoctorStatements;

constexpr int executions_page = 500;
constexpr int events_page = 2000;
constexpr int items_page = 2000;
constexpr std::size_t findings_max = 20;
constexpr std::size_t value_bytes_max = 120;

std::string shortened(const Json& value) {
  auto text = domain::json_text(value);
  if (text.size() > value_bytes_max) text = text.substr(0, value_bytes_max) + "…";
  return text;
}

Json parsed(const std::string& text) { return text.empty() ? Json() : Json::parse(text); }

// The first difference, as "at /results/fetch: stored 1, replayed 2"; empty when there is none.
std::string difference(const Json& stored, const Json& replayed) {
  const auto patch = Json::diff(stored, replayed);
  if (patch.empty()) return {};
  const Json::json_pointer place(patch[0].at("path").get<std::string>());
  const auto at = [&](const Json& whole) {
    return whole.contains(place) ? shortened(whole.at(place)) : std::string("nothing");
  };
  return "at " + (place.empty() ? std::string("the root") : place.to_string()) + ": stored " + at(stored) +
         ", replayed " + at(replayed) +
         (patch.size() > 1 ? " (and " + std::to_string(patch.size() - 1) + " more)" : "");
}

// Errors say more of where something failed than those of earlier releases do: what the stored one lacks is no difference.
void forget_members(const Json& stored, Json& replayed) {
  if (!stored.is_object() || !replayed.is_object()) return;
  for (auto member = replayed.begin(); member != replayed.end();) {
    if (!stored.contains(member.key())) {
      member = replayed.erase(member);
      continue;
    }
    forget_members(stored[member.key()], *member);
    ++member;
  }
}

void forget_new_details(const Json& stored, Json& replayed, const Json::json_pointer& place) {
  if (stored.contains(place) && replayed.contains(place)) forget_members(stored.at(place), replayed[place]);
}

// One execution within one snapshot.
class Inspection {
 public:
  Inspection(postgres::Session& session, catalog::PlaybookCache& playbooks, const ReplaySettings& settings)
      : session_(session), statements_(session), playbooks_(playbooks), settings_(settings) {}

  // Nothing when stored and replayed agree, or when the execution has left meanwhile.
  [[nodiscard]] std::optional<Halt> inspect(base::ExecutionId id) {
    const auto row = statements_.execution(id);
    if (!row) return std::nullopt;
    const auto playbook = playbooks_.get(row->catalog_id, session_);
    if (!playbook) return Halt{false, "its playbook cannot be read: " + playbook.error().message};
    const auto stored = Json::parse(row->state);
    const auto decisions = stored.value("decisions", std::int64_t{0});
    if (decisions == 0) return Halt{false, "it began before its log was numbered"};
    const auto workload = Json::parse(row->workload);
    Replay replay(**playbook, id, workload, elsewhere(id));
    if (auto halt = follow(replay, id, decisions)) return halt;
    return compare(replay, *row, stored);
  }

 private:
  [[nodiscard]] Elsewhere elsewhere(base::ExecutionId /*id*/) {
    return {.result = [this](base::ResultId result) { return stored_result(result); },
            .earlier = [this](base::ExecutionId earlier) { return earlier_state(earlier); }};
  }

  // As the text that it was: a preview of it is a piece of that.
  json::LazyJson stored_result(base::ResultId id) {
    const auto found = store::ExecutionTable(session_).results({id});
    return found.empty() ? json::LazyJson() : json::LazyJson::of_text(found.begin()->second);
  }

  std::optional<engine::State> earlier_state(base::ExecutionId id) {
    const auto row = statements_.execution(id);
    if (!row) return std::nullopt;
    auto state = engine::state_from_text(row->state);
    if (!state) return std::nullopt;
    executions::load_earlier_results(session_, id, *state);
    return std::move(*state);
  }

  // Applies the numbered rows in their order; rows that come early wait in `early`.
  std::optional<Halt> follow(Replay& replay, base::ExecutionId id, std::int64_t decisions) {
    std::map<std::int64_t, LoggedChange> early;
    std::int64_t next = 1, read = 0;
    base::EventId after;
    while (next <= decisions) {
      const auto page = statements_.changes(id, after, events_page);
      for (const auto& event : page) {
        LoggedChange change{event.event_type, event.step, event.node_id, parsed(event.payload), parsed(event.meta)};
        after = event.event_id;
        const auto number = change.meta.value(decisions::log_notes::sequence, std::int64_t{0});
        if (number == 0) continue;  // a client's event may have the word somewhere inside
        if (number < next || !early.emplace(number, std::move(change)).second) {
          return Halt{true, "number " + std::to_string(number) + " is in its log twice, again at event " +
                                event.event_id.str()};
        }
        for (auto ready = early.find(next); ready != early.end(); ready = early.find(++next)) {
          if (auto halt = replay.apply(ready->second)) return halt;
          early.erase(ready);
        }
      }
      read += static_cast<std::int64_t>(page.size());
      if (page.size() < events_page) break;
      if (read > settings_.events_max)
        return Halt{false, "its log is longer than " + std::to_string(settings_.events_max) + " rows"};
    }
    if (next == 1 && early.empty()) return Halt{false, "its log is gone"};
    if (next <= decisions) {
      return Halt{true, "its state counts " + std::to_string(decisions) + " changes, number " + std::to_string(next) +
                            " is not in its log"};
    }
    if (!early.empty())
      return Halt{true, "its log has change " + std::to_string(early.begin()->first) + ", its state counts " +
                            std::to_string(decisions)};
    return std::nullopt;
  }

  std::optional<Halt> compare(const Replay& replay, const store::InspectedExecution& row, const Json& stored) {
    for (const auto& found :
         {compare_state(replay, stored), compare_row(replay, row), compare_commands(replay, row.execution_id),
          compare_items(replay, row.execution_id), compare_results(replay)}) {
      if (!found.empty()) return Halt{true, found};
    }
    return std::nullopt;
  }

  static std::string compare_state(const Replay& replay, const Json& stored) {
    Json replayed = Json::parse(engine::state_text(replay.state()));
    forget_new_details(stored, replayed, Json::json_pointer("/bookkeeping/failure"));
    if (const Json::json_pointer loops("/bookkeeping/loops"); replayed.contains(loops)) {
      for (const auto& [node, loop] : replayed.at(loops).items())
        forget_new_details(stored, replayed, loops / node / "first_error");
    }
    const auto found = difference(stored, replayed);
    return found.empty() ? found : "the state differs " + found;
  }

  static std::string compare_row(const Replay& replay, const store::InspectedExecution& row) {
    const auto& finish = replay.finish();
    const Json stored{{"status", row.status},
                      {"outstanding", row.outstanding},
                      {"current_step", row.current_step},
                      {"result", parsed(row.result)},
                      {"error", parsed(row.error)}};
    const Json replayed{{"status", finish ? domain::to_string(finish->status) : std::string_view("running")},
                        {"outstanding", replay.state().outstanding.size()},
                        {"current_step", replay.state().current_step},
                        {"result", finish ? finish->result.get() : Json()},
                        {"error", finish ? finish->error : Json()}};
    Json shown = Json::parse(domain::json_text(replayed));
    forget_new_details(stored, shown, Json::json_pointer("/error"));
    // Earlier releases gave a failed execution the result of the step before.
    if (stored["status"] == "failed" && shown["result"].is_null()) shown["result"] = stored["result"];
    const auto found = difference(stored, shown);
    return found.empty() ? found : "the row differs " + found;
  }

  std::string compare_commands(const Replay& replay, base::ExecutionId id) {
    std::set<std::string> missing = replay.nodes();
    std::set<std::string> ended = replay.open_nodes();
    for (const auto& node : statements_.nodes(id)) {
      if (!replay.nodes().contains(node.node_id))
        return "node '" + node.node_id + "' is in the queue, but was never issued";
      if (node.is_open && !replay.open_nodes().contains(node.node_id)) {
        return "node '" + node.node_id + "' is queued or running, but its end is in the log";
      }
      missing.erase(node.node_id);
      if (node.is_open) ended.erase(node.node_id);
    }
    if (!missing.empty()) return "node '" + *missing.begin() + "' was issued, but is not in the queue";
    if (!ended.empty()) return "node '" + *ended.begin() + "' has ended in the queue, but not in the log";
    return {};
  }

  std::string compare_items(const Replay& replay, base::ExecutionId id) {
    std::size_t expected = 0, found = 0;
    for (const auto& [loop, items] : replay.items()) expected += items.size();
    std::string loop;
    int index = -1;
    for (;;) {
      const auto page = statements_.loop_items(id, loop, index, items_page);
      for (const auto& stored : page) {
        if (auto wrong = compare_item(replay, stored); !wrong.empty()) {
          return "item " + std::to_string(stored.index) + " of loop '" + stored.loop + "' " + wrong;
        }
        loop = stored.loop;
        index = stored.index;
      }
      found += page.size();
      if (page.size() < items_page) break;
    }
    if (found == expected) return {};
    return "its loops have " + std::to_string(expected) + " items by the log, and " + std::to_string(found) + " rows";
  }

  static std::string compare_item(const Replay& replay, const store::InspectedItem& stored) {
    const auto loop = replay.items().find(stored.loop);
    if (loop == replay.items().end() || !loop->second.contains(stored.index)) return "is stored, but was never begun";
    const auto& item = loop->second.at(stored.index);
    const std::string status = !item.result ? "pending" : item.is_completed ? "completed" : "failed";
    if (stored.status != status) return "is " + stored.status + ", by the log " + status;
    if (Json::parse(stored.item) != item.item)
      return "is another one than by the log: " + difference(Json::parse(stored.item), item.item);
    if (!item.result) return {};
    const Json result = Json::parse(stored.result);
    Json replayed = *item.result;
    if (!item.is_completed) forget_members(result, replayed);
    return result == replayed ? "" : "has another result than by the log: " + difference(result, replayed);
  }

  std::string compare_results(const Replay& replay) {
    for (const auto& [id, json] : replay.results()) {
      const auto stored = store::ExecutionTable(session_).results({id});
      if (stored.empty()) return "result " + id.str() + " is not stored";
      const auto found = difference(Json::parse(stored.begin()->second), Json::parse(json));
      if (!found.empty()) return "result " + id.str() + " differs " + found;
    }
    return {};
  }

  postgres::Session& session_;
  DoctorStatements statements_;
  catalog::PlaybookCache& playbooks_;
  const ReplaySettings& settings_;
};

struct Tally {
  std::int64_t agreed = 0, unseen = 0;
  std::string first_unseen;
};

void inspect(postgres::ConnectionPool& connections, catalog::PlaybookCache& playbooks, const ReplaySettings& settings,
             base::ExecutionId id, Check& check, Tally& tally) {
  std::optional<Halt> halt;
  connections.transact([&](postgres::Session& session) {
    // What is stored may be damaged in any way: a text that is no JSON ends this execution's inspection, not the check.
    try {
      halt = Inspection(session, playbooks, settings).inspect(id);
    } catch (const Json::exception& error) {
      halt = Halt{true, std::string("what is stored of it cannot be read: ") + error.what()};
    }
  });
  if (!halt) {
    ++tally.agreed;
  } else if (!halt->is_contradiction) {
    if (tally.unseen++ == 0) tally.first_unseen = id.str() + ": " + halt->why;
  } else {
    ++check.total;
    if (check.findings.size() < findings_max) check.findings.push_back({id.str(), halt->why});
  }
}

}  // namespace

Check check_replays(postgres::ConnectionPool& connections, const ReplaySettings& settings) {
  Check check{.name = "state is the fold of the log",
              .rule = "R5",
              .verdict = Verdict::ok,
              .summary = {},
              .cure =
                  "The execution cannot be trusted to go on: cancel it, run it again from a step whose "
                  "results are right "
                  "(`noetlctl execution rerun ID --from STEP`), and report it with its events (`noetlctl "
                  "execution events ID -o json`).",
              .total = 0,
              .findings = {}};
  catalog::PlaybookCache playbooks(connections);
  Tally tally;
  base::ExecutionId before{std::numeric_limits<std::int64_t>::max()};
  std::int64_t left = settings.executions_max == 0 ? std::numeric_limits<std::int64_t>::max() : settings.executions_max;
  while (left > 0) {
    std::vector<base::ExecutionId> page;
    const auto limit = static_cast<int>(std::min<std::int64_t>(left, executions_page));
    connections.transact(
        [&](postgres::Session& session) { page = DoctorStatements(session).executions(before, limit); });
    for (const auto id : page) inspect(connections, playbooks, settings, id, check, tally);
    left -= static_cast<std::int64_t>(page.size());
    if (page.size() < static_cast<std::size_t>(limit)) break;
    before = page.back();
  }
  check.summary = std::to_string(tally.agreed) + " executions replayed and found as stored";
  if (tally.unseen > 0)
    check.summary += "; " + std::to_string(tally.unseen) + " cannot be replayed, the newest: " + tally.first_unseen;
  if (check.total > 0) {
    check.verdict = Verdict::broken;
    check.summary = std::to_string(check.total) + " executions differ, the first: " + check.findings.front().id + " " +
                    check.findings.front().what + "; " + check.summary;
  }
  return check;
}

}  // namespace noetl::doctor
