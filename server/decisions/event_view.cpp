#include "server/decisions/event_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/decisions/log_notes.hpp"
#include "shared/base/ids.hpp"
#include "shared/domain/command.hpp"

namespace noetl::decisions {

namespace {
using Json = nlohmann::json;
constexpr int attempt_events = 6;  // claimed, started, enter, call, exit, ended
constexpr int beginning_events = 3;
constexpr int id_bits_below_ms = 22;

// The id of the first event of an attempt: of the millisecond in which it was claimed, and after the command was issued, whatever the
// clocks say. It is made of what the command's row knows while it runs and the event's row afterwards, so that both show the same.
// What is below the millisecond tells attempts apart.
std::int64_t begin_id(const store::StoredEvent& stored) {
  const auto issued_ms = (stored.row.queue_id.value >> id_bits_below_ms) + 1;
  const auto ms = std::max(stored.claimed_ms - base::IdGenerator::epoch_ms, issued_ms);
  auto mixed = static_cast<std::uint64_t>(stored.row.queue_id.value) +
               static_cast<std::uint64_t>(stored.epoch) * 0x9E3779B97F4A7C15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  constexpr unsigned bits_of_three = 2;  // each has room for the ids of its beginning
  const auto low = (mixed >> (64U - id_bits_below_ms + bits_of_three)) << bits_of_three;
  return (ms << id_bits_below_ms) | static_cast<std::int64_t>(low);
}

class View {
 public:
  explicit View(const store::StoredEvent& stored) : stored_(stored) {}

  void add(std::string type, std::string status, const std::string& created_at, std::string payload, Json meta) {
    wire::EventRow row = stored_.row;
    row.event_id.value += static_cast<std::int64_t>(shown_.size());
    row.event_type = std::move(type);
    row.status = std::move(status);
    row.created_at = created_at;
    row.payload = std::move(payload);
    row.meta = meta.is_null() ? "null" : meta.dump();
    shown_.push_back(std::move(row));
  }

  void add_beginning() {
    const auto& row = stored_.row;
    const auto first = shown_.size();
    const Json of_command{{"command_id", row.queue_id.str()},
                          {"queue_id", row.queue_id.str()},
                          {"epoch", stored_.epoch},
                          {"worker_id", row.worker_id},
                          {"node_id", stored_.node_id}};
    const auto claimed_at = stored_.claimed_at.empty() ? row.created_at : stored_.claimed_at;
    add("command.claimed", "CLAIMED", claimed_at, of_command.dump(), nullptr);
    add("command.started", "RUNNING", claimed_at, of_command.dump(), nullptr);
    add("step.enter", "started", claimed_at, R"({"status":"started"})", nullptr);
    // By the time at which it began, not at which it ended.
    const auto begin = begin_id(stored_);
    if (row.event_id.is_set() && begin + beginning_events > row.event_id.value) return;
    for (auto at = first; at < shown_.size(); ++at)
      shown_[at].event_id.value = begin + static_cast<std::int64_t>(at - first);
  }

  void add_attempt(bool is_ok, const Json& meta) {
    const auto& row = stored_.row;
    add_beginning();
    const std::string inner = row.payload == "null" ? "{}" : row.payload;
    add(is_ok ? "call.done" : "call.error", is_ok ? "success" : "error", row.created_at, call_payload(inner), meta);
    add("step.exit", is_ok ? "completed" : "failed", row.created_at, inner, nullptr);
    add(is_ok ? "command.completed" : "command.failed", row.status, row.created_at, inner, meta);
  }

  void add_issued(const Json& issued) {
    for (const auto& command : issued) {
      if (shown_.size() >= base::IdGenerator::block_max) return;
      wire::EventRow row = stored_.row;
      add("command.issued", "PENDING", row.created_at, "null", command);
      auto& made = shown_.back();
      made.queue_id = {base::parse_id(command.value("queue_id", "")).value_or(0)};
      made.step = command.value("step", "");
      made.worker_id.clear();
    }
  }

  std::vector<wire::EventRow> take() { return std::move(shown_); }

 private:
  // call.done carries {response}, call.error {error}: the names that NoETL v1's clients read.
  static std::string call_payload(const std::string& payload) {
    constexpr std::string_view result = "{\"result\":";
    return payload.starts_with(result) ? "{\"response\":" + payload.substr(result.size()) : payload;
  }

  const store::StoredEvent& stored_;
  std::vector<wire::EventRow> shown_;
};
}  // namespace

int events_shown_of(std::size_t commands_issued) {
  return static_cast<int>(std::min<std::size_t>(attempt_events + commands_issued, base::IdGenerator::block_max));
}

std::vector<wire::EventRow> show_beginning(const store::StoredEvent& stored) {
  View view(stored);
  view.add_beginning();
  return view.take();
}

std::vector<wire::EventRow> show_running(const store::StoredEvent& running, std::int64_t now_ms) {
  // Nothing that is still to come gets an id below it, so that the end of this attempt follows its beginning.
  const auto begin = begin_id(running);
  if (begin + beginning_events > base::IdGenerator::first_id_at(now_ms)) return {};
  return show_beginning(running);
}

std::vector<wire::EventRow> show_event(const store::StoredEvent& stored) {
  View view(stored);
  Json meta = stored.row.meta == "null" ? Json{} : Json::parse(stored.row.meta);
  Json issued = Json::array();
  if (meta.is_object()) {
    if (meta.contains(log_notes::issued)) issued = std::move(meta[std::string(log_notes::issued)]);
    for (const auto note : {log_notes::issued, log_notes::sequence, log_notes::results}) meta.erase(std::string(note));
  }
  const auto outcome = domain::outcome_from_event_name(stored.row.event_type);
  const bool is_attempt = stored.row.queue_id.is_set() && outcome &&
                          (*outcome == domain::Outcome::completed || *outcome == domain::Outcome::failed);
  if (is_attempt) {
    view.add_attempt(*outcome == domain::Outcome::completed, meta);
  } else {
    view.add(stored.row.event_type, stored.row.status, stored.row.created_at, stored.row.payload,
             meta.empty() ? Json{} : meta);
  }
  view.add_issued(issued);
  return view.take();
}

}  // namespace noetl::decisions
