#include <algorithm>
#include <optional>
#include <utility>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"
#include "worker/tools/transfer/rows.hpp"

namespace noetl::tools::transfer {

namespace {

domain::ToolError refusal(const std::string& message) { return error_of("invalid_input", message); }

// Gathers rows until a chunk is full.
class Gathering {
 public:
  Gathering(std::size_t rows_max, const TakeChunk& take) : rows_max_(rows_max), take_(take) {}

  void set_columns(std::vector<std::string> columns) { columns_ = std::move(columns); }
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  // False once the target has refused.
  bool add(Json row) {
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
  std::vector<std::string> columns_;
  std::vector<Json> rows_;
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

Outcome<void> read_postgres(const Peers& peers, const ToolCall& call, Gathering& gathering) {
  const auto sql = query_of(call);
  if (!sql) return tl::unexpected(sql.error());
  const Json* parameters = find_option(call, {"params", "parameters"});
  const auto statement = postgres::bind_parameters(*sql, parameters == nullptr ? Json() : *parameters);
  if (!statement) return tl::unexpected(error_of(statement.error()));
  const auto target = postgres::target_of(call, peers.postgres.default_url());
  if (!target) return tl::unexpected(error_of(target.error()));
  const Waiter waiter(call.deadline, call.stop);
  auto connection = peers.postgres.pool().borrow(*target, waiter);
  if (!connection) return tl::unexpected(connection.error());
  std::vector<postgres::TypeId> types;
  const postgres::RowHandler handler{
      .columns =
          [&](const std::vector<postgres::Column>& columns) {
            std::vector<std::string> names;
            for (const auto& column : columns) {
              names.push_back(column.name);
              types.push_back(column.type);
            }
            gathering.set_columns(std::move(names));
          },
      .row =
          [&](std::span<const postgres::Cell> cells) {
            Json row = Json::array();
            std::string text;
            for (std::size_t i = 0; i < cells.size(); ++i) {
              text.clear();
              if (cells[i]) postgres::append_json(text, types[i], *cells[i], NumericAs::exact);
              row.push_back(cells[i] ? Json::parse(text, nullptr, false) : Json());
            }
            return gathering.add(std::move(row));
          }};
  auto end = (*connection)->run(*statement, handler, waiter, "the source's query");
  if (gathering.error()) return tl::unexpected(*gathering.error());
  if (!end) return tl::unexpected(end.error());
  if (!end->returns_rows) return tl::unexpected(refusal("the source's query returns no rows"));
  return {};
}

Outcome<void> read_duckdb(const Peers& peers, const ToolCall& call, const std::string& path,
                          const std::string& sql, Gathering& gathering) {
  auto session = duckdb::Session::open(peers.duckdb.databases(), path, call.deadline, call.stop);
  if (!session) return tl::unexpected(session.error());
  const duckdb::Session::Steps steps{
      .begin = {},
      .rows = {.columns = [&](const std::vector<std::string>& names) { gathering.set_columns(names); },
               .row =
                   [&](const std::function<void(std::string&, std::size_t)>& cell) {
                     std::string text = "[";
                     for (std::size_t i = 0; i < gathering.columns().size(); ++i) {
                       if (i > 0) text += ',';
                       cell(text, i);
                     }
                     return gathering.add(Json::parse(text + "]", nullptr, false));
                   }},
      .end = [&](const duckdb::StatementEnd&) { return !gathering.error(); }};
  const Json* parameters = find_option(call, {"params", "parameters"});
  auto ran = (*session)->run(sql, parameters == nullptr ? Json() : *parameters, NumericAs::exact, steps);
  if (gathering.error()) return tl::unexpected(*gathering.error());
  return ran;
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

Outcome<void> read_http(const Peers& peers, const ToolCall& call, Gathering& gathering) {
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
    return tl::unexpected(
        refusal("the source's answer is no list; 'data_path' says where in it the list is"));
  std::vector<std::string> columns;
  for (const Json& item : list) {
    if (!item.is_object()) return tl::unexpected(refusal("the source's answer has an item that is no map"));
    for (const auto& [name, value] : item.items()) {
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
    }
  }
  gathering.set_columns(columns);
  for (const Json& item : list) {
    Json row = Json::array();
    for (const std::string& name : columns) row.push_back(item.value(name, Json()));
    if (!gathering.add(std::move(row))) break;
  }
  return {};
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
  Gathering gathering(rows_max, take);
  Outcome<void> read;
  if (end.type == "postgres") {
    read = read_postgres(peers, end.call, gathering);
  } else if (end.type == "duckdb") {
    const auto sql = query_of(end.call);
    if (!sql) return tl::unexpected(sql.error());
    const auto file = peers.duckdb.database_file(auth_field(end.call.tool, {"database", "db_path"}));
    if (!file) return tl::unexpected(error_of(file.error()));
    read = read_duckdb(peers, end.call, *file, *sql, gathering);
  } else if (end.type == "http") {
    read = read_http(peers, end.call, gathering);
  } else if (is_file_type(end.type)) {
    const std::string path = auth_field(end.call.tool, {"path", "file", "uri"});
    if (path.empty()) return tl::unexpected(refusal("the source of tool transfer needs 'path', the file"));
    const auto file = file_of(peers, path);
    if (!file) return tl::unexpected(error_of(file.error()));
    const std::string reader = end.type == "csv"    ? "read_csv_auto"
                               : end.type == "json" ? "read_json_auto"
                                                    : "read_parquet";
    read = read_duckdb(peers, end.call, ":memory:", "select * from " + reader + "(" + sql_text(*file) + ")",
                       gathering);
  } else {
    return tl::unexpected(
        error_of("unsupported", "the source of tool transfer is of type '" + end.type +
                                    "'; known are postgres, duckdb, http, csv, parquet and json"));
  }
  if (!read) return read;
  return gathering.finish();
}

}  // namespace noetl::tools::transfer
