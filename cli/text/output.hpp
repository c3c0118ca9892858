#pragma once
// Output: answers as tables or JSON on stdout, everything else on stderr. Colours only on a terminal and
// without NO_COLOR. One thread.
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.hpp"

namespace noetl::cli {

using Json = nlohmann::json;

struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool is_out_terminal = false;
  bool is_err_terminal = false;
};

// One column of a table: its title and the field of each row that it shows.
struct Column {
  std::string_view title;
  std::string_view field;
};

class Output {
 public:
  Output(const Streams& streams, bool json, bool color) : streams_(streams), json_(json), color_(color) {}

  // In JSON mode `answer` as it is; else its rows (an array, or the first array in the object) as a table.
  void rows(const Json& answer, const std::vector<Column>& columns) const;
  // In JSON mode `answer`; else one "field: value" line per field, objects indented below. With names: only
  // those, in that order; an error always last, as error_text() has it.
  void fields(const Json& answer, std::vector<std::string> names = {}) const;
  // In JSON mode `answer`; else the line alone.
  void line(const Json& answer, std::string_view text) const;
  // What went wrong, on stderr, with every detail; the exit code that belongs to it.
  [[nodiscard]] int error(const base::Error& error) const;
  // A hint or a step of a long wait, on stderr; `progress` lines only on a terminal.
  void note(std::string_view text) const;
  void progress(std::string_view text) const;
  void end_progress() const;

  [[nodiscard]] bool is_json() const { return json_; }
  [[nodiscard]] std::ostream& out() const { return streams_.out; }

 private:
  [[nodiscard]] std::string painted(std::string_view field, const std::string& text) const;
  Streams streams_;
  bool json_;
  bool color_;
};

// The field as a cell: strings bare, lists joined with commas, nothing for null; control characters become '?'.
[[nodiscard]] std::string cell_text(const Json& row, std::string_view field);
// A text with its lines kept and other control characters as '?'.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace noetl::cli
