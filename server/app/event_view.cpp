#include "server/app/event_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/app/log_notes.hpp"
#include "shared/base/ids.hpp"
#include "shared/domain/command.hpp"

namespace noetl::app {

namespace {
using nlohmann::json;
constexpr int attempt_events = 6;  // claimed, started, enter, call, exit, ended

class View {
 public:
  explicit View(const store::StoredEvent& stored) : stored_(stored) {}

  void add(std::string type, std::string status, const std::string& created_at, std::string payload,
           json meta) {
    wire::EventRow row = stored_.row;
    row.event_id.value += static_cast<std::int64_t>(shown_.size());
    row.event_type = std::move(type);
    row.status = std::move(status);
    row.created_at = created_at;
    row.payload = std::move(payload);
    row.meta = meta.is_null() ? "null" : meta.dump();
    shown_.push_back(std::move(row));
  }

  void add_attempt(bool is_ok, const json& meta) {
    const auto& row = stored_.row;
    const json of_command{{"command_id", row.queue_id.str()},
                          {"queue_id", row.queue_id.str()},
                          {"epoch", stored_.epoch},
                          {"worker_id", row.worker_id},
                          {"node_id", stored_.node_id}};
    const auto claimed_at = stored_.claimed_at.empty() ? row.created_at : stored_.claimed_at;
    add("command.claimed", "CLAIMED", claimed_at, of_command.dump(), nullptr);
    add("command.started", "RUNNING", claimed_at, of_command.dump(), nullptr);
    add("step.enter", "started", claimed_at, R"({"status":"started"})", nullptr);
    const std::string inner = row.payload == "null" ? "{}" : row.payload;
    add(is_ok ? "call.done" : "call.error", is_ok ? "success" : "error", row.created_at, call_payload(inner),
        meta);
    add("step.exit", is_ok ? "completed" : "failed", row.created_at, inner, nullptr);
    add(is_ok ? "command.completed" : "command.failed", row.status, row.created_at, inner, meta);
  }

  void add_issued(const json& issued) {
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
  // call.done carries {response}, call.error {error}: the names that the seed's clients read.
  static std::string call_payload(const std::string& payload) {
    constexpr std::string_view result = "{\"result\":";
    return payload.starts_with(result) ? "{\"response\":" + payload.substr(result.size()) : payload;
  }

  const store::StoredEvent& stored_;
  std::vector<wire::EventRow> shown_;
};
}  // namespace

int events_shown_of(std::size_t commands_issued) {
  return static_cast<int>(
      std::min<std::size_t>(attempt_events + commands_issued, base::IdGenerator::block_max));
}

std::vector<wire::EventRow> show_event(const store::StoredEvent& stored) {
  View view(stored);
  json meta = stored.row.meta == "null" ? json{} : json::parse(stored.row.meta);
  json issued = json::array();
  if (meta.is_object()) {
    if (meta.contains(log_notes::issued)) issued = std::move(meta[std::string(log_notes::issued)]);
    for (const auto note : {log_notes::issued, log_notes::sequence, log_notes::results})
      meta.erase(std::string(note));
  }
  const auto outcome = domain::outcome_from_event_name(stored.row.event_type);
  const bool is_attempt = stored.row.queue_id.is_set() && outcome &&
                          (*outcome == domain::Outcome::completed || *outcome == domain::Outcome::failed);
  if (is_attempt) {
    view.add_attempt(*outcome == domain::Outcome::completed, meta);
  } else {
    view.add(stored.row.event_type, stored.row.status, stored.row.created_at, stored.row.payload,
             meta.empty() ? json{} : meta);
  }
  view.add_issued(issued);
  return view.take();
}

}  // namespace noetl::app
