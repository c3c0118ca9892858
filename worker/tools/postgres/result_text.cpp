#include "worker/tools/postgres/result_text.hpp"

#include <algorithm>

#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

RowHandler ResultText::handler() {
  begin_next();
  return {.columns = [this](const std::vector<Column>& columns) { take_columns(columns); },
          .row = [this](std::span<const Cell> cells) { return take_row(cells); }};
}

void ResultText::begin_next() {
  rows_.clear();
  columns_.clear();
  members_.clear();
  types_.clear();
}

void ResultText::take_columns(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) {
    // JSON objects that name a member twice are refused: a repeated column gets a number.
    std::string name = storable_text(column.name);
    for (int i = 2; std::find(names.begin(), names.end(), name) != names.end(); ++i) {
      name = storable_text(column.name) + "_" + std::to_string(i);
    }
    const std::string text = to_text(nlohmann::json(name));
    columns_ += (columns_.empty() ? "" : ",") + text;
    members_.push_back((members_.empty() ? "" : ",") + text + ":");
    types_.push_back(column.type);
    names.push_back(std::move(name));
  }
}

bool ResultText::take_row(std::span<const Cell> cells) {
  rows_ += rows_.empty() ? "{" : ",{";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    rows_ += members_[i];
    if (cells[i]) {
      append_json(rows_, types_[i], *cells[i], numeric_);
    } else {
      rows_ += "null";
    }
  }
  rows_ += '}';
  is_full_ = rows_.size() + commands_.size() > bytes_max_;
  return !is_full_;
}

void ResultText::end_statement(const StatementEnd& end) {
  commands_ += "\"command_" + std::to_string(count_++) + R"(":{"status":"success",)";
  const std::string count = std::to_string(end.row_count);
  if (end.returns_rows) {
    last_rows_ = "[" + rows_ + "]";
    last_columns_ = "[" + columns_ + "]";
    last_count_ = end.row_count;
    commands_ += R"("rows":)" + last_rows_ + R"(,"columns":)" + last_columns_ + R"(,"row_count":)" + count +
                 R"(,"message":"Query executed. )" + count + R"( rows returned."},)";
    // INSERT … RETURNING returns what it affects.
    if (!end.tag.starts_with("SELECT") && !end.tag.starts_with("SHOW") && !end.tag.starts_with("EXPLAIN")) affected_ += end.row_count;
  } else {
    affected_ += end.row_count;
    last_count_ = last_rows_ == "[]" ? end.row_count : last_count_;
    commands_ += R"("row_count":)" + count + R"(,"affected_rows":)" + count + R"(,"message":"Command executed. )" + count +
                 R"( rows affected."},)";
  }
  begin_next();
}

void ResultText::end_with_error(const domain::ToolError& error) {
  commands_ += "\"command_" + std::to_string(count_++) + R"(":{"status":"error","message":)" +
               to_text(nlohmann::json(error.message)) + "},";
  begin_next();
}

std::string ResultText::text(bool is_success, bool is_rolled_back) const {
  std::string text = "{" + commands_ + R"("status":")" + (is_success ? "success" : "error") + R"(","rows":)" + last_rows_ +
                     R"(,"columns":)" + last_columns_ + R"(,"row_count":)" + std::to_string(last_count_) +
                     R"(,"affected_rows":)" + std::to_string(affected_);
  if (is_rolled_back) text += R"(,"rolled_back":true)";
  return text + "}";
}

}  // namespace noetl::tools::postgres
