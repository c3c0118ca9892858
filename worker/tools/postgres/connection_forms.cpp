// The form of values in one session: the types that a statement has, and the settings that change how Postgres writes
// them. An author may set what he likes; his statements see it, and what they return comes in one form all the same.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "worker/tools/postgres/connection.hpp"

namespace noetl::tools::postgres {

namespace {

bool mentions_float_digits(std::string_view sql) {
  constexpr std::string_view name = "extra_float_digits";
  return std::search(sql.begin(), sql.end(), name.begin(), name.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         }) != sql.end();
}

}  // namespace

Outcome<bool> Connection::learn(const Description& description, const Waiter& waiter, const std::string& tried) {
  std::string wanted;
  const auto want = [&](TypeId id) {
    if (!types_.knows(id)) wanted += (wanted.empty() ? "" : ",") + std::to_string(id);
  };
  for (const TypeId id : description.parameters) want(id);
  for (const Column& column : description.columns) want(column.type);
  const bool is_news = !wanted.empty();
  // An array of a domain over an array …: as deep as the types go.
  for (int depth = 0; depth < 8 && !wanted.empty(); ++depth) {
    // typcategory A also has int2vector and oidvector, whose text is no array's. Domains are followed to their base.
    const std::string sql =
        "with recursive below(id, at, elem) as (select oid, oid, 0::pg_catalog.oid from pg_catalog.pg_type where oid = "
        "any('{" +
        wanted +
        "}'::pg_catalog.oid[]) union all select b.id, t.typbasetype, 0::pg_catalog.oid from below b join "
        "pg_catalog.pg_type t "
        "on t.oid = b.at where t.typtype = 'd') select b.id, t.oid, case when t.typcategory = 'A' and t.typlen = -1 "
        "and t.oid not "
        "in (22, 30) then t.typelem else 0::pg_catalog.oid end, coalesce(e.typdelim, ',') from below b join "
        "pg_catalog.pg_type t on "
        "t.oid = b.at left join pg_catalog.pg_type e on e.oid = t.typelem where t.typtype <> 'd'";
    wanted.clear();
    const RowHandler handler{
        .columns = {}, .row = [&](std::span<const Cell> cells) {
          const auto number = [&](std::size_t i) {
            return static_cast<TypeId>(std::strtoul(std::string(cells[i].value_or("0")).c_str(), nullptr, 10));
          };
          types_.learn(number(0), {.id = number(1), .element = number(2), .delimiter = cells[3]->front()});
          if (number(2) != 0) want(number(2));
          return true;
        }};
    auto end = run_plain({.text = sql, .values = {}, .places = {}}, nullptr, handler, waiter, tried);
    if (!end) return tl::unexpected(end.error());
  }
  return is_news;
}

Outcome<Connection::Description> Connection::prepare_known(const Statement& statement, const Waiter& waiter,
                                                           const std::string& tried) {
  auto description = prepare(statement, waiter, tried);
  if (!description) return description;
  const auto learned = learn(*description, waiter, tried);
  if (!learned) return tl::unexpected(learned.error());
  return *learned ? prepare(statement, waiter, tried) : description;  // the look-up took its place
}

bool Connection::may_differ(const Description& description) const {
  const auto says = [&](const char* name, std::string_view wanted) {
    const char* const value = PQparameterStatus(handle_, name);
    return value != nullptr && std::string_view(value).starts_with(wanted);
  };
  const bool has_plain_styles =
      says("DateStyle", "ISO") && says("IntervalStyle", "postgres") && !says("IntervalStyle", "postgres_");
  if (has_plain_styles && floats_ == Floats::whole) return false;
  constexpr std::array<TypeId, 14> same{
      type::boolean, type::bytea,   type::int8, type::int2, type::int4, type::text, type::oid,
      type::varchar, type::numeric, type::uuid, 18,         19,         1042,       869};
  return std::any_of(description.columns.begin(), description.columns.end(), [&](const Column& column) {
    const Type known = types_.of(column.type);
    const TypeId id = known.element != 0 ? types_.of(known.element).id : known.id;
    return std::find(same.begin(), same.end(), id) == same.end();
  });
}

Outcome<Connection::OwnSettings> Connection::set_plain_forms(const Waiter& waiter, const std::string& tried) {
  OwnSettings own;
  own.is_in_transaction = PQtransactionStatus(handle_) == PQTRANS_INTRANS;
  const std::string scope = own.is_in_transaction ? "true" : "false";
  // datestyle keeps its order of day and month, by which the author's texts are read.
  const std::string sql =
      "select pg_catalog.current_setting('datestyle'), pg_catalog.current_setting('intervalstyle'), "
      "pg_catalog.current_setting('extra_float_digits'), pg_catalog.set_config('datestyle', 'ISO', " +
      scope + "), pg_catalog.set_config('intervalstyle', 'postgres', " + scope +
      "), pg_catalog.set_config('extra_float_digits', '1', " + scope + ")";
  const RowHandler handler{.columns = {}, .row = [&](std::span<const Cell> cells) {
                             for (std::size_t i = 0; i < 3; ++i) own.values.emplace_back(cells[i].value_or(""));
                             return true;
                           }};
  auto end = run_plain({.text = sql, .values = {}, .places = {}}, nullptr, handler, waiter, tried);
  if (!end) return tl::unexpected(end.error());
  if (own.values.size() == 3 && std::atoi(own.values[2].c_str()) >= 1) floats_ = Floats::whole;
  return own;
}

Outcome<void> Connection::set_own_forms(const OwnSettings& own, const Waiter& waiter, const std::string& tried) {
  if (own.values.size() != 3 || PQtransactionStatus(handle_) == PQTRANS_INERROR)
    return {};  // a rollback undoes it as well
  const std::string scope = own.is_in_transaction ? "true" : "false";
  const std::string sql = "select pg_catalog.set_config('datestyle', '" + own.values[0] + "', " + scope +
                          "), pg_catalog.set_config('intervalstyle', '" + own.values[1] + "', " + scope +
                          "), pg_catalog.set_config('extra_float_digits', '" + own.values[2] + "', " + scope + ")";
  auto end = run_plain({.text = sql, .values = {}, .places = {}}, nullptr, {}, waiter, tried);
  if (!end) return tl::unexpected(end.error());
  return {};
}

// Every text that we send is UTF-8, and so must every answer be, whatever the author set.
Outcome<void> Connection::keep_utf8(const Waiter& waiter, const std::string& tried) {
  const char* const encoding = PQparameterStatus(handle_, "client_encoding");
  if (encoding == nullptr || std::string_view(encoding) == "UTF8" || PQtransactionStatus(handle_) == PQTRANS_INERROR)
    return {};
  auto end =
      run_plain({.text = "set client_encoding to 'UTF8'", .values = {}, .places = {}}, nullptr, {}, waiter, tried);
  if (!end) return tl::unexpected(end.error());
  return {};
}

Outcome<StatementEnd> Connection::run(const Statement& statement, const RowHandler& handler, const Waiter& waiter,
                                      const std::string& tried) {
  if (mentions_float_digits(statement.text)) floats_ = Floats::maybe_short;
  if (statement.values.empty() && !may_return_rows(statement.text)) {
    auto end = run_plain(statement, nullptr, handler, waiter, tried);
    if (auto kept = keep_utf8(waiter, tried); end && !kept) return tl::unexpected(kept.error());
    return end;
  }
  // The types are known before the rows come: of parameters and columns.
  auto description = prepare_known(statement, waiter, tried);
  if (!description) return tl::unexpected(description.error());
  OwnSettings own;
  if (may_differ(*description)) {
    auto before = set_plain_forms(waiter, tried);
    if (!before) return tl::unexpected(before.error());
    own = *std::move(before);
    description = prepare(statement, waiter, tried);
    if (!description) {
      (void)set_own_forms(own, waiter, tried);
      return tl::unexpected(description.error());
    }
  }
  auto end = run_plain(statement, &*description, handler, waiter, tried);
  if (is_broken_) return end;
  if (auto restored = set_own_forms(own, waiter, tried); end && !restored) return tl::unexpected(restored.error());
  if (auto kept = keep_utf8(waiter, tried); end && !kept) return tl::unexpected(kept.error());
  return end;
}

}  // namespace noetl::tools::postgres
