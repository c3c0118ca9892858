#include "shared/engine/state/notes.hpp"

#include "shared/engine/state/members.hpp"

namespace noetl::engine {
namespace {

using json::JsonCursor;

Token read_token(JsonCursor& cursor) {
  Token token;
  read_members(cursor, [&](std::string_view name) {
    if (name == "args")
      token.args = read_json(cursor);
    else if (name == "step")
      token.step = cursor.text();
    else if (name == "is_of_item")
      token.is_of_item = cursor.skip() == "true";
    else if (name == "waits_its_turn")
      token.waits_its_turn = cursor.skip() == "true";
    else
      static_cast<void>(cursor.skip());
  });
  return token;
}

}  // namespace

void append_token(std::string& out, const Token& token) {
  MemberWriter writer(out);
  writer.json("args", token.args);
  if (token.is_of_item) writer.flag("is_of_item");
  writer.text("step", token.step);
  if (token.waits_its_turn) writer.flag("waits_its_turn");
  writer.close();
}

std::vector<Token> read_tokens(JsonCursor& cursor) {
  std::vector<Token> tokens;
  for (cursor.array(); cursor.item();) tokens.push_back(read_token(cursor));
  return tokens;
}

namespace {

void append_loop(std::string& out, const LoopNotes& loop) {
  const auto& cursor = loop.cursor;
  MemberWriter writer(out);
  if (!loop.args.empty()) writer.json("args", loop.args);
  if (cursor) writer.integer("claiming", cursor->claiming);
  if (cursor) writer.integer("claims", cursor->claims);
  writer.integer("completed", loop.completed);
  writer.integer("failed", loop.failed);
  if (!loop.first_error.is_null()) writer.json("first_error", loop.first_error);
  if (cursor && !cursor->frame.empty()) writer.json("frame", cursor->frame);
  if (loop.handled != 0) writer.integer("handled", loop.handled);
  if (cursor) writer.integer("lanes", cursor->lanes);
  writer.integer("limit", loop.limit);
  writer.integer("next", loop.next);
  if (loop.routed) append_list(writer.at("routed"), *loop.routed, append_token);
  if (cursor) writer.integer("rows_at_once", cursor->rows_at_once);
  writer.integer("running", loop.running);
  writer.text("step", loop.step);
  writer.integer("total", loop.total);
  writer.close();
}

// The counters of any loop; null: no name of one.
std::int64_t LoopNotes::*counter_named(std::string_view name) {
  if (name == "total") return &LoopNotes::total;
  if (name == "next") return &LoopNotes::next;
  if (name == "running") return &LoopNotes::running;
  if (name == "completed") return &LoopNotes::completed;
  if (name == "failed") return &LoopNotes::failed;
  if (name == "handled") return &LoopNotes::handled;
  if (name == "limit") return &LoopNotes::limit;
  return nullptr;
}

std::int64_t CursorNotes::*cursor_counter_named(std::string_view name) {
  if (name == "lanes") return &CursorNotes::lanes;
  if (name == "rows_at_once") return &CursorNotes::rows_at_once;
  if (name == "claiming") return &CursorNotes::claiming;
  if (name == "claims") return &CursorNotes::claims;
  return nullptr;
}

LoopNotes read_loop(JsonCursor& cursor) {
  LoopNotes loop;
  CursorNotes claims;
  read_members(cursor, [&](std::string_view name) {
    if (auto counter = counter_named(name)) {
      loop.*counter = cursor.integer();
    } else if (auto of_cursor = cursor_counter_named(name)) {
      claims.*of_cursor = cursor.integer();
      if (name == "lanes") loop.cursor.emplace();
    } else if (name == "step") {
      loop.step = cursor.text();
    } else if (name == "args") {
      loop.args = read_json(cursor);
    } else if (name == "first_error") {
      loop.first_error = read_json(cursor);
    } else if (name == "frame") {
      claims.frame = read_json(cursor);
    } else if (name == "routed") {
      loop.routed = read_tokens(cursor);
    } else {
      static_cast<void>(cursor.skip());
    }
  });
  if (loop.cursor) loop.cursor = std::move(claims);
  return loop;
}

}  // namespace

void append_notes(std::string& out, const Notes& notes) {
  const auto append_json = [](std::string& into, const Json& value) { domain::append_json(into, value); };
  MemberWriter writer(out);
  if (!notes.aliases.empty()) append_map(writer.at("aliases"), notes.aliases, domain::append_json_string);
  if (!notes.arrivals.empty()) append_list(writer.at("arrivals"), notes.arrivals, append_token);
  if (!notes.failure.is_null()) writer.json("failure", notes.failure);
  if (!notes.finished.empty()) writer.text("finished", notes.finished);
  if (!notes.last_result_step.empty()) writer.text("last_result_step", notes.last_result_step);
  if (!notes.loops.empty()) append_map(writer.at("loops"), notes.loops, append_loop);
  if (!notes.result_step.empty()) writer.text("result_step", notes.result_step);
  if (!notes.scopes.empty()) append_map(writer.at("scopes"), notes.scopes, append_json);
  for (const auto& [name, value] : notes.others) append_json(writer.at_any(name), value);
  writer.close();
}

Notes read_notes(JsonCursor& cursor) {
  Notes notes;
  read_members(cursor, [&](const std::string& name) {
    if (name == "last_result_step")
      notes.last_result_step = cursor.text();
    else if (name == "aliases")
      read_members(cursor, [&](const std::string& alias) { notes.aliases[alias] = cursor.text(); });
    else if (name == "arrivals")
      notes.arrivals = read_tokens(cursor);
    else if (name == "failure")
      notes.failure = read_json(cursor);
    else if (name == "finished")
      notes.finished = cursor.text();
    else if (name == "loops")
      read_members(cursor, [&](const std::string& node) { notes.loops[node] = read_loop(cursor); });
    else if (name == "result_step")
      notes.result_step = cursor.text();
    else if (name == "scopes")
      read_members(cursor, [&](const std::string& step) { notes.scopes[step] = read_json(cursor); });
    else
      notes.others[name] = read_json(cursor);
  });
  return notes;
}

}  // namespace noetl::engine
