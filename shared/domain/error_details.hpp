#pragma once
// error_details: what a ToolError says of where it failed, beside its kind and its message. They stand flat in the JSON form of an
// error; docs/reference/tools.md has them. A constant; any thread.
#include <array>
#include <cstddef>
#include <string_view>

namespace noetl::domain {

struct ErrorDetail {
  std::string_view name;
  std::string_view type;  // number, text or map
  std::string_view meaning;
};

inline constexpr std::size_t error_detail_bytes_max = 4096;  // of one text

inline constexpr std::array<ErrorDetail, 12> error_details{{
    {"line", "number", "of the step's code, or of its SQL, counted from 1"},
    {"code", "text", "that line"},
    {"statement", "number", "SQL: which statement of the step, from 1"},
    {"statements", "number", "SQL: how many it has"},
    {"position", "number", "SQL: the character of the statement, from 1"},
    {"sqlstate", "text", "SQL: Postgres's code"},
    {"stderr", "text", "the last lines that a program wrote there"},
    {"method", "text", "http"},
    {"url", "text", "http: with its query, without what is secret"},
    {"body", "text", "http: the first bytes of the answer"},
    {"templates", "list", "templates of the step that gave nothing: `input.rows: {{ fecth.results }}`"},
    {"child", "map",
     "of the playbook that the step called: execution_id, path, step, and task, item, attempt, child where it has "
     "them"},
}};

[[nodiscard]] constexpr const ErrorDetail* find_error_detail(std::string_view name) {
  for (const ErrorDetail& detail : error_details) {
    if (detail.name == name) return &detail;
  }
  return nullptr;
}

}  // namespace noetl::domain
