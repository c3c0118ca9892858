#pragma once
// Progress: whom a tool tells how far it is while it runs. Owned by whoever makes the call, which may tell a person of it or
// not: nothing here changes what becomes of the call. Any thread; cheap enough for every line that is printed.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace noetl::tools {

struct ProgressNote {
  std::optional<double> fraction;  // of the whole, 0 to 1, where the whole is known
  std::optional<std::int64_t> rows;
  std::string text;  // a few words: "statement 2 of 5"
};

// "statement 2 of 5", before it runs; i from 0.
[[nodiscard]] inline ProgressNote statement_note(std::size_t i, std::size_t count) {
  return {.fraction = static_cast<double>(i) / static_cast<double>(count),
          .rows = {},
          .text = "statement " + std::to_string(i + 1) + " of " + std::to_string(count)};
}

class Progress {
 public:
  virtual ~Progress() = default;
  // What it prints, as it comes; a piece need not end with its line.
  virtual void print(std::string_view piece) = 0;
  // Where it stands now: the newest note is the one that counts.
  virtual void tell(ProgressNote note) = 0;
};

}  // namespace noetl::tools
