#pragma once
// Notes: what the engine remembers of an execution beside its variables and results: tokens on their way, loops that
// are not over, how it failed. Stored as `bookkeeping` of the state. Values; any thread.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/domain/playbook.hpp"
#include "shared/json/json_cursor.hpp"

namespace noetl::engine {

using domain::Json;

// A step that something leads to, not yet entered: it waits for its other live upstreams.
struct Token {
  std::string step;
  Json args = Json::object();  // given by what led here, rendered already; override the step's own
  bool is_of_item = false;  // of a rule of a loop's round: a visit of its own, meets no other
  bool waits_its_turn = false;  // of a sequential loop: after the visit of the round before
};

// Of a loop whose items a statement claims, again and again, until it gives none.
struct CursorNotes {
  std::int64_t lanes = 0;  // that have not come to the end
  std::int64_t rows_at_once = 1;  // of one lane
  std::int64_t claiming = 0;  // claims under way
  std::int64_t claims = 0;  // claims so far
  Json frame = Json::object();  // `frame` of the loop, rendered
};

struct LoopNotes {
  std::string step;
  std::int64_t total = 0;  // items; a cursor adds to them
  std::int64_t next = 0;  // index of the first that is not begun
  std::int64_t running = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t handled = 0;  // of the failed: a rule said how to go on
  std::int64_t limit = 0;  // that may run at a time
  Json args = Json::object();  // given by what led to the loop
  Json first_error;  // of the first item that failed and was not handled; null: none has
  std::optional<std::vector<Token>>
      routed;  // where a rule of a round leads once the loop is over; set: it alone says so
  std::optional<CursorNotes> cursor;

  [[nodiscard]] std::int64_t under_way() const { return running + (cursor ? cursor->claiming : 0); }
  // One claim, or one item of a loop without claims, is under way at a time.
  [[nodiscard]] bool is_in_line() const { return cursor ? cursor->lanes <= 1 : limit == 1; }
};

struct Notes {
  std::map<std::string, std::string> aliases;  // name → step whose result it is as well
  std::vector<Token> arrivals;
  Json failure;  // the first: {kind, message, step, …}; null: none
  std::string finished;  // the final status; empty: it goes on
  std::string last_result_step;
  std::map<std::string, LoopNotes> loops;  // by node
  std::string result_step;  // that a `result` action named
  std::map<std::string, Json> scopes;  // step → what was set for it as `step.x`
  std::map<std::string, Json> others;  // of a later release: kept as they are
};

// As they are stored: the JSON text of a map, without what says nothing.
void append_notes(std::string& out, const Notes& notes);
// The reverse. What is no such map makes the cursor fail.
[[nodiscard]] Notes read_notes(json::JsonCursor& cursor);
void append_token(std::string& out, const Token& token);
[[nodiscard]] std::vector<Token> read_tokens(json::JsonCursor& cursor);

}  // namespace noetl::engine
