#pragma once
// Connection: one session with Postgres that never waits beyond a call's deadline or stop; what runs then is
// cancelled on the server. One thread at a time; the ConnectionPool lends them out. The only users of libpq
// are its two files and target.cpp.
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
#include "worker/tools/postgres/sql/statements.hpp"
#include "worker/tools/postgres/sql/values.hpp"
#include "worker/tools/postgres/target.hpp"
#include "worker/tools/programs/waiter.hpp"

struct pg_conn;
struct pg_result;

namespace noetl::reach {
struct Reach;
}

namespace noetl::tools::postgres {

// The error's kind is `cancelled` when the call was stopped.
template <class T>
using Outcome = tl::expected<T, domain::ToolError>;

struct Column {
  std::string name;
  TypeId type = 0;
  int modifier = -1;  // pg_attribute.atttypmod: precision and scale, lengths
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
  [[nodiscard]] static Outcome<std::unique_ptr<Connection>> open(const Target& target, const Waiter& waiter,
                                                                 const reach::Reach& reach);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `tried` names the statement in errors: "statement 2 of 3".
  [[nodiscard]] Outcome<StatementEnd> run(const Statement& statement, const RowHandler& handler, const Waiter& waiter,
                                          const std::string& tried);
  // The types of a statement's result columns, without running it.
  [[nodiscard]] Outcome<std::vector<Column>> describe(const std::string& sql, const Waiter& waiter);
  // COPY … FROM STDIN: next() gives chunks of COPY text until it is empty.
  [[nodiscard]] Outcome<StatementEnd> copy_in(const std::string& sql, const std::function<Outcome<std::string>()>& next,
                                              const Waiter& waiter);
  // All that the columns and parameters of this session's statements had.
  [[nodiscard]] const Types& types() const { return types_; }

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
  struct Description {
    std::vector<TypeId> parameters;
    std::vector<Column> columns;
  };
  Outcome<Description> prepare(const Statement& statement, const Waiter& waiter, const std::string& tried);
  Outcome<Description> prepare_known(const Statement& statement, const Waiter& waiter, const std::string& tried);
  Outcome<bool> learn(const Description& description, const Waiter& waiter, const std::string& tried);
  // What the author's SET has done to the form of values, and its undoing for one statement.
  struct OwnSettings {
    std::vector<std::string> values;  // of datestyle, intervalstyle, extra_float_digits
    bool is_in_transaction = false;
  };
  [[nodiscard]] bool may_differ(const Description& description) const;
  Outcome<OwnSettings> set_plain_forms(const Waiter& waiter, const std::string& tried);
  Outcome<void> set_own_forms(const OwnSettings& own, const Waiter& waiter, const std::string& tried);
  Outcome<void> keep_utf8(const Waiter& waiter, const std::string& tried);
  Outcome<StatementEnd> run_plain(const Statement& statement, const Description* description, const RowHandler& handler,
                                  const Waiter& waiter, const std::string& tried);
  Outcome<StatementEnd> read(const RowHandler& handler, const Waiter& waiter, const std::string& tried);
  Outcome<void> send(const Statement& statement, const Description* description, const Waiter& waiter,
                     const std::string& tried);
  Outcome<void> drain(const Waiter& waiter, std::string_view tried);
  domain::ToolError lost(std::string_view tried) const;
  domain::ToolError refused(const pg_result* result, std::string_view tried) const;
  domain::ToolError ended(Waiter::Ended how, std::string_view tried);
  void cancel() noexcept;

  pg_conn* handle_;
  std::string shown_;
  std::string notices_;
  Types types_;
  enum class Floats { unknown, whole, maybe_short } floats_ = Floats::unknown;  // extra_float_digits is at least 1
  bool is_broken_ = false;  // something may still run on the server: never used again
};

}  // namespace noetl::tools::postgres
