#include "shared/engine/state/frame.hpp"

#include "shared/base/error.hpp"
#include "shared/engine/state/members.hpp"

namespace noetl::engine {
namespace {

using json::JsonCursor;
using json::LazyJson;

void put(MemberWriter& writer, const char* name, const Json& value) {
  if (!value.is_null() && !(value.is_structured() && value.empty())) writer.json(name, value);
}

void put_unless(MemberWriter& writer, const char* name, std::int64_t value, std::int64_t usual) {
  if (value != usual) writer.integer(name, value);
}

void append_sink(std::string& out, const Sink& sink) {
  MemberWriter writer(out);
  writer.json("input", sink.input);
  if (!sink.templates.empty()) append_list(writer.at("templates"), sink.templates, domain::append_json_string);
  writer.json("tool", sink.tool);
  writer.close();
}

Sink read_sink(JsonCursor& cursor) {
  Sink sink;
  read_members(cursor, [&](std::string_view name) {
    if (name == "tool") {
      sink.tool = read_json(cursor);
    } else if (name == "input") {
      sink.input = read_json(cursor);
    } else if (name == "templates") {
      for (cursor.array(); cursor.item();) sink.templates.push_back(cursor.text());
    } else {
      static_cast<void>(cursor.skip());
    }
  });
  return sink;
}

void append_ended(std::string& out, const HeldEnd& ended) {
  MemberWriter writer(out);
  append_list(writer.at("arrivals"), ended.tokens, append_token);
  if (!ended.error.is_null()) writer.json("error", ended.error);
  writer.at("is_handled") += ended.is_handled ? "true" : "false";
  writer.at("is_routed") += ended.is_routed ? "true" : "false";
  if (ended.made) writer.json("made", *ended.made);
  ended.result.append_to(writer.at("result"));
  if (ended.retry_ms) writer.integer("retry_ms", *ended.retry_ms);
  writer.close();
}

HeldEnd read_ended(JsonCursor& cursor) {
  HeldEnd ended;
  read_members(cursor, [&](std::string_view name) {
    if (name == "arrivals")
      ended.tokens = read_tokens(cursor);
    else if (name == "error")
      ended.error = read_json(cursor);
    else if (name == "is_handled")
      ended.is_handled = cursor.skip() == "true";
    else if (name == "is_routed")
      ended.is_routed = cursor.skip() == "true";
    else if (name == "made")
      ended.made = read_json(cursor);
    else if (name == "result")
      ended.result = LazyJson::of_text(std::string(cursor.skip()));
    else if (name == "retry_ms")
      ended.retry_ms = cursor.integer();
    else
      static_cast<void>(cursor.skip());
  });
  return ended;
}

// What is stored of a frame beside its node and its step; false: nothing.
bool says_more(const Frame& frame) {
  const auto is_there = [](const Json& value) { return !value.is_null() && !(value.is_structured() && value.empty()); };
  return frame.is_claim || frame.is_iteration() || is_there(frame.args) || is_there(frame.iter) || frame.task != 0 ||
         frame.attempt != 1 || frame.attempts != 1 || frame.commands != 1 || is_there(frame.results) ||
         is_there(frame.previous) || is_there(frame.overrides) || !frame.collected.is_null() ||
         frame.parts_stored != 0 || frame.requests != 1 || !frame.sinks.empty() || frame.ended;
}

int read_count(JsonCursor& cursor) { return static_cast<int>(cursor.integer()); }

// False: no value of a frame's own.
bool read_value(JsonCursor& cursor, std::string_view name, Frame& frame) {
  Json* const value = name == "args"        ? &frame.args
                      : name == "item"      ? &frame.item
                      : name == "iter"      ? &frame.iter
                      : name == "results"   ? &frame.results
                      : name == "previous"  ? &frame.previous
                      : name == "overrides" ? &frame.overrides
                      : name == "collected" ? &frame.collected
                                            : nullptr;
  if (value != nullptr) *value = read_json(cursor);
  return value != nullptr;
}

// False: no counter of a frame's.
bool read_counter(JsonCursor& cursor, std::string_view name, Frame& frame) {
  int* const counter = name == "index"          ? &frame.index
                       : name == "total"        ? &frame.total
                       : name == "attempt"      ? &frame.attempt
                       : name == "attempts"     ? &frame.attempts
                       : name == "commands"     ? &frame.commands
                       : name == "parts_stored" ? &frame.parts_stored
                       : name == "requests"     ? &frame.requests
                                                : nullptr;
  if (counter != nullptr) *counter = read_count(cursor);
  return counter != nullptr;
}

void read_member(JsonCursor& cursor, std::string_view name, Frame& frame) {
  if (read_value(cursor, name, frame) || read_counter(cursor, name, frame)) return;
  if (name == "node") {
    frame.node = cursor.text();
  } else if (name == "step") {
    frame.step = cursor.text();
  } else if (name == "loop") {
    frame.loop = cursor.text();
  } else if (name == "task") {
    frame.task = static_cast<std::size_t>(cursor.integer());
  } else if (name == "claim") {
    frame.is_claim = cursor.skip() == "true";
  } else if (name == "sinks") {
    for (cursor.array(); cursor.item();) frame.sinks.push_back(read_sink(cursor));
  } else if (name == "ended") {
    frame.ended = read_ended(cursor);
  } else {
    static_cast<void>(cursor.skip());
  }
}

}  // namespace

std::string whole_frame_text(const Frame& frame) {
  constexpr std::size_t usual_bytes = 256;
  std::string out;
  out.reserve(usual_bytes);
  MemberWriter writer(out);
  put(writer, "args", frame.args);
  put_unless(writer, "attempt", frame.attempt, 1);
  put_unless(writer, "attempts", frame.attempts, 1);
  if (frame.is_claim) writer.flag("claim");
  if (!frame.collected.is_null()) writer.json("collected", frame.collected);
  put_unless(writer, "commands", frame.commands, 1);
  if (frame.ended) append_ended(writer.at("ended"), *frame.ended);
  if (frame.is_iteration()) {
    writer.integer("index", frame.index);
    writer.json("item", frame.item);  // may be an empty map: it is kept as it is
  }
  put(writer, "iter", frame.iter);
  if (frame.is_iteration()) writer.text("loop", frame.loop);
  writer.text("node", frame.node);
  put(writer, "overrides", frame.overrides);
  put_unless(writer, "parts_stored", frame.parts_stored, 0);
  put(writer, "previous", frame.previous);
  put_unless(writer, "requests", frame.requests, 1);
  put(writer, "results", frame.results);
  if (!frame.sinks.empty()) append_list(writer.at("sinks"), frame.sinks, append_sink);
  writer.text("step", frame.step);
  put_unless(writer, "task", static_cast<std::int64_t>(frame.task), 0);
  if (frame.is_iteration()) writer.integer("total", frame.total);
  writer.close();
  return out;
}

std::string frame_text(const Frame& frame) { return says_more(frame) ? whole_frame_text(frame) : std::string(); }

base::Result<Frame> frame_from_text(std::string_view text) {
  // The text was written by frame_text; anything else in that column is damage, which the caller reports.
  const auto refused = [](const std::string& why) {
    return base::failure(base::ErrorCode::internal, "the stored frame cannot be read: " + why);
  };
  Frame frame;
  frame.commands = 1;
  JsonCursor cursor(text);
  try {
    read_members(cursor, [&](std::string_view name) { read_member(cursor, name, frame); });
  } catch (const Json::parse_error& error) {
    return refused(error.what());
  }
  if (cursor.has_failed() || !cursor.is_done())
    return refused("it is no map with the members of a frame, each of its kind");
  if (frame.node.empty() || frame.step.empty()) return refused("it names no node and no step");
  return frame;
}

namespace {
// The value of one member of a stored frame; empty: it has none, or is none.
std::string_view member_text(std::string_view text, std::string_view wanted) {
  std::string_view found;
  JsonCursor cursor(text);
  read_members(cursor, [&](std::string_view name) {
    const auto value = cursor.skip();
    if (name == wanted) found = value;
  });
  return found;
}
}  // namespace

int attempt_of_frame(std::string_view text) {
  if (text.empty()) return 1;
  const auto attempt = member_text(text, "attempt");
  JsonCursor cursor(attempt);
  return attempt.empty() ? 1 : read_count(cursor);
}

bool is_claim_frame(std::string_view text) { return !text.empty() && member_text(text, "claim") == "true"; }

}  // namespace noetl::engine
