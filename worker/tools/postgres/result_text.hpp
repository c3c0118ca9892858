#pragma once
// ResultText: the result of a postgres step as it grows, row by row, in the shape that both generations of
// playbooks read: command_0, command_1, … and the last rows at the top. Used by one thread.
#include <string>
#include <vector>

#include "worker/tools/postgres/connection.hpp"

namespace noetl::tools::postgres {

class ResultText {
 public:
  ResultText(std::size_t bytes_max, NumericAs numeric) : bytes_max_(bytes_max), numeric_(numeric) {}

  // Collects the rows of the statement that comes; it must outlive the statement.
  [[nodiscard]] RowHandler handler();
  void end_statement(const StatementEnd& end);
  void end_with_error(const domain::ToolError& error);
  // More bytes than may be kept have come.
  [[nodiscard]] bool is_full() const { return is_full_; }
  [[nodiscard]] std::string text(bool is_success, bool is_rolled_back) const;

 private:
  void take_columns(const std::vector<Column>& columns);
  bool take_row(std::span<const Cell> cells);
  void begin_next();

  std::size_t bytes_max_;
  NumericAs numeric_;
  std::size_t count_ = 0;        // of statements that have ended
  std::string commands_;         // "command_0":{…},
  std::string rows_;             // of the statement that runs
  std::string columns_;
  std::vector<std::string> members_;  // "name": of each column
  std::vector<TypeId> types_;
  std::string last_rows_ = "[]";  // of the last statement that returned some
  std::string last_columns_ = "[]";
  std::int64_t last_count_ = 0;
  std::int64_t affected_ = 0;     // by all statements
  bool is_full_ = false;
};

}  // namespace noetl::tools::postgres
