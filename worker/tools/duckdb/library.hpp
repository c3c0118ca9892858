#pragma once
// Library: libduckdb, found and loaded at the first call that needs it. One for the process, since DuckDB's own
// bookkeeping of open files is; owned by the tool. Any thread.
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/duckdb/api.hpp"

namespace noetl::tools::duckdb {

class Library {
 public:
  // `file`: the setting duckdb-library; empty: NOETL_DUCKDB_LIBRARY, then the places of places().
  explicit Library(std::string file) : file_(std::move(file)) {}
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // unsupported: it is nowhere, with where was looked and how to get it. A failure is tried again at the next call.
  [[nodiscard]] base::Result<const Api*> load();

  // Where it is looked for, the first one first; names without a slash are left to the system.
  [[nodiscard]] static std::vector<std::filesystem::path> places();

 private:
  const std::string file_;
  std::mutex mutex_;
  bool is_loaded_ = false;
  Api api_{};  // never unloaded: threads of DuckDB may still run its code
};

}  // namespace noetl::tools::duckdb
