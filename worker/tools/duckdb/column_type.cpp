#include <array>
#include <string_view>

#include "worker/tools/duckdb/values.hpp"

namespace noetl::tools::duckdb {

namespace {

void add_inner(const Api& api, ColumnType& column, Handle inner) {
  column.inner.push_back(column_type(api, inner));
  api.destroy_logical_type(&inner);
}

std::string owned(const Api& api, char* text) {
  std::string copy = text == nullptr ? "" : text;
  api.free(text);
  return copy;
}

}  // namespace

ColumnType column_type(const Api& api, Handle type) {
  ColumnType column;
  column.id = static_cast<Type>(api.get_type_id(type));
  if (column.id == Type::varchar) column.is_json = owned(api, api.logical_type_get_alias(type)) == "JSON";
  switch (column.id) {
    case Type::decimal:
      column.width = api.decimal_width(type);
      column.scale = api.decimal_scale(type);
      column.internal = static_cast<Type>(api.decimal_internal_type(type));
      break;
    case Type::enum_:
      column.internal = static_cast<Type>(api.enum_internal_type(type));
      for (Index i = 0; i < api.enum_dictionary_size(type); ++i)
        column.names.push_back(owned(api, api.enum_dictionary_value(type, i)));
      break;
    case Type::list: add_inner(api, column, api.list_type_child_type(type)); break;
    case Type::array:
      column.array_size = api.array_type_array_size(type);
      add_inner(api, column, api.array_type_child_type(type));
      break;
    case Type::map:
      add_inner(api, column, api.map_type_key_type(type));
      add_inner(api, column, api.map_type_value_type(type));
      break;
    case Type::struct_:
      for (Index i = 0; i < api.struct_type_child_count(type); ++i) {
        column.names.push_back(owned(api, api.struct_type_child_name(type, i)));
        add_inner(api, column, api.struct_type_child_type(type, i));
      }
      break;
    default: break;
  }
  return column;
}

std::string ColumnType::sql() const {
  constexpr std::array<std::string_view, 36> names_of{"",
                                                      "BOOLEAN",
                                                      "TINYINT",
                                                      "SMALLINT",
                                                      "INTEGER",
                                                      "BIGINT",
                                                      "UTINYINT",
                                                      "USMALLINT",
                                                      "UINTEGER",
                                                      "UBIGINT",
                                                      "FLOAT",
                                                      "DOUBLE",
                                                      "TIMESTAMP",
                                                      "DATE",
                                                      "TIME",
                                                      "INTERVAL",
                                                      "HUGEINT",
                                                      "VARCHAR",
                                                      "BLOB",
                                                      "DECIMAL",
                                                      "TIMESTAMP_S",
                                                      "TIMESTAMP_MS",
                                                      "TIMESTAMP_NS",
                                                      "ENUM",
                                                      "LIST",
                                                      "STRUCT",
                                                      "MAP",
                                                      "UUID",
                                                      "UNION",
                                                      "BIT",
                                                      "TIME WITH TIME ZONE",
                                                      "TIMESTAMP WITH TIME ZONE",
                                                      "UHUGEINT",
                                                      "ARRAY",
                                                      "ANY",
                                                      "BIGNUM"};
  if (is_json) return "JSON";
  if (id == Type::decimal) return "DECIMAL(" + std::to_string(width) + "," + std::to_string(scale) + ")";
  if (id == Type::list) return inner[0].sql() + "[]";
  if (id == Type::array) return inner[0].sql() + "[" + std::to_string(array_size) + "]";
  if (id == Type::map) return "MAP(" + inner[0].sql() + "," + inner[1].sql() + ")";
  const auto quoted = [](const std::string& text, char quote) {
    std::string whole(1, quote);
    for (const char c : text) whole += c == quote ? std::string(2, c) : std::string(1, c);
    return whole + quote;
  };
  std::string members;
  for (std::size_t i = 0; i < names.size(); ++i) {
    members += i == 0 ? "" : ",";
    members += id == Type::enum_ ? quoted(names[i], '\'') : quoted(names[i], '"') + " " + inner[i].sql();
  }
  if (id == Type::struct_) return "STRUCT(" + members + ")";
  if (id == Type::enum_) return "ENUM(" + members + ")";
  const auto at = static_cast<std::size_t>(id);
  return at < names_of.size() ? std::string(names_of[at]) : "VARCHAR";
}

std::string ColumnType::unsupported() const {
  switch (id) {
    case Type::union_: return "UNION";
    case Type::bit: return "BIT";
    case Type::any:
    case Type::bignum: return "BIGNUM";
    default: break;
  }
  if (id > Type::sqlnull) return "type number " + std::to_string(static_cast<int>(id));
  for (const ColumnType& one : inner) {
    if (std::string name = one.unsupported(); !name.empty()) return name;
  }
  return {};
}

}  // namespace noetl::tools::duckdb
