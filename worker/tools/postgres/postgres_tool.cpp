#include "worker/tools/postgres/postgres_tool.hpp"

#include <algorithm>
#include <array>

#include "worker/tools/options.hpp"
#include "worker/tools/postgres/copy_rows.hpp"
#include "worker/tools/rows_text.hpp"

namespace noetl::tools {

namespace {

using namespace postgres;

constexpr std::array<OptionSpec, 28> option_table{{
    {"command", "SQL", "one or several statements; also `sql` and `statement`"},
    {"query", "SQL", "the same"},
    {"commands", "SQL or list", "a text, or a list of texts and of maps {command, params}"},
    {"queries", "SQL or list", "the same"},
    {"statement", "SQL", "the same as `command`: how sinks spell it"},
    {"sql", "SQL", "the same as `command`"},
    {"command_b64", "text", "`command` in base64; so are query_b64, commands_b64, queries_b64 and *_base64"},
    {"query_b64", "text", "`query` in base64"},
    {"commands_b64", "text", "`commands` in base64"},
    {"queries_b64", "text", "`queries` in base64"},
    {"command_base64", "text", "`command` in base64"},
    {"query_base64", "text", "`query` in base64"},
    {"script", "map", "{uri, source: {type: file, http or inline}}: SQL that stands elsewhere"},
    {"params", "list or map", "a list for $1, $2 or %s; a map for :name or %(name)s; also `parameters`"},
    {"parameters", "list or map", "the same as `params`"},
    {"table", "name", "instead of SQL: the table that rows are written into"},
    {"rows", "list or map", "those rows; also `data`, `from`, and the step's `args`"},
    {"data", "list or map", "the same as `rows`"},
    {"from", "list or map", "the same as `rows`"},
    {"mode", "text", "insert, upsert (needs `key`) or ignore; default insert, with `key` upsert"},
    {"key", "name or list", "columns of the unique constraint that upsert goes by"},
    {"copy", "map", "{table, columns, rows}: rows by COPY, for many of them"},
    {"transaction", "true or false",
     "all statements or none; default: true for several, unless they say BEGIN or cannot be in one"},
    {"numeric", "text", "how numeric comes: exact (a number where it is exact, else a text), number or text"},
    {"auth", "name or map",
     "credential of type postgres {db_host, db_port, db_user, db_password, db_name, sslmode}; also "
     "`credential`"},
    {"credential", "name or map", "the same as `auth`"},
    {"pool", "map", "read over: how many connections are kept is the worker's business, not the playbook's"},
    {"connection_string", "text", "a URL or libpq's keywords; without `auth`. Neither: the worker's tool-postgres-url"},
}};

domain::ToolError too_large(std::size_t bytes_max, std::string_view what_was_written) {
  return error_of("output_limit", "the rows have more than " + std::to_string(bytes_max) +
                                      " bytes as JSON: select less, or use the tool transfer; " +
                                      std::string(what_was_written));
}

struct Plain {
  std::string text;
  operator Statement() const { return {.text = text, .values = {}, .places = {}}; }  // NOLINT: meant to convert
};

// Which statement, and which line of the step's SQL.
void add_place(domain::ToolError& error, const Statement& statement, std::size_t number, std::size_t count) {
  add_details(error, {{"statement", number}, {"statements", count}});
  if (statement.line == 0) return;
  // Postgres counts characters, of which the first byte is none that goes on with one.
  auto left = Json::parse(error.details).value("position", 1);
  std::size_t at = 0;
  const auto is_inner = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  while (at < statement.text.size() && (is_inner(statement.text[at]) || --left > 0)) ++at;
  const std::string_view text(statement.text);
  const auto before = text.substr(0, at);
  auto line = text.substr(before.rfind('\n') + 1);  // npos + 1 is 0
  line = line.substr(0, line.find_first_of("\r\n"));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  add_details(error,
              {{"line", statement.line + std::count(before.begin(), before.end(), '\n')}, {"code", std::string(line)}});
}

// Runs the statements in turn; the first failure ends them.
class Session {
 public:
  Session(Connection& connection, const Request& request, const Waiter& waiter, std::size_t bytes_max)
      : connection_(connection), request_(request), waiter_(waiter), bytes_max_(bytes_max), text_(bytes_max) {}

  ToolResult run(Progress* progress) {
    const bool is_one = request_.is_one_transaction;
    if (is_one) {
      if (auto begun = connection_.run(Plain{"begin"}, {}, waiter_, "begin"); !begun) return failed(begun.error());
    }
    for (std::size_t i = 0; i < request_.statements.size(); ++i) {
      if (progress != nullptr) progress->tell(statement_note(i, request_.statements.size()));
      auto error = run_one(i);
      if (error) return end_badly(*std::move(error));
    }
    if (is_one) {
      auto committed = connection_.run(Plain{"commit"}, {}, waiter_, "commit");
      if (!committed) return end_badly(committed.error());
    }
    ToolResult result = completed(text_.text(true, false));
    return result.result.size() > bytes_max_ ? failed(too_large(bytes_max_, "what the statements wrote was committed"))
                                             : result;
  }

 private:
  std::optional<domain::ToolError> run_one(std::size_t i) {
    const std::string tried =
        "statement " + std::to_string(i + 1) + " of " + std::to_string(request_.statements.size());
    text_.begin_statement();
    const RowHandler handler{.columns = [this](const std::vector<Column>& columns) { take_columns(columns); },
                             .row = [this](std::span<const Cell> cells) { return take_row(cells); }};
    auto end = connection_.run(request_.statements[i], handler, waiter_, tried);
    if (!end) {
      auto error = end.error();
      add_place(error, request_.statements[i], i + 1, request_.statements.size());
      text_.end_with_error(error);
      return error;
    }
    if (text_.is_full())
      return too_large(bytes_max_,
                       request_.is_one_transaction
                           ? "everything was rolled back"
                           : "what earlier statements wrote was committed, and what " + tried + " wrote may have been");
    // INSERT … RETURNING returns what it changed.
    const bool has_changed = end->tag.starts_with("INSERT") || end->tag.starts_with("UPDATE") ||
                             end->tag.starts_with("DELETE") || end->tag.starts_with("MERGE");
    text_.end_statement(
        {.returns_rows = end->returns_rows, .has_changed_rows = has_changed, .row_count = end->row_count});
    return std::nullopt;
  }

  void take_columns(const std::vector<Column>& columns) {
    std::vector<std::string> names;
    types_.clear();
    for (const Column& column : columns) {
      names.push_back(column.name);
      types_.push_back(column.type);
    }
    text_.set_columns(names);
  }

  bool take_row(std::span<const Cell> cells) {
    std::string& to = text_.begin_row();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text_.begin_cell(i);
      if (cells[i]) {
        append_json(to, connection_.types(), types_[i], *cells[i], request_.numeric);
      } else {
        to += "null";
      }
    }
    return text_.end_row();
  }

  ToolResult end_badly(domain::ToolError error) {
    // A cancelled connection is closed, which rolls back as well.
    if (request_.is_one_transaction && error.kind != "cancelled" && error.kind != "timeout") {
      (void)connection_.run(Plain{"rollback"}, {}, waiter_, "rollback");
    }
    const bool has_text = error.kind != "output_limit";
    ToolResult result = failed(std::move(error));
    if (has_text) result.result = text_.text(false, request_.is_one_transaction);
    if (result.result.size() > bytes_max_) result.result = "null";
    return result;
  }

  Connection& connection_;
  const Request& request_;
  const Waiter& waiter_;
  const std::size_t bytes_max_;
  RowsText text_;
  std::vector<TypeId> types_;  // of the columns of the statement that runs
};

ToolResult run_copy(Connection& connection, const CopyRows& copy, const Waiter& waiter) {
  std::int64_t count = 0;
  if (!copy.rows.empty()) {
    const auto target = copy_target(connection, copy.table, copy.columns, waiter);
    if (!target) return failed(target.error());
    static const Json missing;
    const auto text = [&](std::size_t row, std::size_t column) {
      const Json& values = copy.rows[row];
      const Json* value = &missing;
      if (values.is_array()) {
        value = &values[column];
      } else if (const auto found = values.find(copy.columns[column]); found != values.end()) {
        value = &*found;
      }
      return parameter_text(*value, connection.types(), target->types[column].type);
    };
    const auto end = copy_rows(connection, *target, copy.rows.size(), text, waiter);
    if (!end) return failed(end.error());
    count = end->row_count;
  }
  RowsText text(0);
  text.end_statement({.returns_rows = false, .has_changed_rows = false, .row_count = count});
  return completed(text.text(true, false));
}

}  // namespace

std::span<const OptionSpec> PostgresTool::options() const { return option_table; }

ToolResult PostgresTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_request(call); });
}

ToolResult PostgresTool::run_request(const ToolCall& call) {
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  const auto request = request_of(call, [this](const ToolCall& one) { return scripts_.read(one); });
  if (!request) return failed(request.error());
  const auto target = target_of(call, settings_.default_url);
  if (!target) return failed(target.error());
  const Waiter waiter(*deadline, call.stop);
  auto connection = pool_.borrow(*target, waiter);
  if (!connection) return failed(connection.error());
  ToolResult result =
      request->copy ? run_copy(**connection, *request->copy, waiter)
                    : Session(**connection, *request, waiter, settings_.limits.result_bytes_max).run(call.progress);
  BoundedOutput output(settings_.limits.output_bytes_max);
  const std::string notices = (*connection)->take_notices();
  output.append(notices.data(), notices.size());
  result.output = output.text();
  return result;
}

}  // namespace noetl::tools
