#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/postgres/copy_rows.hpp"
#include "worker/tools/transfer/rows.hpp"

namespace noetl::tools::transfer {

namespace {

domain::ToolError refusal(const std::string& message) { return error_of("invalid_input", message); }

postgres::Statement plain(std::string text) {
  return {.text = std::move(text), .values = {}, .is_typed = false};
}

// All of it in one transaction: a transfer that fails has changed nothing.
class PostgresTarget final : public Target {
 public:
  struct Plan {
    std::string table;  // quoted
    std::string mode;  // append, replace, upsert
    std::string key;  // quoted names, for upsert
    std::vector<std::string> key_names;
  };
  PostgresTarget(const ToolCall& call, Plan plan, std::unique_ptr<Waiter> waiter,
                 postgres::ConnectionPool::Loan connection)
      : plan_(std::move(plan)),
        stop_(call.stop),
        waiter_(std::move(waiter)),
        connection_(std::move(connection)) {}

  Outcome<void> take(const Chunk& chunk) override {
    if (auto begun = begin(chunk.columns); !begun) return begun;
    if (chunk.rows.empty()) return {};
    auto copied = postgres::copy_rows(*connection_, *target_, chunk.rows, *waiter_);
    if (!copied) return tl::unexpected(copied.error());
    return plan_.mode == "upsert" ? merge() : Outcome<void>();
  }
  Outcome<void> finish() override { return run("commit"); }

 private:
  Outcome<void> run(const std::string& sql) {
    auto end = connection_->run(plain(sql), {}, *waiter_, "the target's " + sql.substr(0, sql.find(' ')));
    if (!end) return tl::unexpected(end.error());
    return {};
  }
  Outcome<void> begin(const std::vector<std::string>& columns) {
    if (target_) return {};
    if (auto begun = run("begin"); !begun) return begun;
    if (plan_.mode == "replace") {
      if (auto emptied = run("delete from " + plan_.table); !emptied) return emptied;
    }
    std::string table = plan_.table;
    if (plan_.mode == "upsert") {
      table = "noetl_transfer_rows";
      if (auto made = run("create temp table " + table + " (like " + plan_.table +
                          " including defaults) on commit drop");
          !made)
        return made;
    }
    auto target = postgres::copy_target(*connection_, table, columns, *waiter_);
    if (!target) return tl::unexpected(target.error());
    target_ = *std::move(target);
    return {};
  }
  Outcome<void> merge() {
    std::string updates;
    for (const postgres::Column& column : target_->types) {
      if (std::find(plan_.key_names.begin(), plan_.key_names.end(), column.name) != plan_.key_names.end())
        continue;
      const std::string name = postgres::quoted_identifier(column.name);
      updates += (updates.empty() ? "" : ", ") + name + " = excluded." + name;
    }
    auto merged = run("insert into " + plan_.table + " (" + target_->columns + ") select distinct on (" +
                      plan_.key + ") " + target_->columns + " from noetl_transfer_rows on conflict (" +
                      plan_.key + ") do " + (updates.empty() ? "nothing" : "update set " + updates));
    if (!merged) return merged;
    return run("truncate noetl_transfer_rows");
  }

  Plan plan_;
  std::stop_token stop_;
  std::unique_ptr<Waiter> waiter_;
  postgres::ConnectionPool::Loan connection_;
  std::optional<postgres::CopyTarget> target_;
};

Outcome<std::unique_ptr<Target>> open_postgres(const Peers& peers, const ToolCall& call) {
  PostgresTarget::Plan plan;
  auto table = postgres::quoted_name(auth_field(call.tool, {"table"}));
  if (!table)
    return tl::unexpected(refusal("the target of tool transfer needs 'table': " + table.error().message));
  plan.table = *table;
  plan.mode = auth_field(call.tool, {"mode"});
  if (plan.mode.empty() || plan.mode == "insert") plan.mode = "append";
  if (const Json* key = find_option(call, {"key", "keys"})) {
    for (const Json& name : key->is_array() ? *key : Json::array({*key})) {
      auto quoted = postgres::quoted_name(scalar_text(name).value_or(""));
      if (!quoted) return tl::unexpected(error_of(quoted.error()));
      plan.key += (plan.key.empty() ? "" : ", ") + *quoted;
      plan.key_names.push_back(quoted->substr(1, quoted->size() - 2));
    }
  }
  if (plan.mode != "append" && plan.mode != "replace" && plan.mode != "upsert") {
    return tl::unexpected(
        refusal("'mode' of a postgres target must be append, replace or upsert, not '" + plan.mode + "'"));
  }
  if (plan.mode == "upsert" && plan.key.empty())
    return tl::unexpected(refusal("'mode: upsert' of the target needs 'key'"));
  const auto target = postgres::target_of(call, peers.postgres.default_url());
  if (!target) return tl::unexpected(error_of(target.error()));
  auto waiter = std::make_unique<Waiter>(call.deadline, call.stop);
  auto connection = peers.postgres.pool().borrow(*target, *waiter);
  if (!connection) return tl::unexpected(connection.error());
  return std::make_unique<PostgresTarget>(call, std::move(plan), std::move(waiter), *std::move(connection));
}

std::string duckdb_type(const Json& value) {
  if (value.is_boolean()) return "BOOLEAN";
  if (value.is_number_integer()) return "BIGINT";
  return value.is_number() ? "DOUBLE" : "VARCHAR";
}

// A table of a database, or, through a table of a database of its own, a file.
class DuckdbTarget final : public Target {
 public:
  struct Plan {
    std::string table;
    bool is_emptied = false;
    std::string export_sql;  // of a file: run at the end
    std::filesystem::path part;  // what it writes
    std::filesystem::path file;  // what that becomes
    std::filesystem::path scratch;  // the database of its own
  };
  DuckdbTarget(Plan plan, std::unique_ptr<duckdb::Session> session)
      : plan_(std::move(plan)), session_(std::move(session)) {}
  ~DuckdbTarget() override {
    session_.reset();
    std::error_code ignored;  // files that may not be there
    if (!plan_.part.empty()) std::filesystem::remove(plan_.part, ignored);
    if (!plan_.scratch.empty()) std::filesystem::remove_all(plan_.scratch, ignored);
  }

  Outcome<void> take(const Chunk& chunk) override {
    if (auto begun = begin(chunk); !begun) return begun;
    return session_->append(plan_.table, chunk.columns, chunk.rows);
  }
  Outcome<void> finish() override {
    if (auto committed = run("commit"); !committed || plan_.file.empty()) return committed;
    if (auto written = run(plan_.export_sql); !written) return written;
    std::error_code error;
    std::filesystem::rename(plan_.part, plan_.file, error);
    if (error)
      return tl::unexpected(error_of(
          "server_error", "the file '" + plan_.file.string() + "' cannot be written: " + error.message()));
    return {};
  }

 private:
  Outcome<void> run(const std::string& sql) { return session_->run(sql, {}, NumericAs::exact, {}); }
  Outcome<void> begin(const Chunk& chunk) {
    if (has_begun_) return {};
    has_begun_ = true;
    std::string columns;
    for (std::size_t i = 0; i < chunk.columns.size(); ++i) {
      // The first value that is there says what the column is.
      const auto row = std::find_if(chunk.rows.begin(), chunk.rows.end(),
                                    [&](const Json& one) { return !one.at(i).is_null(); });
      const std::string type = row == chunk.rows.end() ? "VARCHAR" : duckdb_type(row->at(i));
      columns += (columns.empty() ? "" : ", ") + postgres::quoted_identifier(chunk.columns[i]) + " " + type;
    }
    const std::string table = postgres::quoted_identifier(plan_.table);
    if (auto begun = run("begin"); !begun) return begun;
    if (auto made = run("create table if not exists " + table + " (" + columns + ")"); !made) return made;
    return plan_.is_emptied ? run("delete from " + table) : Outcome<void>();
  }

  Plan plan_;
  std::unique_ptr<duckdb::Session> session_;
  bool has_begun_ = false;
};

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
    return tl::unexpected(
        refusal("a duckdb target needs 'database', a file: what is in memory ends with the step"));
  const auto file = peers.duckdb.database_file(path);
  if (!file) return tl::unexpected(error_of(file.error()));
  auto session = duckdb::Session::open(peers.duckdb.databases(), *file, call.deadline, call.stop);
  if (!session) return tl::unexpected(session.error());
  return std::make_unique<DuckdbTarget>(std::move(plan), *std::move(session));
}

Outcome<std::unique_ptr<Target>> open_file(const Peers& peers, const End& end) {
  const std::string path = auth_field(end.call.tool, {"path", "file", "uri"});
  if (path.empty()) return tl::unexpected(refusal("the target of tool transfer needs 'path', the file"));
  const auto file = file_of(peers, path);
  if (!file) return tl::unexpected(error_of(file.error()));
  std::random_device random;
  DuckdbTarget::Plan plan;
  plan.table = "rows";
  plan.file = *file;
  const std::string mark = std::to_string(getpid()) + "-" + std::to_string(random());
  plan.part = *file + ".part-" + mark;
  plan.scratch = std::filesystem::temp_directory_path() / ("noetl-transfer-" + mark);
  std::filesystem::create_directories(plan.scratch);
  const std::string format = end.type == "csv"    ? "format csv, header"
                             : end.type == "json" ? "format json, array true"
                                                  : "format parquet";
  plan.export_sql = "copy \"rows\" to " + sql_text(plan.part.string()) + " (" + format + ")";
  auto session = duckdb::Session::open(peers.duckdb.databases(), (plan.scratch / "rows.duckdb").string(),
                                       end.call.deadline, end.call.stop);
  if (!session) {
    std::filesystem::remove_all(plan.scratch);
    return tl::unexpected(session.error());
  }
  return std::make_unique<DuckdbTarget>(std::move(plan), *std::move(session));
}

// A request for each chunk. What has been sent cannot be taken back.
class HttpTarget final : public Target {
 public:
  HttpTarget(Tool& http, ToolCall call)
      : http_(http), call_(std::move(call)), member_(auth_field(call_.tool, {"body_key"})) {
    call_.tool["kind"] = "http";
    if (!call_.tool.contains("method")) call_.tool["method"] = "POST";
    for (const char* own : {"type", "mapping", "body_key", "mode", "table"}) call_.tool.erase(own);
  }
  Outcome<void> take(const Chunk& chunk) override {
    if (chunk.rows.empty()) return {};
    Json list = Json::array();
    for (const Json& row : chunk.rows) {
      Json item = Json::object();
      for (std::size_t i = 0; i < chunk.columns.size(); ++i) item[chunk.columns[i]] = row.at(i);
      list.push_back(std::move(item));
    }
    call_.tool["json"] = member_.empty() ? std::move(list) : Json{{member_, std::move(list)}};
    const ToolResult sent = http_.run(call_);
    if (sent.error) return tl::unexpected(*sent.error);
    return {};
  }
  Outcome<void> finish() override { return {}; }

 private:
  Tool& http_;
  ToolCall call_;
  std::string member_;
};

}  // namespace

Outcome<std::unique_ptr<Target>> open_target(const Peers& peers, const End& end) {
  if (end.type == "postgres") return open_postgres(peers, end.call);
  if (end.type == "duckdb") return open_duckdb(peers, end.call);
  if (is_file_type(end.type)) return open_file(peers, end);
  if (end.type == "http") return std::make_unique<HttpTarget>(peers.http, end.call);
  return tl::unexpected(
      error_of("unsupported", "the target of tool transfer is of type '" + end.type +
                                  "'; known are postgres, duckdb, http, csv, parquet and json"));
}

}  // namespace noetl::tools::transfer
