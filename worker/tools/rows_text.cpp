#include "worker/tools/rows_text.hpp"

#include <algorithm>

#include "worker/tools/results.hpp"

namespace noetl::tools {

void RowsText::begin_statement() {
  rows_.clear();
  columns_.clear();
  members_.clear();
}

void RowsText::set_columns(const std::vector<std::string>& names) {
  std::vector<std::string> taken;
  for (const std::string& wanted : names) {
    // JSON objects that name a member twice are refused: a repeated column gets a number.
    std::string name = storable_text(wanted);
    for (int i = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++i) {
      name = storable_text(wanted) + "_" + std::to_string(i);
    }
    const std::string text = to_text(nlohmann::json(name));
    columns_ += (columns_.empty() ? "" : ",") + text;
    members_.push_back((members_.empty() ? "" : ",") + text + ":");
    taken.push_back(std::move(name));
  }
}

std::string& RowsText::begin_row() {
  rows_ += rows_.empty() ? "{" : ",{";
  return rows_;
}

bool RowsText::end_row() {
  rows_ += '}';
  is_full_ = rows_.size() + commands_.size() > bytes_max_;
  return !is_full_;
}

void RowsText::end_statement(const Ending& ending) {
  commands_ += "\"command_" + std::to_string(count_++) + R"(":{"status":"success",)";
  const std::string count = std::to_string(ending.row_count);
  if (ending.returns_rows) {
    has_rows_ = true;
    last_rows_ = "[" + rows_ + "]";
    last_columns_ = "[" + columns_ + "]";
    last_count_ = ending.row_count;
    commands_ += R"("rows":)" + last_rows_ + R"(,"columns":)" + last_columns_ + R"(,"row_count":)" + count +
                 R"(,"message":"Query executed. )" + count + R"( rows returned."},)";
    if (ending.has_changed_rows) affected_ += ending.row_count;
  } else {
    affected_ += ending.row_count;
    if (!has_rows_) last_count_ = ending.row_count;
    commands_ += R"("row_count":)" + count + R"(,"affected_rows":)" + count + R"(,"message":"Command executed. )" +
                 count + R"( rows affected."},)";
  }
  begin_statement();
}

void RowsText::end_with_error(const domain::ToolError& error) {
  commands_ += "\"command_" + std::to_string(count_++) + R"(":{"status":"error","message":)" +
               to_text(nlohmann::json(error.message)) + "},";
  begin_statement();
}

std::string RowsText::text(bool is_success, bool is_rolled_back) const {
  std::string text = "{" + commands_ + R"("status":")" + (is_success ? "success" : "error") + R"(","rows":)" +
                     last_rows_ + R"(,"columns":)" + last_columns_ + R"(,"row_count":)" + std::to_string(last_count_) +
                     R"(,"affected_rows":)" + std::to_string(affected_);
  if (is_rolled_back) text += R"(,"rolled_back":true)";
  return text + "}";
}

}  // namespace noetl::tools
