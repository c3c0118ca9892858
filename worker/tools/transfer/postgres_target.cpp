#include <algorithm>
#include <optional>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/postgres/copy_rows.hpp"
#include "worker/tools/transfer/cells/postgres_text.hpp"
#include "worker/tools/transfer/rows.hpp"

namespace noetl::tools::transfer {

namespace {

postgres::Statement plain(std::string text) { return {.text = std::move(text), .values = {}, .places = {}}; }

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
      : plan_(std::move(plan)), stop_(call.stop), waiter_(std::move(waiter)), connection_(std::move(connection)) {}

  Outcome<void> take(const Chunk& chunk) override {
    if (auto begun = begin(chunk.columns); !begun) return begun;
    if (chunk.rows.empty()) return {};
    const auto text = [&](std::size_t row, std::size_t column) {
      return postgres_text(chunk.rows[row][column], chunk.columns[column], connection_->types(),
                           target_->types[column]);
    };
    auto copied = postgres::copy_rows(*connection_, *target_, chunk.rows.size(), text, *waiter_, rows_ + 1);
    if (!copied) {
      if (rows_ > 0) copied.error().message += " (lines count from row " + std::to_string(rows_ + 1) + ")";
      return tl::unexpected(copied.error());
    }
    rows_ += chunk.rows.size();
    return plan_.mode == "upsert" ? merge() : Outcome<void>();
  }
  Outcome<void> finish() override { return run("commit"); }

 private:
  Outcome<void> run(const std::string& sql) {
    auto end = connection_->run(plain(sql), {}, *waiter_, "the target's " + sql.substr(0, sql.find(' ')));
    if (!end) return tl::unexpected(end.error());
    return {};
  }
  Outcome<void> begin(const std::vector<Column>& columns) {
    if (target_) return {};
    if (auto begun = run("begin"); !begun) return begun;
    if (plan_.mode == "replace") {
      if (auto emptied = run("delete from " + plan_.table); !emptied) return emptied;
    }
    std::string table = plan_.table;
    if (plan_.mode == "upsert") {
      table = "noetl_transfer_rows";
      if (auto made =
              run("create temp table " + table + " (like " + plan_.table + " including defaults) on commit drop");
          !made)
        return made;
    }
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    auto target = postgres::copy_target(*connection_, table, names, *waiter_);
    if (!target) return tl::unexpected(target.error());
    target_ = *std::move(target);
    return {};
  }
  Outcome<void> merge() {
    std::string updates;
    for (const postgres::Column& column : target_->types) {
      if (std::find(plan_.key_names.begin(), plan_.key_names.end(), column.name) != plan_.key_names.end()) continue;
      const std::string name = postgres::quoted_identifier(column.name);
      updates += (updates.empty() ? "" : ", ") + name + " = excluded." + name;
    }
    auto merged = run("insert into " + plan_.table + " (" + target_->columns + ") select distinct on (" + plan_.key +
                      ") " + target_->columns + " from noetl_transfer_rows on conflict (" + plan_.key + ") do " +
                      (updates.empty() ? "nothing" : "update set " + updates));
    if (!merged) return merged;
    return run("truncate noetl_transfer_rows");
  }

  Plan plan_;
  std::stop_token stop_;
  std::unique_ptr<Waiter> waiter_;
  postgres::ConnectionPool::Loan connection_;
  std::optional<postgres::CopyTarget> target_;
  std::size_t rows_ = 0;
};

}  // namespace

Outcome<std::unique_ptr<Target>> open_postgres(const Peers& peers, const ToolCall& call) {
  PostgresTarget::Plan plan;
  auto table = postgres::quoted_name(auth_field(call.tool, {"table"}));
  if (!table) return tl::unexpected(refusal("the target of tool transfer needs 'table': " + table.error().message));
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

}  // namespace noetl::tools::transfer
