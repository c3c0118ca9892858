#include "worker/tools/duckdb/library.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace noetl::tools::duckdb {

namespace {

namespace fs = std::filesystem;

// Finds every function, whose names all begin with duckdb_; the first one that the library lacks, or an empty text.
std::string find_all(void* library, Api& api) {
  std::string missing;
  const auto find = [&](auto& place, const char* name) {
    const std::string whole = std::string("duckdb_") + name;
    place = reinterpret_cast<std::remove_reference_t<decltype(place)>>(dlsym(library, whole.c_str()));
    if (place == nullptr) missing = whole;
    return place != nullptr;
  };
  const bool is_whole =
      find(api.library_version, "library_version") && find(api.create_config, "create_config") &&
      find(api.set_config, "set_config") && find(api.destroy_config, "destroy_config") &&
      find(api.create_instance_cache, "create_instance_cache") &&
      find(api.get_or_create_from_cache, "get_or_create_from_cache") &&
      find(api.destroy_instance_cache, "destroy_instance_cache") && find(api.open_ext, "open_ext") &&
      find(api.close, "close") && find(api.connect, "connect") && find(api.disconnect, "disconnect") &&
      find(api.interrupt, "interrupt") && find(api.free, "free") &&
      find(api.extract_statements, "extract_statements") &&
      find(api.extract_statements_error, "extract_statements_error") &&
      find(api.destroy_extracted, "destroy_extracted") &&
      find(api.prepare_extracted_statement, "prepare_extracted_statement") &&
      find(api.prepare_error, "prepare_error") && find(api.destroy_prepare, "destroy_prepare") &&
      find(api.nparams, "nparams") && find(api.bind_parameter_index, "bind_parameter_index") &&
      find(api.bind_null, "bind_null") && find(api.bind_boolean, "bind_boolean") &&
      find(api.bind_int64, "bind_int64") && find(api.bind_double, "bind_double") &&
      find(api.bind_varchar_length, "bind_varchar_length") &&
      find(api.execute_prepared_streaming, "execute_prepared_streaming") && find(api.result_error, "result_error") &&
      find(api.destroy_result, "destroy_result") && find(api.result_return_type, "result_return_type") &&
      find(api.rows_changed, "rows_changed") && find(api.column_count, "column_count") &&
      find(api.column_name, "column_name") && find(api.column_logical_type, "column_logical_type") &&
      find(api.fetch_chunk, "fetch_chunk") && find(api.destroy_data_chunk, "destroy_data_chunk") &&
      find(api.data_chunk_get_size, "data_chunk_get_size") &&
      find(api.data_chunk_get_vector, "data_chunk_get_vector") && find(api.vector_get_data, "vector_get_data") &&
      find(api.vector_get_validity, "vector_get_validity") &&
      find(api.list_vector_get_child, "list_vector_get_child") &&
      find(api.struct_vector_get_child, "struct_vector_get_child") &&
      find(api.array_vector_get_child, "array_vector_get_child") && find(api.get_type_id, "get_type_id") &&
      find(api.destroy_logical_type, "destroy_logical_type") && find(api.decimal_scale, "decimal_scale") &&
      find(api.decimal_width, "decimal_width") && find(api.logical_type_get_alias, "logical_type_get_alias") &&
      find(api.append_blob, "append_blob") && find(api.bind_uint64, "bind_uint64") &&
      find(api.decimal_internal_type, "decimal_internal_type") && find(api.enum_internal_type, "enum_internal_type") &&
      find(api.enum_dictionary_size, "enum_dictionary_size") &&
      find(api.enum_dictionary_value, "enum_dictionary_value") &&
      find(api.list_type_child_type, "list_type_child_type") &&
      find(api.array_type_child_type, "array_type_child_type") &&
      find(api.array_type_array_size, "array_type_array_size") && find(api.map_type_key_type, "map_type_key_type") &&
      find(api.map_type_value_type, "map_type_value_type") &&
      find(api.struct_type_child_count, "struct_type_child_count") &&
      find(api.struct_type_child_name, "struct_type_child_name") &&
      find(api.struct_type_child_type, "struct_type_child_type") && find(api.appender_create, "appender_create") &&
      find(api.appender_add_column, "appender_add_column") && find(api.appender_error, "appender_error") &&
      find(api.appender_end_row, "appender_end_row") && find(api.appender_close, "appender_close") &&
      find(api.appender_destroy, "appender_destroy") && find(api.append_null, "append_null") &&
      find(api.append_bool, "append_bool") && find(api.append_int64, "append_int64") &&
      find(api.append_double, "append_double") && find(api.append_varchar_length, "append_varchar_length");
  return is_whole ? std::string() : missing;
}

#if defined(__aarch64__)
constexpr const char* node_package = "@duckdb/node-bindings-linux-arm64";
#else
constexpr const char* node_package = "@duckdb/node-bindings-linux-x64";
#endif

void add_below(std::vector<fs::path>& places, const fs::path& folder) {
  places.push_back(folder / ".noetl/duckdb/node_modules" / node_package / "libduckdb.so");
}

}  // namespace

std::vector<fs::path> Library::places() {
  std::vector<fs::path> places;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    places.push_back(program.parent_path() / "libduckdb.so");
    // A build within a clone: where ./dev setup puts it.
    for (fs::path folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
      add_below(places, folder);
  }
  const fs::path here = fs::current_path(error);
  if (!error) add_below(places, here);
  places.emplace_back("/usr/local/lib/libduckdb.so");
  places.emplace_back("libduckdb.so");
  return places;
}

base::Result<const Api*> Library::load() {
  const std::lock_guard lock(mutex_);
  if (is_loaded_) return &api_;
  std::vector<fs::path> candidates;
  const char* const from_environment = std::getenv("NOETL_DUCKDB_LIBRARY");
  const bool is_named = !file_.empty() || (from_environment != nullptr && *from_environment != '\0');
  if (is_named) {
    candidates = {file_.empty() ? fs::path(from_environment) : fs::path(file_)};
  } else {
    candidates = places();
  }
  std::string complaint = "not found";
  for (const fs::path& candidate : candidates) {
    std::error_code error;
    if (candidate.has_parent_path() && !fs::exists(candidate, error)) continue;
    void* const library = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      complaint = dlerror();
      continue;
    }
    const std::string missing = find_all(library, api_);
    if (missing.empty()) {
      is_loaded_ = true;
      return &api_;
    }
    dlclose(library);
    complaint = candidate.string() + " is too old: it lacks " + missing;
  }
  return base::failure(base::ErrorCode::unsupported,
                       "tool duckdb needs libduckdb.so, which this worker has not (" + complaint +
                           "). Get it with ./dev setup, or with "
                           "npm install " +
                           node_package + ", and name the file in the setting duckdb-library" +
                           (is_named ? "; looked at " + candidates.front().string() : ""));
}

}  // namespace noetl::tools::duckdb
