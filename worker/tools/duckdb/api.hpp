#pragma once
// Api: the part of DuckDB's C interface that the tool uses, as pointers into a library that is loaded at run
// time: no Debian package has it, and a worker without DuckDB must still start. Names and layouts are those
// of duckdb.h (the interface is stable since 1.0). Read-only after loading; any thread.
#include <cstdint>

namespace noetl::tools::duckdb {

using Index = std::uint64_t;
using Handle = void*;  // duckdb_database, duckdb_connection, …: pointers to things of its own

// duckdb_result. What is deprecated there is only room here.
struct ResultData {
  Index room_counts[3];
  void* room_columns;
  char* room_error;
  void* content;
};

struct Huge {
  std::uint64_t lower;
  std::int64_t upper;
};

// A text in a vector: short ones are in it, long ones behind a pointer.
struct Text {
  std::uint32_t length;
  char start[4];
  union {
    char rest[8];
    const char* pointer;
  } more;
};

struct ListEntry {
  std::uint64_t offset;
  std::uint64_t length;
};

struct Interval {
  std::int32_t months;
  std::int32_t days;
  std::int64_t micros;
};

enum class Type : int {
  boolean = 1,
  tinyint,
  smallint,
  integer,
  bigint,
  utinyint,
  usmallint,
  uinteger,
  ubigint,
  float_,
  double_,
  timestamp,
  date,
  time,
  interval,
  hugeint,
  varchar,
  blob,
  decimal,
  timestamp_s,
  timestamp_ms,
  timestamp_ns,
  enum_,
  list,
  struct_,
  map,
  uuid,
  union_,
  bit,
  time_tz,
  timestamp_tz,
  uhugeint,
  array,
  any,
  bignum,
  sqlnull
};

enum class ResultKind : int { invalid = 0, changed_rows = 1, nothing = 2, rows = 3 };
constexpr int success = 0;

struct Api {
  const char* (*library_version)();
  int (*create_config)(Handle* config);
  int (*set_config)(Handle config, const char* name, const char* value);
  void (*destroy_config)(Handle* config);
  Handle (*create_instance_cache)();
  int (*get_or_create_from_cache)(Handle cache, const char* path, Handle* database, Handle config, char** error);
  void (*destroy_instance_cache)(Handle* cache);
  int (*open_ext)(const char* path, Handle* database, Handle config, char** error);
  void (*close)(Handle* database);
  int (*connect)(Handle database, Handle* connection);
  void (*disconnect)(Handle* connection);
  void (*interrupt)(Handle connection);
  void (*free)(void* memory);

  Index (*extract_statements)(Handle connection, const char* sql, Handle* extracted);
  const char* (*extract_statements_error)(Handle extracted);
  void (*destroy_extracted)(Handle* extracted);
  int (*prepare_extracted_statement)(Handle connection, Handle extracted, Index index, Handle* prepared);
  const char* (*prepare_error)(Handle prepared);
  void (*destroy_prepare)(Handle* prepared);
  Index (*nparams)(Handle prepared);
  int (*bind_parameter_index)(Handle prepared, Index* index, const char* name);
  int (*bind_null)(Handle prepared, Index index);
  int (*bind_boolean)(Handle prepared, Index index, bool value);
  int (*bind_uint64)(Handle prepared, Index index, std::uint64_t value);
  int (*bind_int64)(Handle prepared, Index index, std::int64_t value);
  int (*bind_double)(Handle prepared, Index index, double value);
  int (*bind_varchar_length)(Handle prepared, Index index, const char* text, Index length);
  int (*execute_prepared_streaming)(Handle prepared, ResultData* result);

  const char* (*result_error)(ResultData* result);
  void (*destroy_result)(ResultData* result);
  int (*result_return_type)(ResultData result);
  Index (*rows_changed)(ResultData* result);
  Index (*column_count)(ResultData* result);
  const char* (*column_name)(ResultData* result, Index column);
  Handle (*column_logical_type)(ResultData* result, Index column);
  Handle (*fetch_chunk)(ResultData result);
  void (*destroy_data_chunk)(Handle* chunk);
  Index (*data_chunk_get_size)(Handle chunk);
  Handle (*data_chunk_get_vector)(Handle chunk, Index column);
  void* (*vector_get_data)(Handle vector);
  std::uint64_t* (*vector_get_validity)(Handle vector);
  Handle (*list_vector_get_child)(Handle vector);
  Handle (*struct_vector_get_child)(Handle vector, Index child);
  Handle (*array_vector_get_child)(Handle vector);

  int (*get_type_id)(Handle type);
  void (*destroy_logical_type)(Handle* type);
  char* (*logical_type_get_alias)(Handle type);
  std::uint8_t (*decimal_width)(Handle type);
  std::uint8_t (*decimal_scale)(Handle type);
  int (*decimal_internal_type)(Handle type);
  int (*enum_internal_type)(Handle type);
  std::uint32_t (*enum_dictionary_size)(Handle type);
  char* (*enum_dictionary_value)(Handle type, Index index);
  Handle (*list_type_child_type)(Handle type);
  Handle (*array_type_child_type)(Handle type);
  Index (*array_type_array_size)(Handle type);
  Handle (*map_type_key_type)(Handle type);
  Handle (*map_type_value_type)(Handle type);
  Index (*struct_type_child_count)(Handle type);
  char* (*struct_type_child_name)(Handle type, Index child);
  Handle (*struct_type_child_type)(Handle type, Index child);

  int (*appender_create)(Handle connection, const char* schema, const char* table, Handle* appender);
  int (*appender_add_column)(Handle appender, const char* name);
  const char* (*appender_error)(Handle appender);
  int (*appender_end_row)(Handle appender);
  int (*appender_close)(Handle appender);
  int (*appender_destroy)(Handle* appender);
  int (*append_null)(Handle appender);
  int (*append_bool)(Handle appender, bool value);
  int (*append_blob)(Handle appender, const void* bytes, Index length);
  int (*append_int64)(Handle appender, std::int64_t value);
  int (*append_double)(Handle appender, double value);
  int (*append_varchar_length)(Handle appender, const char* text, Index length);
};

}  // namespace noetl::tools::duckdb
