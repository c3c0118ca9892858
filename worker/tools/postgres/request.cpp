#include "worker/tools/postgres/request.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text/base64.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools::postgres {

namespace {

using base::ErrorCode;
using base::failure;

struct SqlText {
  std::string sql;
  Json parameters;
  bool has_own_parameters = false;
};

base::Result<std::string> sql_text(const Json& value, std::string_view option, bool is_base64) {
  if (!value.is_string()) {
    return failure(ErrorCode::invalid_input,
                   "option '" + std::string(option) + "' must be SQL as a text, not " + value.type_name(),
                   std::string(option));
  }
  if (!is_base64) return value.get<std::string>();
  if (auto decoded = base::base64_decoded(value.get_ref<const std::string&>())) return *std::move(decoded);
  return failure(ErrorCode::invalid_input, "option '" + std::string(option) + "' is not base64", std::string(option));
}

// One text, or a list of texts and of maps {query | command | sql, params}.
base::Result<void> add_texts(std::vector<SqlText>& texts, const Json& value, std::string_view option, bool is_base64,
                             const Json& parameters) {
  if (!value.is_array()) {
    auto text = sql_text(value, option, is_base64);
    if (!text) return tl::unexpected(text.error());
    texts.push_back({.sql = *std::move(text), .parameters = parameters, .has_own_parameters = false});
    return {};
  }
  for (const Json& item : value) {
    const Json* inner = &item;
    Json own = parameters;
    bool has_own = false;
    if (item.is_object()) {
      for (const char* name : {"query", "command", "sql", "statement"}) {
        if (item.contains(name)) inner = &item.at(name);
      }
      for (const char* name : {"params", "parameters"}) {
        if (!item.contains(name)) continue;
        own = item.at(name);
        has_own = true;
      }
    }
    auto text = sql_text(*inner, option, is_base64);
    if (!text) return tl::unexpected(text.error());
    texts.push_back({.sql = *std::move(text), .parameters = std::move(own), .has_own_parameters = has_own});
  }
  return {};
}

constexpr std::array<std::string_view, 6> plain_options{"command", "commands", "query", "queries", "statement", "sql"};

// Nothing when no option gives SQL.
base::Result<std::optional<std::vector<SqlText>>> texts_of(const ToolCall& call, const Json& parameters,
                                                           const ScriptReader& read_script) {
  std::vector<SqlText> texts;
  bool is_given = false;
  for (const std::string_view option : plain_options) {
    const std::string name(option);
    for (const std::string& spelling : {name, name + "_b64", name + "_base64"}) {
      const Json* value = find_option(call, {spelling});
      if (value == nullptr) continue;
      is_given = true;
      auto added = add_texts(texts, *value, spelling, spelling != name, parameters);
      if (!added) return tl::unexpected(added.error());
    }
  }
  if (find_option(call, {"script"}) != nullptr) {
    is_given = true;
    auto text = read_script(call);
    if (!text) return tl::unexpected(text.error());
    texts.push_back({.sql = *std::move(text), .parameters = parameters, .has_own_parameters = false});
  }
  if (!is_given) return std::nullopt;
  return texts;
}

// `params`, or `args` where they cannot be a row.
Json parameters_of(const ToolCall& call) {
  if (const Json* own = find_option(call, {"params", "parameters"})) {
    if (own->is_structured()) return *own;
    return Json::array({*own});
  }
  return nullptr;
}

base::Result<std::vector<std::string>> names_of(const Json* value, const std::string& option) {
  std::vector<std::string> names;
  if (value == nullptr) return names;
  if (value->is_string()) {
    const std::string text = *value;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      std::string name = text.substr(at, comma - at);
      name.erase(0, name.find_first_not_of(' '));
      name.erase(name.find_last_not_of(' ') + 1);
      if (!name.empty()) names.push_back(std::move(name));
      at = comma + 1;
    }
    return names;
  }
  const bool is_list =
      value->is_array() && std::all_of(value->begin(), value->end(), [](const Json& item) { return item.is_string(); });
  if (!is_list)
    return failure(ErrorCode::invalid_input, "option '" + option + "' must be a name or a list of names", option);
  for (const Json& item : *value) names.push_back(item);
  return names;
}

// The rows that a step without SQL writes into its `table`.
base::Result<Json> rows_of(const ToolCall& call) {
  Json rows;
  if (const Json* own = find_option(call, {"rows", "data", "from", "row"})) {
    rows = *own;
  } else {
    rows = input_of(call);
  }
  if (rows.is_object()) rows = Json::array({rows});
  const bool is_list = rows.is_array() && std::all_of(rows.begin(), rows.end(),
                                                      [](const Json& row) { return row.is_object() && !row.empty(); });
  if (is_list) return rows;
  return failure(ErrorCode::invalid_input,
                 "option 'table' needs rows: a map of columns, or a list of such maps, in 'rows', 'data' or 'args'",
                 "rows");
}

struct Insert {
  std::string head;  // insert into "t" ("a", "b") values
  std::string tail;  // on conflict …
  std::vector<std::string> columns;
};

std::string conflict_clause(const std::vector<std::string>& columns, const std::vector<std::string>& key,
                            bool is_update, const std::vector<std::string>& quoted_key) {
  std::string clause = " on conflict";
  if (!key.empty()) {
    clause += " (";
    for (std::size_t i = 0; i < quoted_key.size(); ++i) clause += (i == 0 ? "" : ", ") + quoted_key[i];
    clause += ")";
  }
  std::string updates;
  for (const std::string& column : columns) {
    if (std::find(quoted_key.begin(), quoted_key.end(), column) != quoted_key.end()) continue;
    updates += (updates.empty() ? "" : ", ") + column + " = excluded." + column;
  }
  return clause + (is_update && !updates.empty() ? " do update set " + updates : " do nothing");
}

base::Result<std::vector<std::string>> quoted_names(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) {
    auto one =
        name.find('.') == std::string::npos ? quoted_name(name) : base::Result<std::string>(quoted_identifier(name));
    if (!one) return tl::unexpected(one.error());
    quoted.push_back(*std::move(one));
  }
  return quoted;
}

base::Result<Insert> insert_of(const ToolCall& call, const std::string& table, const Json& rows) {
  Insert insert;
  for (const Json& row : rows) {
    for (const auto& [name, value] : row.items()) {
      if (std::find(insert.columns.begin(), insert.columns.end(), name) == insert.columns.end())
        insert.columns.push_back(name);
    }
  }
  const auto quoted = quoted_names(insert.columns);
  if (!quoted) return tl::unexpected(quoted.error());
  const auto key = names_of(find_option(call, {"key", "keys", "conflict_key"}), "key");
  if (!key) return tl::unexpected(key.error());
  const auto quoted_key = quoted_names(*key);
  if (!quoted_key) return tl::unexpected(quoted_key.error());
  auto mode = text_option(call, {"mode"}, key->empty() ? "insert" : "upsert");
  if (!mode) return tl::unexpected(mode.error());
  insert.head = "insert into " + table + " (";
  for (std::size_t i = 0; i < quoted->size(); ++i) insert.head += (i == 0 ? "" : ", ") + (*quoted)[i];
  insert.head += ") values ";
  if (*mode == "insert" || *mode == "append") return insert;
  if (*mode == "upsert" && key->empty()) {
    return failure(ErrorCode::invalid_input,
                   "option 'mode: upsert' needs the option 'key': the columns of a unique constraint", "key");
  }
  if (*mode != "upsert" && *mode != "ignore") {
    return failure(ErrorCode::invalid_input, "option 'mode' must be insert, upsert or ignore, not '" + *mode + "'",
                   "mode");
  }
  insert.tail = conflict_clause(*quoted, *key, *mode == "upsert", *quoted_key);
  return insert;
}

// Several statements when there are more rows than one may have parameters (65535).
base::Result<std::vector<Statement>> insert_statements(const ToolCall& call, const std::string& table) {
  auto rows = rows_of(call);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Statement> statements;
  if (rows->empty()) return statements;
  const auto insert = insert_of(call, table, *rows);
  if (!insert) return tl::unexpected(insert.error());
  const std::size_t rows_max = std::max<std::size_t>(1, std::min<std::size_t>(1000, 60'000 / insert->columns.size()));
  for (std::size_t first = 0; first < rows->size(); first += rows_max) {
    Statement statement{.text = insert->head, .values = {}, .places = {}};
    for (std::size_t i = first; i < std::min(rows->size(), first + rows_max); ++i) {
      statement.text += i == first ? "(" : ", (";
      for (std::size_t c = 0; c < insert->columns.size(); ++c) {
        if (c > 0) statement.text += ", ";
        const auto cell = rows->at(i).find(insert->columns[c]);
        if (cell == rows->at(i).end()) {
          statement.text += "default";
        } else {
          statement.values.push_back(*cell);
          statement.places.emplace_back(i + 1, insert->columns[c]);
          statement.text += "$" + std::to_string(statement.values.size());
        }
      }
      statement.text += ")";
    }
    statement.text += insert->tail;
    statements.push_back(std::move(statement));
  }
  return statements;
}

base::Result<CopyRows> copy_of(const Json& option) {
  const auto bad = [](const std::string& why) {
    return failure(ErrorCode::invalid_input, "option 'copy' " + why, "copy");
  };
  if (!option.is_object() || !option.contains("table") || !option.at("table").is_string()) {
    return bad("must be a map {table, columns, rows}");
  }
  auto table = quoted_name(option.at("table").get_ref<const std::string&>());
  if (!table) return tl::unexpected(table.error());
  CopyRows copy{
      .table = *std::move(table), .columns = {}, .rows = option.contains("rows") ? option.at("rows") : Json::array()};
  auto columns = names_of(option.contains("columns") ? &option.at("columns") : nullptr, "copy.columns");
  if (!columns) return tl::unexpected(columns.error());
  copy.columns = *std::move(columns);
  if (!copy.rows.is_array()) return bad("needs 'rows', a list");
  for (const Json& row : copy.rows) {
    if (!row.is_structured()) return bad("has a row that is neither a list nor a map");
    if (row.is_object() && copy.columns.empty()) {
      for (const auto& [name, value] : row.items()) copy.columns.push_back(name);
    }
    if (copy.columns.empty()) return bad("needs 'columns' when its rows are lists");
    if (row.is_array() && row.size() != copy.columns.size()) {
      return bad("has a row of " + std::to_string(row.size()) + " values for " + std::to_string(copy.columns.size()) +
                 " columns");
    }
  }
  return copy;
}

base::Result<std::vector<Statement>> sql_statements(const std::vector<SqlText>& texts) {
  std::vector<Statement> statements;
  std::size_t shared_formats = 0;  // %s of the step's own list: counted on through all of its texts
  for (const SqlText& text : texts) {
    std::size_t own_formats = 0;
    for (const SplitStatement& one : split_statements(text.sql)) {
      auto bound = bind_parameters(one.text, text.parameters, text.has_own_parameters ? own_formats : shared_formats);
      if (!bound) return tl::unexpected(bound.error());
      bound->line = one.line;
      statements.push_back(*std::move(bound));
    }
  }
  return statements;
}

base::Result<bool> is_one_transaction(const ToolCall& call, const std::vector<Statement>& statements) {
  const bool has_own = std::any_of(statements.begin(), statements.end(), [](const Statement& statement) {
    return is_transaction_control(statement.text) || refuses_transaction(statement.text);
  });
  return bool_option(call, "transaction", statements.size() > 1 && !has_own);
}

}  // namespace

base::Result<Request> request_of(const ToolCall& call, const ScriptReader& read_script) {
  Request request;
  const auto numeric = numeric_option(call);
  if (!numeric) return tl::unexpected(numeric.error());
  request.numeric = *numeric;
  if (const Json* copy = find_option(call, {"copy"})) {
    auto rows = copy_of(*copy);
    if (!rows) return tl::unexpected(rows.error());
    request.copy = *std::move(rows);
    return request;
  }
  const auto texts = texts_of(call, parameters_of(call), read_script);
  if (!texts) return tl::unexpected(texts.error());
  base::Result<std::vector<Statement>> statements = std::vector<Statement>();
  if (*texts) {
    statements = sql_statements(**texts);
  } else if (const Json* table = find_option(call, {"table"}); table != nullptr && table->is_string()) {
    auto name = quoted_name(table->get_ref<const std::string&>());
    if (!name) return tl::unexpected(name.error());
    statements = insert_statements(call, *name);
  } else {
    return failure(ErrorCode::invalid_input,
                   "tool postgres: no sql command provided; give one of the options command, query, commands, queries, "
                   "script, copy, or table with rows",
                   "command");
  }
  if (!statements) return tl::unexpected(statements.error());
  request.statements = *std::move(statements);
  const auto is_one = is_one_transaction(call, request.statements);
  if (!is_one) return tl::unexpected(is_one.error());
  request.is_one_transaction = *is_one;
  return request;
}

}  // namespace noetl::tools::postgres
