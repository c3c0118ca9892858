#pragma once
// Connection: one session with Postgres that never waits beyond a call's deadline or stop; what runs then is
// cancelled on the server. One thread at a time; the ConnectionPool lends them out. The only users of libpq
// are this file and target.cpp.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "shared/domain/command.hpp"
#include "worker/tools/postgres/statements.hpp"
#include "worker/tools/postgres/target.hpp"
#include "worker/tools/postgres/values.hpp"
#include "worker/tools/waiter.hpp"

struct pg_conn;
struct pg_result;

namespace noetl::tools::postgres {

// The error's kind is `cancelled` when the call was stopped.
template <class T>
using Outcome = tl::expected<T, domain::ToolError>;

struct Column {
  std::string name;
  TypeId type = 0;
};
using Cell = std::optional<std::string_view>;  // nothing: null; valid until the handler returns

// Called while a statement runs: once with the columns, then with each row.
struct RowHandler {
  std::function<void(const std::vector<Column>&)> columns;
  std::function<bool(std::span<const Cell>)> row;  // false: enough, the statement is cancelled
};

struct StatementEnd {
  bool returns_rows = false;
  bool was_stopped = false;  // the handler had enough
  std::int64_t row_count = 0;  // returned, or affected when none are returned
  std::string tag;  // "INSERT 0 3"
};

class Connection {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Connection>> open(const Target& target, const Waiter& waiter);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `tried` names the statement in errors: "statement 2 of 3".
  [[nodiscard]] Outcome<StatementEnd> run(const Statement& statement, const RowHandler& handler,
                                          const Waiter& waiter, const std::string& tried);
  // The types of a statement's result columns, without running it.
  [[nodiscard]] Outcome<std::vector<Column>> describe(const std::string& sql, const Waiter& waiter);
  // COPY … FROM STDIN: next() gives chunks of COPY text until it is empty.
  [[nodiscard]] Outcome<StatementEnd> copy_in(const std::string& sql,
                                              const std::function<std::string()>& next, const Waiter& waiter);

  // True when nothing is open and the server has not hung up.
  [[nodiscard]] bool is_usable() const;
  // Makes it as new for somebody else; false when that is impossible.
  [[nodiscard]] bool reset();
  // What the server said meanwhile (RAISE NOTICE), a line each.
  [[nodiscard]] std::string take_notices() { return std::exchange(notices_, {}); }

 private:
  using ResultHandle = std::unique_ptr<pg_result, void (*)(pg_result*)>;

  Connection(pg_conn* handle, std::string shown) : handle_(handle), shown_(std::move(shown)) {}
  Outcome<void> finish_connecting(const Target& target, const Waiter& waiter);
  Outcome<void> wait(short events, const Waiter& waiter, std::string_view tried);
  Outcome<void> flush(const Waiter& waiter, std::string_view tried);
  Outcome<ResultHandle> next_result(const Waiter& waiter, std::string_view tried);
  Outcome<std::vector<TypeId>> prepare(const Statement& statement, const Waiter& waiter,
                                       const std::string& tried);
  Outcome<void> send(const Statement& statement, const Waiter& waiter, const std::string& tried);
  Outcome<void> drain(const Waiter& waiter, std::string_view tried);
  domain::ToolError lost(std::string_view tried) const;
  domain::ToolError refused(const pg_result* result, std::string_view tried) const;
  domain::ToolError ended(Waiter::Ended how, std::string_view tried);
  void cancel() noexcept;

  pg_conn* handle_;
  std::string shown_;
  std::string notices_;
  bool is_broken_ = false;  // something may still run on the server: never used again
};

}  // namespace noetl::tools::postgres
