#pragma once
// Variables of an execution and rendering of templates: /api/vars, /api/context/render. Values; any thread.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::wire {

struct NewVariable {
  std::string name;
  std::string value = "null";  // JSON text
  std::string var_type = "user_defined";
  std::string source_step;
};

struct SetVariablesRequest {
  base::ExecutionId execution_id;
  std::vector<NewVariable> variables;
};

struct VariableRow {
  base::ExecutionId execution_id;
  std::string name;
  std::string value = "null";  // JSON text
  std::string var_type, source_step;
  std::int64_t access_count = 0;
  std::string created_at, accessed_at;  // empty: not known, not yet
};

// Of POST /api/context/render: what a person looks at, not what a step is given.
inline constexpr std::size_t template_bytes_max = 128UL * 1024;
inline constexpr std::size_t rendered_bytes_max = 2UL * 1024 * 1024;

struct RenderRequest {
  base::ExecutionId execution_id;
  std::string source = "null";  // JSON text of `template`: a text, or a tree of them
  std::string extra_context = "{}";  // JSON text
  bool is_strict = true;
};

struct RenderAnswer {
  std::string rendered = "null";  // JSON text
  std::vector<std::string> context_keys;
};

}  // namespace noetl::wire
