#include "worker/tools/duckdb/confine.hpp"

namespace noetl::tools::duckdb {
namespace {

// Empty: it ran.
std::string complaint_about(const Api& api, Handle connection, const std::string& sql) {
  Handle extracted = nullptr;
  Handle prepared = nullptr;
  ResultData result{};
  std::string complaint = "the statement cannot be prepared";
  if (api.extract_statements(connection, sql.c_str(), &extracted) == 1 &&
      api.prepare_extracted_statement(connection, extracted, 0, &prepared) == success) {
    complaint.clear();
    if (api.execute_prepared_streaming(prepared, &result) != success) {
      const char* const said = api.result_error(&result);
      complaint = said == nullptr ? "no reason given" : said;
    }
    api.destroy_result(&result);
  } else if (prepared != nullptr && api.prepare_error(prepared) != nullptr) {
    complaint = api.prepare_error(prepared);
  }
  api.destroy_prepare(&prepared);
  api.destroy_extracted(&extracted);
  return complaint;
}

std::string quoted(const std::string& text) {
  std::string whole = "'";
  for (const char c : text) whole += c == '\'' ? std::string("''") : std::string(1, c);
  return whole + "'";
}

}  // namespace

base::Result<void> confine(const Api& api, Handle database, const std::vector<std::string>& folders) {
  std::string list;
  for (const std::string& folder : folders) list += (list.empty() ? "" : ", ") + quoted(folder);
  struct Connection {
    const Api& api;
    Handle handle = nullptr;
    ~Connection() {
      if (handle != nullptr) api.disconnect(&handle);
    }
  } connection{api};
  if (api.connect(database, &connection.handle) != success)
    return base::failure(base::ErrorCode::internal, "DuckDB refused a connection");
  // The last one makes the others lasting. With the configuration locked, the first is refused: it was done already.
  for (const std::string& sql :
       {"set allowed_directories=[" + list + "]", "set temp_directory=" + quoted(folders.front() + "/.duckdb"),
        std::string("set allow_community_extensions=false"), std::string("set enable_external_access=false"),
        std::string("set lock_configuration=true")}) {
    const std::string complaint = complaint_about(api, connection.handle, sql);
    if (complaint.find("has been locked") != std::string::npos) return {};
    if (!complaint.empty()) {
      return base::failure(base::ErrorCode::unsupported, "this libduckdb cannot be kept to one folder: '" + sql +
                                                             "' failed: " + complaint +
                                                             "; DuckDB 1.2 or newer is needed");
    }
  }
  return {};
}

}  // namespace noetl::tools::duckdb
