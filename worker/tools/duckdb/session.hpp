#pragma once
// Session: a connection to a DuckDB database that runs statements within a call's deadline and stop. One
// thread; a second one, which it owns, interrupts what runs too long.
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "shared/domain/command.hpp"
#include "worker/tools/duckdb/library.hpp"
#include "worker/tools/duckdb/values.hpp"
#include "worker/tools/programs/waiter.hpp"

namespace noetl::tools::duckdb {

// The error's kind is `cancelled` when the call was stopped.
template <class T>
using Outcome = tl::expected<T, domain::ToolError>;

struct DatabaseSettings {
  std::string memory_max = "1GB";
  int threads = 2;
  std::vector<std::string> folders;  // the only ones whose files its statements reach; not empty
};

// The databases that this process has open. DuckDB lets only one process write a file, so the calls of a worker
// share one instance of it; it is closed with its last session. Any thread; outlives its sessions.
class Databases {
 public:
  Databases(std::string library_file, DatabaseSettings settings)
      : library_(std::move(library_file)), settings_(std::move(settings)) {}
  Databases(const Databases&) = delete;
  Databases& operator=(const Databases&) = delete;
  ~Databases();

  [[nodiscard]] base::Result<const Api*> api() { return library_.load(); }
  // ":memory:" or empty: one of its own that nobody else sees.
  [[nodiscard]] Outcome<Handle> open(const std::string& path);

 private:
  Library library_;
  const DatabaseSettings settings_;
  std::mutex mutex_;
  Handle cache_ = nullptr;
};

struct ResultColumn {
  std::string name;
  ColumnType type;
};

// Called while a statement runs: once with the columns, then for each row with a function that appends the JSON
// of one of its values. false: enough.
struct RowHandler {
  std::function<void(const std::vector<ResultColumn>&)> columns;
  std::function<bool(const std::function<void(std::string&, std::size_t)>&)> row;
};

struct StatementEnd {
  bool returns_rows = false;
  std::int64_t row_count = 0;  // returned, or changed when none are returned
};

class Session {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Session>> open(Databases& databases, const std::string& path,
                                                              std::chrono::steady_clock::time_point deadline,
                                                              const std::stop_token& stop);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Every statement of a text in turn; before each one `begin(i, count)`, i from 0, after it `end`. The first failure ends it.
  struct Steps {
    std::function<void(std::size_t, std::size_t)> begin;
    RowHandler rows;
    std::function<bool(const StatementEnd&)> end;  // false: enough
  };
  [[nodiscard]] Outcome<void> run(const std::string& sql, const nlohmann::json& parameters, NumericAs numeric,
                                  const Steps& steps);
  // Appends rows to a table whose columns are VARCHAR or BLOB; nothing is null.
  using AppendedCell = std::optional<std::string_view>;
  [[nodiscard]] Outcome<void> append(const std::string& table, const std::vector<bool>& is_blob, std::size_t row_count,
                                     const std::function<AppendedCell(std::size_t row, std::size_t column)>& cell);

 private:
  Session(const Api& api, Handle database, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
  Outcome<void> run_one(Handle prepared, const std::string& tried, NumericAs numeric, const Steps& steps);
  Outcome<void> bind(Handle prepared, const nlohmann::json& parameters, const std::string& tried);
  Outcome<StatementEnd> read_rows(ResultData& result, const std::string& tried, NumericAs numeric,
                                  const RowHandler& rows);
  domain::ToolError refused(const char* message, std::string_view tried) const;
  void interrupt_late(const std::stop_token& done);

  const Api& api_;
  Handle database_;
  Handle connection_ = nullptr;
  const std::chrono::steady_clock::time_point deadline_;
  const std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread watch_;  // last: it uses the connection
};

}  // namespace noetl::tools::duckdb
