#pragma once
// What tools answer with: the few shapes of a ToolResult, and text made safe to store. Everything that
// leaves a tool passes here, because Postgres refuses NUL and invalid UTF-8, and one such text would
// fail a whole batch of reports. Free functions and values; any thread.
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/domain/json_shape.hpp"
#include "shared/domain/storable_json.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

[[nodiscard]] ToolResult completed(std::string result_json);
// An error of kind `cancelled` gives the outcome of that name.
[[nodiscard]] ToolResult failed(domain::ToolError error);
[[nodiscard]] ToolResult timed_out(std::string_view what);
[[nodiscard]] ToolResult cancelled();

// invalid_input, never retryable: the same input fails the same way.
[[nodiscard]] ToolResult refused(std::string message);

// A ToolError in one line. Whether it is retryable the table of kinds says, and the caller of those kinds that have exceptions there.
[[nodiscard]] domain::ToolError error_of(std::string kind, std::string message, std::optional<bool> is_retryable = {});
// What another part of the worker answered, as a tool's error.
[[nodiscard]] domain::ToolError error_of(const base::Error& error);
[[nodiscard]] ToolResult failed(const base::Error& error);

using domain::storable_text;

// JSON text of a value; invalid UTF-8 in it is replaced, never thrown about.
[[nodiscard]] std::string to_text(const Json& value);

// JSON that a program or a peer has written, as a tree of what can be stored (storable_json): discarded when it is none, or nests
// deeper than that, and then stays a text. Throws TooManyValues, which never_throws() tells as output_limit: a tree takes up to thirty times its text, and every
// slot of a worker shares its memory.
class TooManyValues : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "too many JSON values"; }
};
[[nodiscard]] Json parse_answer(std::string_view text, std::size_t values_max = domain::result_values_max,
                                std::size_t depth_max = domain::answer_depth_max);
[[nodiscard]] ToolResult too_many_values();

// The last whole lines of a text, at most so many bytes; empty when its last line is longer. What stands before the first
// line end of a tail may be half a secret, which nobody could find in it any more.
[[nodiscard]] std::string last_lines(std::string_view text, std::size_t bytes_max);

// Keeps the first bytes of a stream of unknown length and counts the rest.
class BoundedOutput {
 public:
  explicit BoundedOutput(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  void append(const char* bytes, std::size_t count);
  [[nodiscard]] bool is_cut() const { return bytes_seen_ > kept_.size(); }
  // Storable text; when cut, it ends with a mark and is still no longer than about bytes_max.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t bytes_max_;
  std::size_t bytes_seen_ = 0;
  std::string kept_;
};

// Calls act() and turns whatever it throws into an internal error: the one boundary of every tool.
template <class F>
[[nodiscard]] ToolResult never_throws(F&& act) {
  try {
    return act();
  } catch (const std::bad_alloc&) {
    return failed(error_of("memory_limit", "the worker has no memory for this call"));
  } catch (const TooManyValues&) {
    return too_many_values();
  } catch (const std::exception& error) {
    return failed(error_of("internal", error.what()));
  }
}

}  // namespace noetl::tools
