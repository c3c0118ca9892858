#include "worker/tools/duckdb/duckdb_tool.hpp"

#include <array>
#include <filesystem>

#include "shared/base/text/base64.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"
#include "worker/tools/rows_text.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 15> option_table{{
    {"database", "path",
     "file of the database below files-root, made when it is missing; default :memory:, which ends with the "
     "step; also "
     "`db_path`"},
    {"db_path", "path", "the same as `database`"},
    {"command", "SQL", "one or several statements; also `sql` and `statement`"},
    {"query", "SQL", "the same"},
    {"commands", "SQL or list", "a text, or a list of texts"},
    {"queries", "SQL or list", "the same"},
    {"statement", "SQL", "the same as `command`"},
    {"sql", "SQL", "the same as `command`"},
    {"command_b64", "text", "`command` in base64; so are query_b64, commands_b64 and queries_b64"},
    {"query_b64", "text", "`query` in base64"},
    {"commands_b64", "text", "`commands` in base64"},
    {"script", "map", "{uri, source: {type: file, http or inline}}: SQL that stands elsewhere"},
    {"params", "list or map", "a list for ? and $1; a map for $name; also `parameters`"},
    {"numeric", "text",
     "how decimals and huge integers come: exact (a number where it is exact, else a text), number or text"},
    {"returns", "text", "rows: the result is the list of the last rows; result: the map, which is the default"},
}};

base::Result<std::string> joined_sql(const Json& value, const std::string& option) {
  std::string sql;
  for (const Json& item : value.is_array() ? value : Json::array({value})) {
    if (!item.is_string())
      return base::failure(base::ErrorCode::invalid_input, "option '" + option + "' must be SQL as a text", option);
    sql += item.get_ref<const std::string&>() + "\n;\n";
  }
  return sql;
}

base::Result<bool> wants_rows(const ToolCall& call) {
  auto text = text_option(call, {"returns"}, "result");
  if (!text) return tl::unexpected(text.error());
  if (*text == "rows" || *text == "result") return *text == "rows";
  return base::failure(base::ErrorCode::invalid_input, "option 'returns' must be rows or result, not '" + *text + "'",
                       "returns");
}

// As the setting spells it and as the kernel does: DuckDB compares texts.
std::vector<std::string> folders_of(const reach::FilesRoot& root) {
  std::error_code error;
  const std::string canonical = std::filesystem::weakly_canonical(root.path(), error).string();
  std::vector<std::string> folders{root.path().string()};
  if (!error && canonical != folders.front()) folders.push_back(canonical);
  return folders;
}

ToolResult too_large(std::size_t bytes_max) {
  return failed(
      error_of("output_limit",
               "the rows have more than " + std::to_string(bytes_max) +
                   " bytes as JSON: select less, or write them to a file; what the statements wrote outside of a "
                   "transaction of their own stays written"));
}

}  // namespace

DuckdbTool::DuckdbTool(DuckdbSettings settings, ScriptSource scripts)
    : settings_(std::move(settings)),
      scripts_(std::move(scripts)),
      databases_(settings_.library_file,
                 {.memory_max = std::to_string(settings_.limits.memory_bytes_max / (1024 * 1024)) + "MiB",
                  .threads = settings_.threads,
                  .folders = folders_of(reach_of(settings_.limits).files)}) {}

std::span<const OptionSpec> DuckdbTool::options() const { return option_table; }

ToolResult DuckdbTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_sql(call); });
}

base::Result<std::string> DuckdbTool::sql_of(const ToolCall& call) const {
  std::string sql;
  bool is_given = false;
  for (const char* name : {"command", "commands", "query", "queries", "statement", "sql"}) {
    for (const bool is_base64 : {false, true}) {
      const std::string option = std::string(name) + (is_base64 ? "_b64" : "");
      const Json* value = find_option(call, {option});
      if (value == nullptr) continue;
      is_given = true;
      Json text = *value;
      if (is_base64) {
        auto decoded = value->is_string() ? base::base64_decoded(value->get_ref<const std::string&>()) : std::nullopt;
        if (!decoded)
          return base::failure(base::ErrorCode::invalid_input, "option '" + option + "' is not base64", option);
        text = *decoded;
      }
      auto joined = joined_sql(text, option);
      if (!joined) return joined;
      sql += *joined;
    }
  }
  if (is_given) return sql;
  if (find_option(call, {"script"}) != nullptr) return scripts_.read(call);
  return base::failure(base::ErrorCode::invalid_input,
                       "tool duckdb: no sql command provided; give one of the options command, query, "
                       "commands, queries, script",
                       "command");
}

base::Result<std::string> DuckdbTool::database_file(const std::string& path) const {
  if (path.empty() || path == ":memory:") return std::string(":memory:");
  return reach_of(settings_.limits).files.resolve(path, "database");
}

ToolResult DuckdbTool::run_sql(const ToolCall& call) {
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  const auto sql = sql_of(call);
  if (!sql) return failed(sql.error());
  const auto path = text_option(call, {"database", "db_path"}, ":memory:");
  if (!path) return failed(path.error());
  const auto numeric = numeric_option(call);
  if (!numeric) return failed(numeric.error());
  const auto only_rows = wants_rows(call);
  if (!only_rows) return failed(only_rows.error());
  const auto file = database_file(*path);
  if (!file) return failed(file.error());
  if (call.stop.stop_requested()) return cancelled();
  auto session = duckdb::Session::open(databases_, *file, *deadline, call.stop);
  if (!session) return failed(session.error());

  RowsText text(settings_.limits.result_bytes_max);
  std::size_t width = 0;
  const duckdb::Session::Steps steps{
      .begin =
          [&](std::size_t i, std::size_t count) {
            text.begin_statement();
            if (call.progress != nullptr) call.progress->tell(statement_note(i, count));
          },
      .rows = {.columns =
                   [&](const std::vector<duckdb::ResultColumn>& columns) {
                     width = columns.size();
                     std::vector<std::string> names;
                     for (const auto& column : columns) names.push_back(column.name);
                     text.set_columns(names);
                   },
               .row =
                   [&](const std::function<void(std::string&, std::size_t)>& cell) {
                     std::string& to = text.begin_row();
                     for (std::size_t i = 0; i < width; ++i) {
                       text.begin_cell(i);
                       cell(to, i);
                     }
                     return text.end_row();
                   }},
      .end =
          [&](const duckdb::StatementEnd& end) {
            if (text.is_full()) return false;
            text.end_statement(
                {.returns_rows = end.returns_rows, .has_changed_rows = false, .row_count = end.row_count});
            return true;
          }};
  const Json* parameters = find_option(call, {"params", "parameters"});
  const auto ran = (*session)->run(*sql, parameters == nullptr ? Json() : *parameters, *numeric, steps);
  if (text.is_full()) return too_large(settings_.limits.result_bytes_max);
  if (!ran) {
    text.end_with_error(ran.error());
    ToolResult result = failed(ran.error());
    result.result = text.text(false, false);
    return result;
  }
  ToolResult result = completed(*only_rows ? text.last_rows() : text.text(true, false));
  return result.result.size() > settings_.limits.result_bytes_max ? too_large(settings_.limits.result_bytes_max)
                                                                  : result;
}

}  // namespace noetl::tools
