#pragma once
// RowsText: the result of a step that runs SQL as it grows, row by row, in the shape that both generations of
// playbooks read: command_0, command_1, … and the last rows at the top. Used by one thread.
#include <cstdint>
#include <string>
#include <vector>

#include "shared/domain/command.hpp"

namespace noetl::tools {

class RowsText {
 public:
  explicit RowsText(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  struct Ending {
    bool returns_rows = false;
    bool has_changed_rows = false;  // those that it returned
    std::int64_t row_count = 0;  // returned, or affected when none are returned
  };

  // One statement: begin, columns once, then for each row begin_row, begin_cell before each value, end_row.
  void begin_statement();
  void set_columns(const std::vector<std::string>& names);
  [[nodiscard]] std::string& begin_row();  // where the row's values are appended
  void begin_cell(std::size_t column) { rows_ += members_[column]; }
  [[nodiscard]] bool end_row();  // false: is_full()
  void end_statement(const Ending& ending);
  void end_with_error(const domain::ToolError& error);

  // More bytes than may be kept have come.
  [[nodiscard]] bool is_full() const { return is_full_; }
  [[nodiscard]] std::string text(bool is_success, bool is_rolled_back) const;
  // The last rows alone, as a list.
  [[nodiscard]] const std::string& last_rows() const { return last_rows_; }

 private:
  std::size_t bytes_max_;
  std::size_t count_ = 0;  // of statements that have ended
  std::string commands_;  // "command_0":{…},
  std::string rows_;  // of the statement that runs
  std::string columns_;
  std::vector<std::string> members_;  // "name": of each column
  std::string last_rows_ = "[]";  // of the last statement that returned some
  std::string last_columns_ = "[]";
  std::int64_t last_count_ = 0;
  bool has_rows_ = false;
  std::int64_t affected_ = 0;  // by all statements
  bool is_full_ = false;
};

}  // namespace noetl::tools
