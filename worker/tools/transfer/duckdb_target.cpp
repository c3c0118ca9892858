#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/postgres/sql/statements.hpp"
#include "worker/tools/transfer/cells/column_types.hpp"
#include "worker/tools/transfer/cells/duckdb_text.hpp"
#include "worker/tools/transfer/rows.hpp"
#include "worker/tools/transfer/whole_file.hpp"

namespace noetl::tools::transfer {

namespace {

// A table of a database, or, through a database of its own, a Parquet file. Rows wait as texts in a table beside it; a
// table that is there takes each chunk with the types that it has, a new one is made at the end, when all values are known.
class DuckdbTarget final : public Target {
 public:
  struct Plan {
    std::string table;
    bool is_emptied = false;
    std::optional<WholeFile> file;  // instead of the table
    std::filesystem::path scratch;  // the database of its own
    std::string waiting;  // the name of the table of texts
  };
  DuckdbTarget(Plan plan, std::unique_ptr<duckdb::Session> session)
      : plan_(std::move(plan)), session_(std::move(session)) {}
  ~DuckdbTarget() override {
    session_.reset();
    std::error_code ignored;  // files that may not be there
    if (!plan_.scratch.empty()) std::filesystem::remove_all(plan_.scratch, ignored);
  }

  Outcome<void> take(const Chunk& chunk) override {
    if (auto begun = begin(chunk); !begun) return begun;
    if (auto kept = keep(chunk); !kept) return kept;
    if (!exists_) return {};
    if (auto checked = check(); !checked) return checked;
    if (auto moved = run("insert into " + table() + " (" + names() + ") select " + casts() + " from " + plan_.waiting +
                         " order by rowid");
        !moved)
      return moved;
    first_row_ += chunk.rows.size();
    return run("drop table " + plan_.waiting);
  }
  Outcome<void> finish() override {
    if (exists_) return run("commit");
    for (std::size_t i = 0; i < columns_.size(); ++i) types_[i] = seen_->of(i);
    if (auto fitted = fit_all(); !fitted) return fitted;
    if (auto checked = check(); !checked) return checked;
    const std::string rows = "select " + casts() + " from " + plan_.waiting + " order by rowid";
    if (plan_.file) {
      if (auto written = run("copy (" + rows + ") to " + sql_text(plan_.file->part()) + " (format parquet)"); !written)
        return written;
      return plan_.file->finish();
    }
    if (auto made = run("create table " + table() + " as " + rows); !made) return made;
    if (auto dropped = run("drop table " + plan_.waiting); !dropped) return dropped;
    return run("commit");
  }

 private:
  Outcome<void> run(const std::string& sql, const duckdb::RowHandler& rows = {}) {
    return session_->run(sql, {}, NumericAs::exact, {.begin = {}, .rows = rows, .end = {}});
  }
  [[nodiscard]] std::string table() const { return postgres::quoted_identifier(plan_.table); }
  [[nodiscard]] std::string names() const {
    std::string names;
    for (const Column& column : columns_)
      names += (names.empty() ? "" : ", ") + postgres::quoted_identifier(column.name);
    return names;
  }
  [[nodiscard]] std::string casts() const {
    std::string casts;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      casts += (i == 0 ? "" : ", ") + duckdb_cast("c" + std::to_string(i), types_[i], false) + " as " +
               postgres::quoted_identifier(columns_[i].name);
    }
    return casts;
  }

  Outcome<void> begin(const Chunk& chunk) {
    if (has_begun_) return {};
    has_begun_ = true;
    columns_ = chunk.columns;
    types_.assign(columns_.size(), "");
    seen_.emplace(columns_, !plan_.file);
    if (!plan_.file) {
      std::size_t i = 0;
      const duckdb::RowHandler handler{.columns =
                                           [&](const std::vector<duckdb::ResultColumn>& found) {
                                             for (const auto& column : found) types_[i++] = column.type.sql();
                                           },
                                       .row = {}};
      const auto looked = run("select " + names() + " from " + table() + " limit 0", handler);
      exists_ = looked.has_value();
      if (!looked && looked.error().kind != "not_found") return looked;
    }
    if (auto begun = run("begin"); !begun) return begun;
    return exists_ && plan_.is_emptied ? run("delete from " + table()) : Outcome<void>();
  }

  // Into the table of texts.
  Outcome<void> keep(const Chunk& chunk) {
    std::string columns;
    std::vector<bool> is_blob;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      is_blob.push_back((exists_ ? types_[i] : columns_[i].declared) == "BLOB");
      columns += (i == 0 ? "c" : ", c") + std::to_string(i) + (is_blob.back() ? " BLOB" : " VARCHAR");
    }
    if (auto made = run("create table if not exists " + plan_.waiting + " (" + columns + ")"); !made) return made;
    std::string text;
    std::optional<domain::ToolError> problem;
    const auto cell = [&](std::size_t row, std::size_t column) -> duckdb::Session::AppendedCell {
      const Cell& value = chunk.rows[row][column];
      if (value.shape == Cell::Shape::null || problem) return std::nullopt;
      seen_->see(column, value);
      const std::string& declared = columns_[column].declared;
      // Of a column whose type the values say, the text as it came; fit_all() sees to it at the end.
      const bool is_open = !exists_ && (declared.empty() || declared == "NUMERIC" || declared.ends_with("HUGEINT") ||
                                        declared.starts_with("DECIMAL(") ||
                                        (plan_.file && (declared == "TIME WITH TIME ZONE" || declared == "INTERVAL")));
      auto fitted = is_open ? base::Result<std::string>(plain_text(value))
                            : duckdb_text(value, columns_[column], exists_ ? types_[column] : declared);
      if (!fitted) {
        problem = refusal("column '" + columns_[column].name + "', row " + std::to_string(rows_ + row + 1) + ": " +
                          fitted.error().message);
        return std::nullopt;
      }
      text = *std::move(fitted);
      return text;
    };
    auto appended = session_->append(plan_.waiting, is_blob, chunk.rows.size(), cell);
    if (problem) return tl::unexpected(*problem);
    rows_ += chunk.rows.size();
    return appended;
  }

  // Numbers like 1e2 and 1.0 have to be written as the integers that they are.
  Outcome<void> fit_all() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (types_[i] != "BIGINT" && types_[i] != "HUGEINT") continue;
      const std::string column = "c" + std::to_string(i);
      auto done = run("update " + plan_.waiting + " set " + column + " = cast(cast(" + column +
                      " as DECIMAL(38,0)) as varchar) where regexp_matches(" + column + ", '[.eE]')");
      if (!done) return done;
    }
    return {};
  }

  // Is there a text of which DuckDB cannot make its type? Names the first.
  Outcome<void> check() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string column = "c" + std::to_string(i);
      const std::string cast = duckdb_cast(column, types_[i], true);
      if (cast == column) continue;
      std::string row;
      std::string value;
      const duckdb::RowHandler handler{.columns = {},
                                       .row = [&](const std::function<void(std::string&, std::size_t)>& cell) {
                                         cell(row, 0);
                                         cell(value, 1);
                                         return true;
                                       }};
      auto looked =
          run("select rowid + 1 + " + std::to_string(first_row_) + ", " + column + "::varchar from " + plan_.waiting +
                  " where " + column + " is not null and " + cast + " is null order by rowid limit 1",
              handler);
      if (!looked) return looked;
      if (!row.empty())
        return tl::unexpected(refusal("column '" + columns_[i].name + "', row " + row + ": " + value.substr(0, 100) +
                                      " does not fit " + types_[i]));
    }
    return {};
  }

  Plan plan_;
  std::unique_ptr<duckdb::Session> session_;
  std::vector<Column> columns_;
  std::vector<std::string> types_;  // of a table that is there, or, at the end, of the new one
  std::optional<ColumnTypes> seen_;
  std::size_t rows_ = 0;
  std::size_t first_row_ = 0;  // of what waits, from 0
  bool has_begun_ = false;
  bool exists_ = false;
};

std::string random_mark() {
  std::random_device random;
  return std::to_string(getpid()) + "_" + std::to_string(random());
}

// CSV and JSON as we read them again: NULL is nothing and '' is "", numbers keep their digits.
class TextFileTarget final : public Target {
 public:
  TextFileTarget(WholeFile file, bool is_csv) : file_(std::move(file)), is_csv_(is_csv) {}

  Outcome<void> take(const Chunk& chunk) override {
    std::string text;
    if (!has_begun_ && is_csv_) {
      for (std::size_t i = 0; i < chunk.columns.size(); ++i) append_field(text, chunk.columns[i].name, i);
      text += '\n';
    }
    if (!has_begun_ && !is_csv_) text += "[\n";
    has_begun_ = true;
    for (const auto& row : chunk.rows) {
      ++rows_;
      if (is_csv_) {
        append_line(text, row);
      } else if (auto added = append_object(text, chunk.columns, row); !added) {
        return added;
      }
    }
    return file_.write(text);
  }
  Outcome<void> finish() override {
    if (!is_csv_) {
      if (auto written = file_.write(rows_ == 0 ? "]\n" : "\n]\n"); !written) return written;
    }
    return file_.finish();
  }

 private:
  static void append_field(std::string& to, const std::string& field, std::size_t column) {
    if (column > 0) to += ',';
    const bool is_quoted = field.empty() || field.find_first_of(",\"'\r\n;|\t#\\") != std::string::npos ||
                           field.front() == ' ' || field.back() == ' ';
    if (!is_quoted) {
      to += field;
      return;
    }
    to += '"';
    for (const char c : field) to += c == '"' ? std::string("\"\"") : std::string(1, c);
    to += '"';
  }
  static void append_line(std::string& to, const std::vector<Cell>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].shape != Cell::Shape::null) {
        append_field(to, plain_text(row[i]), i);
      } else if (i > 0) {
        to += ',';
      }
    }
    to += '\n';
  }
  Outcome<void> append_object(std::string& to, const std::vector<Column>& columns, const std::vector<Cell>& row) const {
    to += rows_ == 1 ? "\t{" : ",\n\t{";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].shape == Cell::Shape::json && row[i].text == "null") {
        return tl::unexpected(
            refusal("column '" + columns[i].name + "', row " + std::to_string(rows_) +
                    ": the JSON null cannot be told from NULL in a JSON file; write parquet or csv, or select "
                    "nullif(column, 'null')"));
      }
      to += (i == 0 ? "" : ",") + to_text(Json(columns[i].name)) + ":" + json_text(row[i]);
    }
    to += '}';
    return {};
  }

  WholeFile file_;
  bool is_csv_;
  bool has_begun_ = false;
  std::size_t rows_ = 0;
};

}  // namespace

Outcome<std::unique_ptr<Target>> open_duckdb(const Peers& peers, const ToolCall& call) {
  DuckdbTarget::Plan plan;
  plan.table = auth_field(call.tool, {"table"});
  if (plan.table.empty()) return tl::unexpected(refusal("the target of tool transfer needs 'table'"));
  const std::string mode = auth_field(call.tool, {"mode"});
  if (!mode.empty() && mode != "append" && mode != "insert" && mode != "replace") {
    return tl::unexpected(refusal("'mode' of a duckdb target must be append or replace, not '" + mode + "'"));
  }
  plan.is_emptied = mode == "replace";
  const std::string path = auth_field(call.tool, {"database", "db_path"});
  if (path.empty() || path == ":memory:")
    return tl::unexpected(refusal("a duckdb target needs 'database', a file: what is in memory ends with the step"));
  const auto file = peers.duckdb.database_file(path);
  if (!file) return tl::unexpected(error_of(file.error()));
  auto session = duckdb::Session::open(peers.duckdb.databases(), *file, call.deadline, call.stop);
  if (!session) return tl::unexpected(session.error());
  plan.waiting = "noetl_transfer_" + random_mark();
  return std::make_unique<DuckdbTarget>(std::move(plan), *std::move(session));
}

Outcome<std::unique_ptr<Target>> open_file(const Peers& peers, const End& end) {
  const std::string path = auth_field(end.call.tool, {"path", "file", "uri"});
  if (path.empty()) return tl::unexpected(refusal("the target of tool transfer needs 'path', the file"));
  const auto file = file_of(peers, path);
  if (!file) return tl::unexpected(error_of(file.error()));
  const std::string mark = random_mark();
  if (end.type != "parquet") return std::make_unique<TextFileTarget>(WholeFile(*file, mark), end.type == "csv");
  DuckdbTarget::Plan plan;
  plan.table = "rows";
  plan.waiting = "noetl_rows";
  plan.file.emplace(*file, mark);
  plan.scratch = std::filesystem::temp_directory_path() / ("noetl-transfer-" + mark);
  std::filesystem::create_directories(plan.scratch);
  auto session = duckdb::Session::open(peers.duckdb.databases(), (plan.scratch / "rows.duckdb").string(),
                                       end.call.deadline, end.call.stop);
  if (!session) {
    std::filesystem::remove_all(plan.scratch);
    return tl::unexpected(session.error());
  }
  return std::make_unique<DuckdbTarget>(std::move(plan), *std::move(session));
}

}  // namespace noetl::tools::transfer
