#include "cli/text/error_text.hpp"

#include <string_view>

#include "cli/text/output.hpp"

namespace noetl::cli {
namespace {

std::string member(const Json& object, std::string_view name) {
  return object.is_object() ? cell_text(object, name) : std::string();
}

void add_line(std::string& text, std::string_view line) {
  if (!line.empty()) text += "\n  " + std::string(line);
}

void add_lines(std::string& text, std::string_view title, std::string lines) {
  while (!lines.empty() && lines.back() == '\n') lines.pop_back();
  if (lines.empty()) return;
  if (!title.empty()) add_line(text, title);
  text += "\n    ";
  for (const char c : printable_lines(lines)) text += c == '\n' ? "\n    " : std::string(1, c);
}

void join(std::string& list, const std::string& part) {
  if (!part.empty()) list += (list.empty() ? "" : ", ") + part;
}

std::string attempt_of(const Json& error) {
  const auto attempt = member(error, "attempt");
  if (attempt.empty()) return {};
  const auto attempts = member(error, "attempts");
  return "attempt " + attempt + (attempts.empty() ? "" : " of " + attempts);
}

// "step transform, task clean, item 2, attempt 3 of 3"
std::string place_of(const Json& error) {
  std::string place;
  for (const auto* name : {"step", "task"}) {
    if (const auto value = member(error, name); !value.empty()) join(place, std::string(name) + " " + value);
  }
  if (const auto item = error.find("item"); item != error.end() && item->is_object()) {
    const auto value = member(*item, "value");
    join(place, "item " + member(*item, "index") + (value.empty() ? "" : " = " + value));
  }
  join(place, attempt_of(error));
  return place;
}

std::string statement_of(const Json& error) {
  std::string where;
  if (const auto statement = member(error, "statement"); !statement.empty()) {
    const auto statements = member(error, "statements");
    join(where, "statement " + statement + (statements.empty() ? "" : " of " + statements));
  }
  if (const auto position = member(error, "position"); !position.empty()) join(where, "character " + position);
  if (const auto state = member(error, "sqlstate"); !state.empty()) join(where, "SQLSTATE " + state);
  return where;
}

std::string raw(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add_child(std::string& text, const Json& error) {
  const Json* child = &error;
  while (true) {
    const auto next = child->find("child");
    if (next == child->end() || !next->is_object()) return;
    child = &*next;
    std::string line = "in playbook " + member(*child, "path") + ", execution " + member(*child, "execution_id");
    join(line, place_of(*child));
    add_line(text, line);
  }
}

}  // namespace

std::string error_text(const Json& error) {
  if (error.is_string()) return printable_lines(error.get_ref<const std::string&>());
  if (!error.is_object()) return {};
  std::string text = printable_lines(raw(error, "message"));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.empty()) text = member(error, "kind") == "cancelled" ? "cancelled, without a reason" : "no message";
  const auto place = place_of(error);
  add_line(text, place);
  std::string kind = "kind " + member(error, "kind");
  if (const auto status = member(error, "status"); !status.empty()) join(kind, "status " + status);
  add_line(text, kind);
  add_child(text, error);
  if (const auto url = member(error, "url"); !url.empty()) add_line(text, member(error, "method") + " " + url);
  add_lines(text, "the answer's body:", raw(error, "body"));
  add_line(text, statement_of(error));
  if (const auto line = member(error, "line"); !line.empty())
    add_line(text, "line " + line + ": " + member(error, "code"));
  if (const auto templates = error.find("templates"); templates != error.end() && templates->is_array()) {
    for (const auto& one : *templates) {
      if (one.is_string()) add_line(text, "gave nothing: " + one.get<std::string>());
    }
  }
  if (const auto lines = raw(error, "stderr");
      text.find(lines.substr(0, lines.find_last_not_of("\n ") + 1)) == std::string::npos)
    add_lines(text, "stderr:", lines);
  add_lines(text, "", raw(error, "traceback"));
  return text;
}

std::string event_text(const Json& event) {
  const auto type = member(event, "event_type");
  const auto payload = event.find("payload");
  if (payload == event.end() || !payload->is_object()) return {};
  if (type == "command.log") {
    auto text = raw(*payload, "output");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return printable_lines(text);
  }
  if (type == "command.progress") {
    std::string text;
    if (const auto fraction = payload->find("fraction"); fraction != payload->end() && fraction->is_number())
      join(text, std::to_string(static_cast<int>(fraction->get<double>() * 100.0)) + " %");
    if (const auto rows = member(*payload, "rows"); !rows.empty()) join(text, rows + " rows");
    join(text, member(*payload, "text"));
    return text;
  }
  if (type == "task.retry")
    return "attempt " + member(*payload, "attempt") + " in " + member(*payload, "delay_ms") + " ms";
  const auto error = payload->find("error");
  const bool is_end =
      type == "call.error" || type == "playbook.failed" || type == "sink.failed" || type == "command.cancelled";
  if (!is_end || error == payload->end()) return {};
  std::string text = error->is_object() ? printable_lines(raw(*error, "message")) : cell_text(*payload, "error");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (type != "call.error" || !error->is_object()) return text;
  std::string place;
  if (const auto item = error->find("item"); item != error->end()) join(place, "item " + member(*item, "index"));
  if (member(*error, "attempts") != "1") join(place, attempt_of(*error));
  return place.empty() ? text : text + " (" + place + ")";
}

}  // namespace noetl::cli
