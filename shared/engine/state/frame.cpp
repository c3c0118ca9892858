#include "shared/engine/state/frame.hpp"

#include "shared/base/error.hpp"

namespace noetl::engine {
namespace {

void put(Json& json, const char* name, const Json& value) {
  if (!value.is_null() && !(value.is_structured() && value.empty())) json[name] = value;
}

Json take(const Json& json, const char* name, Json otherwise) {
  const auto found = json.find(name);
  return found == json.end() ? std::move(otherwise) : *found;
}

}  // namespace

Json to_json(const Frame& frame) {
  Json json = Json::object();
  if (frame.is_iteration()) {
    json["loop"] = frame.loop;
    json["index"] = frame.index;
    json["total"] = frame.total;
    // An item may be an empty map: it is kept as it is.
    json["item"] = frame.item;
  }
  put(json, "args", frame.args);
  put(json, "iter", frame.iter);
  if (frame.task != 0) json["task"] = frame.task;
  if (frame.attempt != 1) json["attempt"] = frame.attempt;
  if (frame.attempts != 1) json["attempts"] = frame.attempts;
  if (frame.commands != 1) json["commands"] = frame.commands;
  put(json, "results", frame.results);
  put(json, "previous", frame.previous);
  put(json, "overrides", frame.overrides);
  if (!frame.collected.is_null()) json["collected"] = frame.collected;
  if (frame.parts_stored != 0) json["parts_stored"] = frame.parts_stored;
  if (frame.requests != 1) json["requests"] = frame.requests;
  put(json, "sinks", frame.sinks);
  put(json, "ended", frame.ended);
  if (json.empty()) return nullptr;
  json["node"] = frame.node;
  json["step"] = frame.step;
  return json;
}

base::Result<Frame> frame_from_json(const Json& json) {
  // The value was written by to_json; anything else in that column is damage, which the caller reports.
  try {
    Frame frame;
    frame.node = json.at("node").get<std::string>();
    frame.step = json.at("step").get<std::string>();
    frame.loop = json.value("loop", std::string());
    frame.index = json.value("index", -1);
    frame.total = json.value("total", 0);
    frame.item = take(json, "item", nullptr);
    frame.args = take(json, "args", Json::object());
    frame.iter = take(json, "iter", nullptr);
    frame.task = json.value("task", std::size_t{0});
    frame.attempt = json.value("attempt", 1);
    frame.attempts = json.value("attempts", 1);
    frame.commands = json.value("commands", 1);
    frame.results = take(json, "results", nullptr);
    frame.previous = take(json, "previous", nullptr);
    frame.overrides = take(json, "overrides", nullptr);
    frame.collected = take(json, "collected", nullptr);
    frame.parts_stored = json.value("parts_stored", 0);
    frame.requests = json.value("requests", 1);
    frame.sinks = take(json, "sinks", nullptr);
    frame.ended = take(json, "ended", nullptr);
    return frame;
  } catch (const std::exception& error) {
    return base::failure(base::ErrorCode::internal, std::string("the stored frame cannot be read: ") + error.what());
  }
}

}  // namespace noetl::engine
