#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "shared/base/text/base64.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"
#include "worker/tools/transfer/cells/postgres_cell.hpp"
#include "worker/tools/transfer/rows.hpp"

namespace noetl::tools::transfer {

namespace {

// Gathers rows until a chunk is full.
class RowCollector {
 public:
  RowCollector(std::size_t rows_max, const TakeChunk& take) : rows_max_(rows_max), take_(take) {}

  void set_columns(std::vector<Column> columns) { columns_ = std::move(columns); }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  // False once the target has refused.
  bool add(std::vector<Cell> row) {
    rows_.push_back(std::move(row));
    if (rows_.size() >= rows_max_) pass_on();
    return !error_;
  }
  Outcome<void> finish() {
    if (!error_ && (!rows_.empty() || !has_passed_)) pass_on();
    if (error_) return tl::unexpected(*error_);
    return {};
  }
  [[nodiscard]] const std::optional<domain::ToolError>& error() const { return error_; }

 private:
  void pass_on() {
    has_passed_ = true;
    auto taken = take_({.columns = columns_, .rows = std::exchange(rows_, {})});
    if (!taken) error_ = taken.error();
  }

  std::size_t rows_max_;
  const TakeChunk& take_;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::optional<domain::ToolError> error_;
  bool has_passed_ = false;
};

Outcome<std::string> query_of(const ToolCall& call) {
  auto query = text_option(call, {"query", "command", "sql", "statement"});
  if (!query) return tl::unexpected(error_of(query.error()));
  if (!query->empty()) return *query;
  auto table = text_option(call, {"table"});
  if (!table) return tl::unexpected(error_of(table.error()));
  if (table->empty()) return tl::unexpected(refusal("the source of tool transfer needs 'query' or 'table'"));
  auto quoted = postgres::quoted_name(*table);
  if (!quoted) return tl::unexpected(error_of(quoted.error()));
  return "select * from " + *quoted;
}

Outcome<void> read_postgres(const Peers& peers, const ToolCall& call, RowCollector& collector) {
  const auto sql = query_of(call);
  if (!sql) return tl::unexpected(sql.error());
  const Json* parameters = find_option(call, {"params", "parameters"});
  std::size_t formats_used = 0;
  const auto statement = postgres::bind_parameters(*sql, parameters == nullptr ? Json() : *parameters, formats_used);
  if (!statement) return tl::unexpected(error_of(statement.error()));
  const auto target = postgres::target_of(call, peers.postgres.default_url());
  if (!target) return tl::unexpected(error_of(target.error()));
  const Waiter waiter(call.deadline, call.stop);
  auto connection = peers.postgres.pool().borrow(*target, waiter);
  if (!connection) return tl::unexpected(connection.error());
  std::vector<postgres::TypeId> ids;
  const postgres::Types& types = (*connection)->types();
  const postgres::RowHandler handler{
      .columns =
          [&](const std::vector<postgres::Column>& columns) {
            std::vector<Column> found;
            for (const auto& column : columns) {
              found.push_back({.name = column.name, .declared = declared_type(types, column)});
              ids.push_back(column.type);
            }
            collector.set_columns(std::move(found));
          },
      .row =
          [&](std::span<const postgres::Cell> cells) {
            std::vector<Cell> row;
            row.reserve(cells.size());
            for (std::size_t i = 0; i < cells.size(); ++i)
              row.push_back(cells[i] ? postgres_cell(types, ids[i], *cells[i]) : Cell{});
            return collector.add(std::move(row));
          }};
  auto end = (*connection)->run(*statement, handler, waiter, "the source's query");
  if (collector.error()) return tl::unexpected(*collector.error());
  if (!end) return tl::unexpected(end.error());
  if (!end->returns_rows) return tl::unexpected(refusal("the source's query returns no rows"));
  return {};
}

// Lists and structs keep their type where their JSON form says everything; else they are JSON.
bool is_plain_nested(const duckdb::ColumnType& type) {
  using duckdb::Type;
  constexpr std::array<Type, 17> plain{Type::boolean,  Type::tinyint,   Type::smallint, Type::integer, Type::bigint,
                                       Type::utinyint, Type::usmallint, Type::uinteger, Type::ubigint, Type::double_,
                                       Type::varchar,  Type::uuid,      Type::list,     Type::struct_, Type::array,
                                       Type::date,     Type::timestamp};
  if (type.is_json || std::find(plain.begin(), plain.end(), type.id) == plain.end()) return false;
  return std::all_of(type.inner.begin(), type.inner.end(), is_plain_nested);
}

std::string declared_type(const duckdb::ColumnType& type) {
  using duckdb::Type;
  if (type.id == Type::enum_ || type.id == Type::sqlnull) return "VARCHAR";
  if (!type.inner.empty() || type.id == Type::struct_) return is_plain_nested(type) ? type.sql() : "JSON";
  return type.sql();
}

Cell duckdb_cell(const duckdb::ColumnType& type, const std::string& json) {
  using duckdb::Type;
  Cell cell{.shape = Cell::Shape::text, .text = {}, .array = {}};
  if (!type.inner.empty() || type.id == Type::struct_) {
    cell.shape = Cell::Shape::json;
    cell.text = json;
    return cell;
  }
  if (json.starts_with('"')) {
    cell.text = Json::parse(json).get<std::string>();
  } else {
    cell.text = json;
  }
  switch (type.id) {
    case Type::boolean: cell.shape = Cell::Shape::boolean; break;
    case Type::blob:
      cell.shape = Cell::Shape::bytes;
      cell.text = base::base64_decoded(cell.text).value_or("");
      break;
    case Type::tinyint:
    case Type::smallint:
    case Type::integer:
    case Type::bigint:
    case Type::utinyint:
    case Type::usmallint:
    case Type::uinteger:
    case Type::ubigint:
    case Type::float_:
    case Type::double_:
    case Type::hugeint:
    case Type::uhugeint:
    case Type::decimal: cell.shape = Cell::Shape::number; break;
    default: cell.shape = type.is_json ? Cell::Shape::json : Cell::Shape::text;
  }
  return cell;
}

// What a row of a file is taken for.
enum class Reading { typed, fields, objects };

Outcome<void> run_duckdb(const Peers& peers, const ToolCall& call, const std::string& path, const std::string& sql,
                         const duckdb::RowHandler& rows, const RowCollector& collector) {
  auto session = duckdb::Session::open(peers.duckdb.databases(), path, call.deadline, call.stop);
  if (!session) return tl::unexpected(session.error());
  const duckdb::Session::Steps steps{
      .begin = {}, .rows = rows, .end = [&](const duckdb::StatementEnd&) { return !collector.error(); }};
  const Json* parameters = find_option(call, {"params", "parameters"});
  auto ran = (*session)->run(sql, parameters == nullptr ? Json() : *parameters, NumericAs::digits, steps);
  if (collector.error()) return tl::unexpected(*collector.error());
  return ran;
}

Outcome<void> read_duckdb(const Peers& peers, const ToolCall& call, const std::string& path, const std::string& sql,
                          RowCollector& collector, Reading reading) {
  std::vector<duckdb::ColumnType> types;
  const duckdb::RowHandler handler{
      .columns =
          [&](const std::vector<duckdb::ResultColumn>& columns) {
            std::vector<Column> found;
            for (const auto& column : columns) {
              found.push_back({.name = column.name, .declared = declared_type(column.type)});
              types.push_back(column.type);
            }
            collector.set_columns(std::move(found));
          },
      .row =
          [&](const std::function<void(std::string&, std::size_t)>& value) {
            std::vector<Cell> row;
            std::string json;
            for (std::size_t i = 0; i < types.size(); ++i) {
              json.clear();
              value(json, i);
              // A JSON null in a column of JSON has quotes here, as every text.
              row.push_back(json == "null" ? Cell{} : duckdb_cell(types[i], json));
              if (reading == Reading::fields && row.back().shape == Cell::Shape::text)
                row.back().shape = Cell::Shape::field;
            }
            return collector.add(std::move(row));
          }};
  return run_duckdb(peers, call, path, sql, handler, collector);
}

// A JSON file is read twice: once for the names, which any row may add to, and once for the rows.
Outcome<void> read_objects(const Peers& peers, const ToolCall& call, const std::string& file, RowCollector& collector) {
  const std::string sql = "select json::varchar from read_json_objects_auto(" + sql_text(file) + ")";
  std::vector<Column> columns;
  std::optional<domain::ToolError> problem;
  std::size_t row_number = 0;
  for (const bool is_for_names : {true, false}) {
    const duckdb::RowHandler handler{
        .columns = {}, .row = [&](const std::function<void(std::string&, std::size_t)>& value) {
          std::string quoted;
          value(quoted, 0);
          ++row_number;
          const Json text = Json::parse(quoted);
          if (!text.is_string() || !text.get_ref<const std::string&>().starts_with('{')) {
            problem = refusal("the source's file has an item that is no map: item " + std::to_string(row_number));
            return false;
          }
          const auto members = members_of(text.get_ref<const std::string&>());
          std::vector<Cell> row(is_for_names ? 0 : columns.size());
          for (const auto& [name, member] : members) {
            auto column =
                std::find_if(columns.begin(), columns.end(), [&](const Column& one) { return one.name == name; });
            if (is_for_names && column == columns.end()) columns.push_back({.name = name, .declared = {}});
            if (!is_for_names) row[static_cast<std::size_t>(column - columns.begin())] = cell_of_text(member);
          }
          return is_for_names || collector.add(std::move(row));
        }};
    auto ran = run_duckdb(peers, call, ":memory:", sql, handler, collector);
    if (problem) return tl::unexpected(*problem);
    if (!ran) return ran;
    if (is_for_names) collector.set_columns(columns);
  }
  return {};
}

// The member that a dotted path names; nothing when there is none.
const Json* member_at(const Json& value, const std::string& path) {
  const Json* at = &value;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, dot - begin);
    if (!at->is_object() || !at->contains(name)) return nullptr;
    at = &at->at(name);
    begin = dot + 1;
  }
  return at;
}

Outcome<void> read_http(const Peers& peers, const ToolCall& call, RowCollector& collector) {
  ToolCall request = call;
  request.tool["kind"] = "http";
  for (const char* own : {"type", "data_path", "mapping", "chunk_size"}) request.tool.erase(own);
  const ToolResult answer = peers.http.run(request);
  if (answer.error) return tl::unexpected(*answer.error);
  const Json parsed = Json::parse(answer.result, nullptr, false);
  const Json body = parsed.is_object() ? parsed.value("data", Json()) : Json();
  if (parsed.is_object() && parsed.contains("data_b64"))
    return tl::unexpected(refusal("the source's answer is no text in its charset"));
  const std::string path = auth_field(call.tool, {"data_path", "path", "items"});
  const Json* items = member_at(body, path);
  if (items == nullptr) return tl::unexpected(refusal("the source's answer has no member '" + path + "'"));
  const Json list = items->is_object() ? Json::array({*items}) : *items;
  if (!list.is_array())
    return tl::unexpected(refusal("the source's answer is no list; 'data_path' says where in it the list is"));
  std::vector<Column> columns;
  for (const Json& item : list) {
    if (!item.is_object()) return tl::unexpected(refusal("the source's answer has an item that is no map"));
    for (const auto& [name, value] : item.items()) {
      const bool is_known =
          std::any_of(columns.begin(), columns.end(), [&](const Column& one) { return one.name == name; });
      if (!is_known) columns.push_back({.name = name, .declared = {}});
    }
  }
  collector.set_columns(columns);
  for (const Json& item : list) {
    std::vector<Cell> row;
    for (const Column& column : columns)
      row.push_back(item.contains(column.name) ? cell_of(item.at(column.name)) : Cell{});
    if (!collector.add(std::move(row))) break;
  }
  return {};
}

// Only what DuckDB must know of the form: every field is a text, which the target's type reads.
Outcome<std::string> csv_sql(const ToolCall& call, const std::string& file) {
  std::string options = ", all_varchar=true, allow_quoted_nulls=false";
  if (find_option(call, {"header"}) != nullptr) {
    const auto header = bool_option(call, "header", true);
    if (!header) return tl::unexpected(error_of(header.error()));
    options += *header ? ", header=true" : ", header=false";
  }
  const std::string delimiter = auth_field(call.tool, {"delimiter"});
  if (!delimiter.empty()) options += ", delim=" + sql_text(delimiter);
  return "select * from read_csv(" + sql_text(file) + options + ")";
}

}  // namespace

base::Result<std::string> file_of(const Peers& peers, const std::string& path) {
  return reach_of(peers.duckdb.limits()).files.resolve(path, "path");
}

bool is_file_type(std::string_view type) { return type == "csv" || type == "parquet" || type == "json"; }

std::string sql_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

Outcome<void> read_source(const Peers& peers, const End& end, std::size_t rows_max, const TakeChunk& take) {
  RowCollector collector(rows_max, take);
  Outcome<void> read;
  if (end.type == "postgres") {
    read = read_postgres(peers, end.call, collector);
  } else if (end.type == "duckdb") {
    const auto sql = query_of(end.call);
    if (!sql) return tl::unexpected(sql.error());
    const auto file = peers.duckdb.database_file(auth_field(end.call.tool, {"database", "db_path"}));
    if (!file) return tl::unexpected(error_of(file.error()));
    read = read_duckdb(peers, end.call, *file, *sql, collector, Reading::typed);
  } else if (end.type == "http") {
    read = read_http(peers, end.call, collector);
  } else if (is_file_type(end.type)) {
    const std::string path = auth_field(end.call.tool, {"path", "file", "uri"});
    if (path.empty()) return tl::unexpected(refusal("the source of tool transfer needs 'path', the file"));
    const auto file = file_of(peers, path);
    if (!file) return tl::unexpected(error_of(file.error()));
    if (end.type == "json") {
      read = read_objects(peers, end.call, *file, collector);
    } else if (end.type == "csv") {
      const auto sql = csv_sql(end.call, *file);
      if (!sql) return tl::unexpected(sql.error());
      read = read_duckdb(peers, end.call, ":memory:", *sql, collector, Reading::fields);
    } else {
      read = read_duckdb(peers, end.call, ":memory:", "select * from read_parquet(" + sql_text(*file) + ")", collector,
                         Reading::typed);
    }
  } else {
    return tl::unexpected(error_of("unsupported", "the source of tool transfer is of type '" + end.type +
                                                      "'; known are postgres, duckdb, http, csv, parquet and json"));
  }
  if (!read) return read;
  return collector.finish();
}

}  // namespace noetl::tools::transfer
