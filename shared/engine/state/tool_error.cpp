#include "shared/engine/state/tool_error.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "shared/domain/error_details.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/engine/state/large_results.hpp"

namespace noetl::engine {
namespace {

using domain::Json;

constexpr std::size_t item_bytes_written = 64 * 1024;

bool says_error(const Json& value) {
  if (!value.is_object()) return false;
  const auto status = value.find("status");
  return status != value.end() && status->is_string() && *status == "error";
}

const Json* failed_statement(const Json& value) {
  const auto* members = value.get_ptr<const Json::object_t*>();
  if (members == nullptr) return nullptr;
  for (auto member = members->lower_bound("command_"); member != members->end(); ++member) {
    if (!member->first.starts_with("command_")) break;
    if (says_error(member->second)) return &member->second;
  }
  return nullptr;
}

// The part of the result that says it failed.
const Json* failed_part(const Json& result) {
  if (says_error(result)) return &result;
  if (const Json* statement = failed_statement(result)) return statement;
  const Json* nested = map_member(result, "data");
  if (nested == nullptr) return nullptr;
  if (says_error(*nested)) return nested;
  return failed_statement(*nested);
}

std::optional<int> number_of(const Json& value, std::string_view name) {
  if (!value.is_object()) return std::nullopt;
  const auto found = value.find(name);
  if (found == value.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int>();
}

// As JSON, whole when it is short. Of a long text or list only the beginning is written out.
std::string beginning_of(const Json& item) {
  constexpr std::size_t bytes_max = 200;
  if (is_larger(item, item_bytes_written))
    return std::string(item.is_array()    ? "a list"
                       : item.is_object() ? "a map"
                                          : "a text") +
           " of more than " + std::to_string(item_bytes_written) + " bytes";
  auto text = domain::json_text(item);
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::optional<domain::ToolError> error_in_result(const Json& result) {
  const Json* part = failed_part(result);
  if (part == nullptr) return std::nullopt;
  domain::ToolError error;
  error.kind = "exception";
  std::optional<bool> says_retryable;
  const auto detail = part->find("error");
  if (detail != part->end() && detail->is_object()) {
    if (const auto kind = detail->find("kind"); kind != detail->end() && kind->is_string()) error.kind = *kind;
    error.message = text_of(*detail, {"message"});
    error.status = number_of(*detail, "status");
    const auto retryable = detail->find("retryable");
    if (retryable != detail->end() && retryable->is_boolean()) says_retryable = retryable->get<bool>();
  } else if (detail != part->end() && detail->is_string()) {
    error.message = detail->get<std::string>();
  }
  if (error.message.empty()) error.message = text_of(*part, {"message"});
  if (error.message.empty()) error.message = "the tool's result has status \"error\"";
  if (!error.status) error.status = number_of(*part, "status_code");
  error.is_retryable = says_retryable.value_or(domain::is_retryable_by_default(error.kind));
  return error;
}

Json to_json(const domain::ToolError& error) {
  Json json{{"kind", error.kind}, {"message", error.message}, {"retryable", error.is_retryable}};
  if (error.status) json["status"] = *error.status;
  if (error.retry_after) json["retry_after"] = static_cast<double>(error.retry_after->count()) / 1000.0;
  if (!error.traceback.empty()) json["traceback"] = error.traceback;
  if (!error.details.empty()) json.update(Json::parse(error.details));
  return json;
}

domain::ToolError tool_error_from_json(const Json& json) {
  domain::ToolError error;
  error.kind = json.value("kind", std::string("internal"));
  error.message = json.value("message", std::string());
  error.is_retryable = json.value("retryable", domain::is_retryable_by_default(error.kind));
  error.status = number_of(json, "status");
  // Rows of the queue and of the log have milliseconds, what templates see has seconds.
  if (const auto wait = json.find("retry_after_ms"); wait != json.end() && wait->is_number()) {
    error.retry_after = std::chrono::milliseconds(wait->get<std::int64_t>());
  } else if (const auto seconds = json.find("retry_after"); seconds != json.end() && seconds->is_number()) {
    error.retry_after = std::chrono::milliseconds(std::llround(seconds->get<double>() * 1000.0));
  }
  error.traceback = json.value("traceback", std::string());
  Json details = Json::object();
  for (const auto& detail : domain::error_details) {
    if (const auto found = json.find(detail.name); found != json.end()) details[std::string(detail.name)] = *found;
  }
  if (!details.empty()) error.details = details.dump();
  return error;
}

Json place_of(const Frame& frame, const Tried& tried) {
  Json place{{"step", frame.step}, {"attempt", tried.attempt}, {"attempts", std::max(tried.attempt, tried.attempts)}};
  if (!tried.task.empty()) place["task"] = tried.task;
  if (frame.is_iteration()) place["item"] = Json{{"index", frame.index}, {"value", beginning_of(frame.item)}};
  return place;
}

Json failure_details(Json error, const Json& place) {
  if (!error.is_object()) error = Json::object();
  for (const auto* name : {"kind", "message", "retryable", "retry_after", "index"}) error.erase(name);
  if (place.is_object()) error.update(place);
  error.erase("step");  // the execution's error has the step that failed it
  return error;
}

}  // namespace noetl::engine
