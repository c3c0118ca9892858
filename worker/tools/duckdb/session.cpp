#include "worker/tools/duckdb/session.hpp"

#include <array>
#include <charconv>

#include "worker/tools/duckdb/confine.hpp"
#include "worker/tools/duckdb/placeholders.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::duckdb {

namespace {

using Json = nlohmann::json;

struct Meaning {
  std::string_view says;
  std::string_view kind;
  bool is_retryable;
};

// DuckDB's errors begin with their sort; some are told by more. The first that the message contains.
constexpr std::array<Meaning, 24> meanings{{
    {"Could not set lock on file", "conflict", true},
    {"Conflicting lock is held", "conflict", true},
    {"file system operations are disabled", "invalid_input", false},
    {"the configuration has been locked", "invalid_input", false},
    {"Loading external extensions is disabled", "unsupported", false},
    {"_scanner.duckdb_extension", "unsupported", false},
    {"Extension \"", "unsupported", false},
    {"requires the extension", "unsupported", false},
    {"extension to be loaded", "unsupported", false},
    {"No files found", "not_found", false},
    {"No such file", "not_found", false},
    {"does not exist", "not_found", false},
    {"Out of Memory Error", "memory_limit", true},
    {"TransactionContext Error", "conflict", true},
    {"Constraint Error", "conflict", false},
    {"Parser Error", "invalid_input", false},
    {"Binder Error", "invalid_input", false},
    {"Catalog Error", "invalid_input", false},
    {"Conversion Error", "invalid_input", false},
    {"Invalid Input Error", "invalid_input", false},
    {"Out of Range Error", "invalid_input", false},
    {"Permission Error", "auth", false},
    {"Not implemented Error", "unsupported", false},
    {"IO Error", "server_error", true},
}};

// What to do about it, where the author of the statement cannot know.
std::string_view advice_about(std::string_view message, std::string_view kind) {
  const auto says = [&](std::string_view words) { return message.find(words) != std::string_view::npos; };
  if (says("file system operations are disabled"))
    return " (files are named by their whole path below the worker's files-root, and nothing else is "
           "reached; rows from "
           "elsewhere come by the tools http, s3, postgres and transfer)";
  if (says("the configuration has been locked"))
    return " (a step changes no setting of DuckDB: memory and threads are the worker's)";
  if (kind == "unsupported") return " (extensions are not downloaded: this worker has those that libduckdb.so brings)";
  return {};
}

// DuckDB ends what it says of a place with "LINE 2: the line", and a mark below.
void add_line(domain::ToolError& error, std::string_view message) {
  constexpr std::string_view word = "\nLINE ";
  const auto at = message.rfind(word);
  if (at == std::string_view::npos) return;
  const auto rest = message.substr(at + word.size());
  int line = 0;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), line);
  const auto text = rest.substr(static_cast<std::size_t>(end - rest.data()));
  if (problem != std::errc{} || !text.starts_with(": ")) return;
  add_details(error, {{"line", line}, {"code", std::string(text.substr(2, text.find('\n') - 2))}});
}

domain::ToolError meaning_of(std::string_view message, std::string_view tried) {
  std::string kind = "server_error";
  bool is_retryable = true;
  for (const Meaning& known : meanings) {
    if (message.find(known.says) == std::string_view::npos) continue;
    kind = known.kind;
    is_retryable = known.is_retryable;
    break;
  }
  std::string text = std::string(tried) + " failed: " + std::string(message);
  text += advice_about(message, kind);
  auto error = error_of(kind, text, is_retryable);
  add_line(error, message);
  return error;
}

// Frees one of DuckDB's things at the end of a scope.
class Owned {
 public:
  explicit Owned(void (*release)(Handle*)) : release_(release) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { release_(&handle); }
  Handle handle = nullptr;

 private:
  void (*release_)(Handle*);
};

int bind_value(const Api& api, Handle prepared, Index index, const Json& value) {
  if (value.is_null()) return api.bind_null(prepared, index);
  if (value.is_boolean()) return api.bind_boolean(prepared, index, value.get<bool>());
  if (value.is_number_unsigned()) return api.bind_uint64(prepared, index, value.get<std::uint64_t>());
  if (value.is_number_integer()) return api.bind_int64(prepared, index, value.get<std::int64_t>());
  if (value.is_number()) return api.bind_double(prepared, index, value.get<double>());
  const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
  return api.bind_varchar_length(prepared, index, text.data(), text.size());
}

}  // namespace

Databases::~Databases() {
  if (cache_ == nullptr) return;
  if (const auto loaded = library_.load()) (*loaded)->destroy_instance_cache(&cache_);
}

Outcome<Handle> Databases::open(const std::string& path) {
  const auto loaded = library_.load();
  if (!loaded) return tl::unexpected(error_of(loaded.error()));
  const Api& api = **loaded;
  Owned config(api.destroy_config);
  api.create_config(&config.handle);
  const std::string threads = std::to_string(settings_.threads);
  api.set_config(config.handle, "threads", threads.c_str());
  api.set_config(config.handle, "max_memory", settings_.memory_max.c_str());
  api.set_config(config.handle, "autoinstall_known_extensions",
                 "false");  // no download behind an author's back
  Handle database = nullptr;
  char* complaint = nullptr;
  int state = 0;
  const bool is_memory = path.empty() || path == ":memory:";
  // Held until it is confined: whoever shares a file's instance must not run a statement before.
  std::unique_lock lock(mutex_, std::defer_lock);
  if (is_memory) {
    state = api.open_ext(nullptr, &database, config.handle, &complaint);
  } else {
    lock.lock();
    if (cache_ == nullptr) cache_ = api.create_instance_cache();
    state = api.get_or_create_from_cache(cache_, path.c_str(), &database, config.handle, &complaint);
  }
  if (state == success) {
    auto confined = confine(api, database, settings_.folders);
    if (confined) return database;
    api.close(&database);
    return tl::unexpected(error_of(confined.error()));
  }
  const std::string message = complaint == nullptr ? "no reason given" : complaint;
  api.free(complaint);
  return tl::unexpected(meaning_of(message, "opening the DuckDB database '" + path + "'"));
}

Outcome<std::unique_ptr<Session>> Session::open(Databases& databases, const std::string& path,
                                                std::chrono::steady_clock::time_point deadline,
                                                const std::stop_token& stop) {
  auto database = databases.open(path);
  if (!database) return tl::unexpected(database.error());
  const Api& api = **databases.api();
  return std::unique_ptr<Session>(new Session(api, *database, deadline, stop));  // NOLINT: the constructor is private
}

Session::Session(const Api& api, Handle database, std::chrono::steady_clock::time_point deadline,
                 const std::stop_token& stop)
    : api_(api), database_(database), deadline_(deadline), stop_(stop) {
  if (api_.connect(database_, &connection_) != success) {
    api_.close(&database_);
    throw std::runtime_error("DuckDB refused a connection");
  }
  watch_ = std::jthread([this](const std::stop_token& done) { interrupt_late(done); });
}

Session::~Session() {
  watch_.request_stop();
  watch_.join();
  api_.disconnect(&connection_);
  api_.close(&database_);
}

void Session::interrupt_late(const std::stop_token& done) {
  const std::stop_callback on_stop(stop_, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, done, deadline_, [this] { return stop_.stop_requested(); });
  // An interrupt that comes between two statements is forgotten: say it until the session has ended.
  while (!done.stop_requested()) {
    api_.interrupt(connection_);
    changed_.wait_for(lock, done, std::chrono::milliseconds(20), [] { return false; });
  }
}

domain::ToolError Session::refused(const char* message, std::string_view tried) const {
  if (stop_.stop_requested()) return error_of("cancelled", "the call was stopped");
  if (std::chrono::steady_clock::now() >= deadline_) {
    return error_of("timeout", std::string(tried) + " did not end before its deadline; it was interrupted", true);
  }
  return meaning_of(message == nullptr ? "no reason given" : message, tried);
}

Outcome<void> Session::run(const std::string& sql, const Json& parameters, NumericAs numeric, const Steps& steps) {
  Owned extracted(api_.destroy_extracted);
  const std::string numbered = parameters.is_array() ? numbered_parameters(sql) : sql;
  const Index count = api_.extract_statements(connection_, numbered.c_str(), &extracted.handle);
  if (count == 0) {
    const char* const complaint = api_.extract_statements_error(extracted.handle);
    if (complaint != nullptr && *complaint != '\0') return tl::unexpected(refused(complaint, "the SQL of tool duckdb"));
    return {};
  }
  for (Index i = 0; i < count; ++i) {
    const auto failed_here = [&](domain::ToolError error) {
      add_details(error, {{"statement", i + 1}, {"statements", count}});
      return tl::unexpected(std::move(error));
    };
    const std::string tried = "statement " + std::to_string(i + 1) + " of " + std::to_string(count);
    // DuckDB would begin the next statement although the call is over.
    if (stop_.stop_requested() || std::chrono::steady_clock::now() >= deadline_)
      return failed_here(refused(nullptr, tried));
    Owned prepared(api_.destroy_prepare);
    if (steps.begin) steps.begin(static_cast<std::size_t>(i), static_cast<std::size_t>(count));
    if (api_.prepare_extracted_statement(connection_, extracted.handle, i, &prepared.handle) != success) {
      return failed_here(refused(api_.prepare_error(prepared.handle), tried));
    }
    if (auto bound = bind(prepared.handle, parameters, tried); !bound) return failed_here(bound.error());
    if (auto ran = run_one(prepared.handle, tried, numeric, steps); !ran) return failed_here(ran.error());
  }
  return {};
}

Outcome<void> Session::bind(Handle prepared, const Json& parameters, const std::string& tried) {
  const Index wanted = api_.nparams(prepared);
  const auto bad = [&](const std::string& why) { return tl::unexpected(error_of("invalid_input", tried + " " + why)); };
  if (wanted == 0 || parameters.is_null()) {
    if (wanted == 0) return {};
    return bad("needs " + std::to_string(wanted) + " parameters, there is no option 'params'");
  }
  if (parameters.is_array()) {
    // By number in the whole list, of which this statement may name only some.
    Index bound = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Index index = 0;
      const std::string number = std::to_string(i + 1);
      if (api_.bind_parameter_index(prepared, &index, parameter_name(i + 1).c_str() + 1) != success) continue;
      if (bind_value(api_, prepared, index, parameters.at(i)) != success) return bad("refused parameter " + number);
      ++bound;
    }
    if (bound == wanted) return {};
    return bad("names " + std::to_string(wanted) + " parameters, of which option 'params' with its " +
               std::to_string(parameters.size()) + " values has only " + std::to_string(bound));
  }
  for (const auto& [name, value] : parameters.items()) {
    Index index = 0;
    if (api_.bind_parameter_index(prepared, &index, name.c_str()) != success) continue;  // of another statement
    if (bind_value(api_, prepared, index, value) != success) return bad("refused parameter '" + name + "'");
  }
  return {};
}

Outcome<void> Session::run_one(Handle prepared, const std::string& tried, NumericAs numeric, const Steps& steps) {
  ResultData result{};
  struct Release {
    const Api& api;
    ResultData& result;
    ~Release() { api.destroy_result(&result); }
  } const release{api_, result};
  if (api_.execute_prepared_streaming(prepared, &result) != success) {
    return tl::unexpected(refused(api_.result_error(&result), tried));
  }
  StatementEnd end;
  if (static_cast<ResultKind>(api_.result_return_type(result)) == ResultKind::rows) {
    auto read = read_rows(result, tried, numeric, steps.rows);
    if (!read) return tl::unexpected(read.error());
    end = *read;
  } else {
    // A streamed result counts its changes in its only row.
    Owned chunk(api_.destroy_data_chunk);
    chunk.handle = api_.fetch_chunk(result);
    if (chunk.handle != nullptr &&
        static_cast<ResultKind>(api_.result_return_type(result)) == ResultKind::changed_rows &&
        api_.data_chunk_get_size(chunk.handle) > 0) {
      end.row_count =
          *static_cast<const std::int64_t*>(api_.vector_get_data(api_.data_chunk_get_vector(chunk.handle, 0)));
    }
    const char* const complaint = api_.result_error(&result);
    if (complaint != nullptr && *complaint != '\0') return tl::unexpected(refused(complaint, tried));
  }
  if (steps.end && !steps.end(end)) return tl::unexpected(error_of("output_limit", "enough"));
  return {};
}

Outcome<StatementEnd> Session::read_rows(ResultData& result, const std::string& tried, NumericAs numeric,
                                         const RowHandler& rows) {
  std::vector<ResultColumn> columns;
  for (Index i = 0; i < api_.column_count(&result); ++i) {
    Handle type = api_.column_logical_type(&result, i);
    columns.push_back({.name = api_.column_name(&result, i), .type = column_type(api_, type)});
    api_.destroy_logical_type(&type);
    if (const std::string name = columns.back().type.unsupported(); !name.empty()) {
      return tl::unexpected(error_of("unsupported", tried + ": column '" + columns.back().name + "' is of type " +
                                                        name +
                                                        ", which has no JSON form here; cast it, e.g. to VARCHAR"));
    }
  }
  if (rows.columns) rows.columns(columns);
  StatementEnd end{.returns_rows = true, .row_count = 0};
  while (true) {
    Owned chunk(api_.destroy_data_chunk);
    chunk.handle = api_.fetch_chunk(result);
    if (chunk.handle == nullptr) break;
    std::vector<Handle> vectors;
    for (Index i = 0; i < columns.size(); ++i) vectors.push_back(api_.data_chunk_get_vector(chunk.handle, i));
    Index row = 0;
    const std::function<void(std::string&, std::size_t)> cell = [&](std::string& to, std::size_t column) {
      append_json(api_, to, columns[column].type, vectors[column], row, numeric);
    };
    for (; row < api_.data_chunk_get_size(chunk.handle); ++row) {
      ++end.row_count;
      if (rows.row && !rows.row(cell)) return end;
    }
  }
  const char* const complaint = api_.result_error(&result);
  if (complaint != nullptr && *complaint != '\0') return tl::unexpected(refused(complaint, tried));
  return end;
}

Outcome<void> Session::append(const std::string& table, const std::vector<bool>& is_blob, std::size_t row_count,
                              const std::function<AppendedCell(std::size_t row, std::size_t column)>& cell) {
  const std::string tried = "appending to table '" + table + "'";
  struct Release {
    const Api& api;
    Handle handle = nullptr;
    ~Release() {
      if (handle != nullptr) api.appender_destroy(&handle);
    }
  } appender{api_};
  const auto failure = [&] { return tl::unexpected(refused(api_.appender_error(appender.handle), tried)); };
  if (api_.appender_create(connection_, nullptr, table.c_str(), &appender.handle) != success) return failure();
  for (std::size_t row = 0; row < row_count; ++row) {
    for (std::size_t column = 0; column < is_blob.size(); ++column) {
      const AppendedCell value = cell(row, column);
      const int state = !value            ? api_.append_null(appender.handle)
                        : is_blob[column] ? api_.append_blob(appender.handle, value->data(), value->size())
                                          : api_.append_varchar_length(appender.handle, value->data(), value->size());
      if (state != success) return failure();
    }
    if (api_.appender_end_row(appender.handle) != success) return failure();
  }
  if (stop_.stop_requested() || std::chrono::steady_clock::now() >= deadline_)
    return tl::unexpected(refused(nullptr, tried));
  if (api_.appender_close(appender.handle) != success) return failure();
  return {};
}

}  // namespace noetl::tools::duckdb
