#include "worker/tools/postgres/connection.hpp"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "worker/tools/postgres/destination.hpp"
#include "worker/tools/postgres/failure.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

namespace {

constexpr std::chrono::seconds connect_patience{10};
constexpr std::size_t notice_bytes_max = 64 * 1024;

std::string trimmed(const char* text) {
  std::string result = text == nullptr ? "" : text;
  while (!result.empty() && (result.back() == '\n' || result.back() == ' ')) result.pop_back();
  return result;
}

std::vector<Column> columns_of(const pg_result* result) {
  std::vector<Column> columns;
  for (int i = 0; i < PQnfields(result); ++i)
    columns.push_back({.name = PQfname(result, i), .type = PQftype(result, i), .modifier = PQfmod(result, i)});
  return columns;
}

void read_row(const pg_result* result, int row, std::vector<Cell>& cells) {
  for (int i = 0; i < static_cast<int>(cells.size()); ++i) {
    auto& cell = cells[static_cast<std::size_t>(i)];
    cell.reset();
    if (PQgetisnull(result, row, i) == 0) {
      cell = std::string_view(PQgetvalue(result, row, i), static_cast<std::size_t>(PQgetlength(result, row, i)));
    }
  }
}

void keep_notice(void* kept, const pg_result* result) noexcept {
  try {
    auto& notices = *static_cast<std::string*>(kept);
    if (notices.size() > notice_bytes_max) return;
    const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    notices += std::string(severity == nullptr ? "NOTICE" : severity) + ": " +
               trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) + "\n";
  } catch (...) {  // out of memory in a callback from C: the notice is lost, nothing else
    return;
  }
}

bool has_tls(const Target& target) {
  const auto mode = target.keywords.find("sslmode");
  return mode != target.keywords.end() && (mode->second == "require" || mode->second.starts_with("verify"));
}

// Is it one of the methods of `require_auth`? "!md5" does not name md5.
bool names(const std::string& methods, std::string_view method) {
  for (std::size_t at = 0; at < methods.size();) {
    const std::size_t end = std::min(methods.find(',', at), methods.size());
    if (std::string_view(methods).substr(at, end - at) == method) return true;
    at = end + 1;
  }
  return false;
}

// What lies unread in the socket: does the server ask for the password itself (3), or for its MD5 (5)? libpq before 16 answers
// that without asking us.
bool is_asked_for_password(int socket, const std::string& allowed) {
  std::array<unsigned char, 1024> bytes{};
  const auto count = recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  const auto number = [&](std::size_t at) {
    return static_cast<std::size_t>(bytes[at]) << 24U | static_cast<std::size_t>(bytes[at + 1]) << 16U |
           static_cast<std::size_t>(bytes[at + 2]) << 8U | static_cast<std::size_t>(bytes[at + 3]);
  };
  // The answer to the request for TLS is one byte, and a message may come right behind it.
  for (std::size_t begin = 0; begin < 2; ++begin) {
    for (std::size_t at = begin; count > 0 && at + 9 <= static_cast<std::size_t>(count);) {
      const std::size_t length = number(at + 1);
      const std::size_t code = bytes[at] == 'R' ? number(at + 5) : 0;
      if (code == 3 && !names(allowed, "password")) return true;
      if (code == 5 && !names(allowed, "md5")) return true;
      if (length < 4) break;
      at += 1 + length;
    }
  }
  return false;
}

PGconn* start_connecting(const Target& target) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  const auto add = [&](const char* name, const char* value) {
    names.push_back(name);
    values.push_back(value);
  };
  if (!target.url.empty()) add("dbname", target.url.c_str());  // first: what follows is laid over it
  for (const auto& [name, value] : target.keywords) add(name.c_str(), value.c_str());
  const bool may_be_required = PQlibVersion() >= 160000;
  const bool is_encrypted = has_tls(target);
  const std::string required = !target.require_auth.empty()         ? target.require_auth
                               : target.is_guarded && !is_encrypted ? "!password,!md5"
                                                                    : "";
  if (may_be_required && !required.empty()) add("require_auth", required.c_str());
  add("client_encoding", "UTF8");
  add("fallback_application_name", "noetl-worker");
  add("tcp_user_timeout", "15000");  // also of the connection that carries a cancel
  add("keepalives_idle", "30");
  names.push_back(nullptr);
  values.push_back(nullptr);
  // libpq takes the first `dbname` for a whole connection string if it has a '='. A database's name is none: it might say where to
  // connect, and which files to read.
  return PQconnectStartParams(names.data(), values.data(), target.url.empty() ? 0 : 1);
}

}  // namespace

Outcome<std::unique_ptr<Connection>> Connection::open(const Target& target, const Waiter& waiter,
                                                      const reach::Reach& reach) {
  const auto destination = destination_of(target, reach);
  if (!destination) return tl::unexpected(tools::error_of(destination.error()));
  PGconn* handle = start_connecting(*destination);
  if (handle == nullptr) return tl::unexpected(tools::error_of("internal", "no memory for a connection", true));
  std::unique_ptr<Connection> connection(new Connection(handle, target.shown()));  // NOLINT: the constructor is private
  if (auto connected = connection->finish_connecting(target, waiter); !connected)
    return tl::unexpected(connected.error());
  return connection;
}

Outcome<void> Connection::finish_connecting(const Target& target, const Waiter& waiter) {
  const std::string tried = "connecting to " + shown_;
  const auto until = std::chrono::steady_clock::now() + connect_patience;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(handle_) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    const auto waited = waiter.wait_until(PQsocket(handle_), events, until);
    if (waited != Waiter::Ended::ready) return tl::unexpected(ended(waited, tried));
    if (std::chrono::steady_clock::now() >= until) {
      return tl::unexpected(tools::error_of("connection", tried + " took longer than 10 s", true));
    }
    if (target.is_guarded && state == PGRES_POLLING_READING && PQsslInUse(handle_) == 0 &&
        is_asked_for_password(PQsocket(handle_), target.require_auth)) {
      is_broken_ = true;
      return tl::unexpected(tools::error_of(
          "auth",
          tried + ": it asks for the password in the clear or by MD5 on a connection without TLS, and was not told it; "
                  "give the credential `sslmode: require`, or `require_auth: password` or `md5`"));
    }
    state = PQconnectPoll(handle_);
  }
  if (PQstatus(handle_) != CONNECTION_OK) {
    // The server's refusals come without an SQLSTATE here: tell a wrong login from a server that is away.
    const std::string message = trimmed(PQerrorMessage(handle_));
    const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
    Refusal refusal{.sqlstate = {}, .message = message};
    if (says("authentication failed") || says("no password supplied") || says("pg_hba.conf"))
      refusal.sqlstate = "28000";
    if (says("role \"") && says("does not exist")) refusal.sqlstate = "28000";
    if (says("database \"") && says("does not exist")) refusal.sqlstate = "3D000";
    if (says("invalid") && (says("connection option") || says("sslmode"))) refusal.sqlstate = "22023";
    return tl::unexpected(error_of(refusal, tried));
  }
  PQsetnonblocking(handle_, 1);
  PQsetNoticeReceiver(handle_, &keep_notice, &notices_);
  return {};
}

Connection::~Connection() { PQfinish(handle_); }

bool Connection::is_usable() const {
  if (is_broken_ || PQstatus(handle_) != CONNECTION_OK || PQtransactionStatus(handle_) != PQTRANS_IDLE) return false;
  // An idle session has nothing to say: what can be read is its end.
  pollfd watched{.fd = PQsocket(handle_), .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) == 0;
}

bool Connection::reset() {
  if (!is_usable()) return false;
  const Waiter waiter(std::chrono::steady_clock::now() + std::chrono::seconds(2), {});
  const auto discarded = run({.text = "discard all", .values = {}, .places = {}}, {}, waiter, "discard all");
  notices_.clear();
  if (floats_ == Floats::maybe_short) floats_ = Floats::unknown;
  return discarded && is_usable();
}

void Connection::cancel() noexcept {
  is_broken_ = true;
  if (PGcancel* request = PQgetCancel(handle_)) {
    std::array<char, 256> complaint{};
    PQcancel(request, complaint.data(), static_cast<int>(complaint.size()));
    PQfreeCancel(request);
  }
}

domain::ToolError Connection::ended(Waiter::Ended how, std::string_view tried) {
  if (PQstatus(handle_) == CONNECTION_OK) cancel();
  is_broken_ = true;
  if (how == Waiter::Ended::cancelled) return tools::error_of("cancelled", "the call was stopped");
  return tools::error_of("timeout", std::string(tried) + " did not end before its deadline; it was cancelled", true);
}

domain::ToolError Connection::lost(std::string_view tried) const {
  return error_of({.sqlstate = {}, .message = shown_ + ": " + trimmed(PQerrorMessage(handle_))}, tried);
}

domain::ToolError Connection::refused(const pg_result* result, std::string_view tried) const {
  const auto field = [&](int code) { return trimmed(PQresultErrorField(result, code)); };
  Refusal refusal{.sqlstate = field(PG_DIAG_SQLSTATE), .message = field(PG_DIAG_MESSAGE_PRIMARY)};
  if (refusal.message.empty()) refusal.message = trimmed(PQresultErrorMessage(result));
  if (const auto detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) refusal.message += "; " + detail;
  if (const auto hint = field(PG_DIAG_MESSAGE_HINT); !hint.empty()) refusal.message += "; hint: " + hint;
  refusal.position = std::atoi(field(PG_DIAG_STATEMENT_POSITION).c_str());
  if (refusal.position > 0) refusal.message += "; at character " + std::to_string(refusal.position);
  // Of COPY: the line, the column and the value.
  if (const auto context = field(PG_DIAG_CONTEXT); context.starts_with("COPY ")) {
    refusal.message += "; " + context.substr(0, std::min(context.find('\n'), std::size_t{300}));
  }
  return error_of(refusal, tried);
}

Outcome<void> Connection::wait(short events, const Waiter& waiter, std::string_view tried) {
  const auto waited = waiter.wait(PQsocket(handle_), events);
  if (waited != Waiter::Ended::ready) return tl::unexpected(ended(waited, tried));
  return {};
}

Outcome<void> Connection::flush(const Waiter& waiter, std::string_view tried) {
  while (true) {
    const int left = PQflush(handle_);
    if (left == 0) return {};
    if (left < 0) return tl::unexpected(lost(tried));
    if (auto waited = wait(POLLIN | POLLOUT, waiter, tried); !waited) return waited;
    if (PQconsumeInput(handle_) == 0) return tl::unexpected(lost(tried));
  }
}

Outcome<Connection::ResultHandle> Connection::next_result(const Waiter& waiter, std::string_view tried) {
  while (PQisBusy(handle_) != 0) {
    if (auto waited = wait(POLLIN, waiter, tried); !waited) return tl::unexpected(waited.error());
    if (PQconsumeInput(handle_) == 0) return tl::unexpected(lost(tried));
  }
  return ResultHandle(PQgetResult(handle_), &PQclear);
}

Outcome<void> Connection::drain(const Waiter& waiter, std::string_view tried) {
  while (true) {
    auto result = next_result(waiter, tried);
    if (!result) return tl::unexpected(result.error());
    if (*result == nullptr) return {};
    const auto status = PQresultStatus(result->get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      is_broken_ = true;
      return {};
    }
  }
}

Outcome<Connection::Description> Connection::prepare(const Statement& statement, const Waiter& waiter,
                                                     const std::string& tried) {
  Description description;
  if (PQsendPrepare(handle_, "", statement.text.c_str(), 0, nullptr) == 0) return tl::unexpected(lost(tried));
  for (const bool is_description : {false, true}) {
    if (is_description && PQsendDescribePrepared(handle_, "") == 0) return tl::unexpected(lost(tried));
    if (auto sent = flush(waiter, tried); !sent) return tl::unexpected(sent.error());
    auto result = next_result(waiter, tried);
    if (!result) return tl::unexpected(result.error());
    if (auto drained = drain(waiter, tried); !drained) return tl::unexpected(drained.error());
    if (PQresultStatus(result->get()) != PGRES_COMMAND_OK) return tl::unexpected(refused(result->get(), tried));
    if (!is_description) continue;
    for (int i = 0; i < PQnparams(result->get()); ++i) description.parameters.push_back(PQparamtype(result->get(), i));
    description.columns = columns_of(result->get());
  }
  return description;
}

Outcome<void> Connection::send(const Statement& statement, const Description* description, const Waiter& waiter,
                               const std::string& tried) {
  std::vector<std::optional<std::string>> texts;
  std::vector<const char*> pointers;
  for (std::size_t i = 0; i < statement.values.size(); ++i) {
    const bool has_type = description != nullptr && description->parameters.size() == statement.values.size();
    auto text = parameter_text(statement.values[i], types_, has_type ? description->parameters[i] : 0);
    if (!text) {
      const std::string place = i < statement.places.size() ? "row " + std::to_string(statement.places[i].first) +
                                                                  ", column '" + statement.places[i].second + "'"
                                                            : "parameter " + std::to_string(i + 1);
      return tl::unexpected(tools::error_of("invalid_input", tried + ", " + place + ": " + text.error().message));
    }
    texts.push_back(*std::move(text));
  }
  for (const auto& text : texts) pointers.push_back(text ? text->c_str() : nullptr);
  const auto count = static_cast<int>(pointers.size());
  const char* const sql = statement.text.c_str();
  const int sent = description != nullptr
                       ? PQsendQueryPrepared(handle_, "", count, pointers.data(), nullptr, nullptr, 0)
                       : PQsendQueryParams(handle_, sql, count, nullptr, pointers.data(), nullptr, nullptr, 0);
  if (sent == 0) return tl::unexpected(lost(tried));
  PQsetSingleRowMode(handle_);
  return flush(waiter, tried);
}

Outcome<StatementEnd> Connection::run_plain(const Statement& statement, const Description* description,
                                            const RowHandler& handler, const Waiter& waiter, const std::string& tried) {
  if (auto sent = send(statement, description, waiter, tried); !sent) return tl::unexpected(sent.error());
  return read(handler, waiter, tried);
}

Outcome<StatementEnd> Connection::read(const RowHandler& handler, const Waiter& waiter, const std::string& tried) {
  StatementEnd end;
  std::vector<Cell> cells;
  std::optional<domain::ToolError> refusal;
  while (true) {
    auto result = next_result(waiter, tried);
    if (!result) return tl::unexpected(result.error());
    if (*result == nullptr) break;
    const auto status = PQresultStatus(result->get());
    if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK) {
      if (!end.returns_rows) {
        end.returns_rows = true;
        cells.resize(static_cast<std::size_t>(PQnfields(result->get())));
        if (handler.columns) handler.columns(columns_of(result->get()));
      }
      for (int row = 0; row < PQntuples(result->get()); ++row) {
        read_row(result->get(), row, cells);
        ++end.row_count;
        if (!handler.row || handler.row(cells)) continue;
        cancel();
        end.was_stopped = true;
        return end;
      }
      if (status == PGRES_TUPLES_OK) end.tag = PQcmdStatus(result->get());
    } else if (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
      end.tag = PQcmdStatus(result->get());
      end.row_count = std::strtoll(PQcmdTuples(result->get()), nullptr, 10);
    } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      cancel();
      return tl::unexpected(tools::error_of(
          "invalid_input", tried + " is a COPY from or to the client: use the option 'copy', or the tool transfer"));
    } else {
      refusal = refused(result->get(), tried);
    }
  }
  if (refusal) return tl::unexpected(*std::move(refusal));
  return end;
}

Outcome<std::vector<Column>> Connection::describe(const std::string& sql, const Waiter& waiter) {
  const std::string tried = "looking up the columns";
  std::vector<Column> columns;
  const RowHandler handler{.columns = [&](const std::vector<Column>& found) { columns = found; }, .row = {}};
  auto end = run({.text = sql, .values = {}, .places = {}}, handler, waiter, tried);
  if (!end) return tl::unexpected(end.error());
  return columns;
}

Outcome<StatementEnd> Connection::copy_in(const std::string& sql, const std::function<Outcome<std::string>()>& next,
                                          const Waiter& waiter) {
  const std::string tried = "COPY";
  if (PQsendQuery(handle_, sql.c_str()) == 0) return tl::unexpected(lost(tried));
  if (auto sent = flush(waiter, tried); !sent) return tl::unexpected(sent.error());
  auto begun = next_result(waiter, tried);
  if (!begun) return tl::unexpected(begun.error());
  if (PQresultStatus(begun->get()) != PGRES_COPY_IN) {
    auto error = refused(begun->get(), tried);
    if (auto drained = drain(waiter, tried); !drained) return tl::unexpected(drained.error());
    return tl::unexpected(std::move(error));
  }
  // A refusal may come in the middle; libpq then takes no more, and the result says why.
  bool is_taken = true;
  std::optional<domain::ToolError> unsuitable;  // a value of ours
  while (is_taken) {
    auto chunk = next();
    if (!chunk) unsuitable = chunk.error();
    if (!chunk || chunk->empty()) break;
    is_taken = PQputCopyData(handle_, chunk->data(), static_cast<int>(chunk->size())) > 0;
    if (auto sent = flush(waiter, tried); is_taken && !sent) return tl::unexpected(sent.error());
  }
  if (is_taken) is_taken = PQputCopyEnd(handle_, unsuitable ? "a value does not fit its column" : nullptr) > 0;
  if (auto sent = flush(waiter, tried); is_taken && !sent) return tl::unexpected(sent.error());
  auto result = next_result(waiter, tried);
  if (!result) return tl::unexpected(result.error());
  if (*result == nullptr) return tl::unexpected(lost(tried));
  if (auto drained = drain(waiter, tried); !drained) return tl::unexpected(drained.error());
  if (unsuitable) return tl::unexpected(*std::move(unsuitable));
  if (PQresultStatus(result->get()) != PGRES_COMMAND_OK) return tl::unexpected(refused(result->get(), tried));
  StatementEnd end;
  end.tag = PQcmdStatus(result->get());
  end.row_count = std::strtoll(PQcmdTuples(result->get()), nullptr, 10);
  return end;
}

}  // namespace noetl::tools::postgres
