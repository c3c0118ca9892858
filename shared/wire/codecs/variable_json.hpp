#pragma once
// JSON of /api/vars and /api/context/render. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/variable.hpp"

namespace noetl::wire {

inline constexpr std::size_t variables_max = 1000;

// {variables:{name: value}, var_type, source_step}, or {variables:[{var_name, var_value, var_type, source_step}]}
[[nodiscard]] base::Result<SetVariablesRequest> decode_set_variables(const nlohmann::json& body,
                                                                     base::ExecutionId execution_id);
// {execution_id, template, extra_context{}, strict}
[[nodiscard]] base::Result<RenderRequest> decode_render_request(const nlohmann::json& body);

// {execution_id, var_name, value, var_value, var_type, type, source_step, access_count, …}
[[nodiscard]] std::string encode(const VariableRow& row);
// {execution_id, variables:{name: {…}}, items:[…], count}
[[nodiscard]] std::string encode(base::ExecutionId execution_id, const std::vector<VariableRow>& rows);
// {status:"success", execution_id, variables_set, variables:[names], message}
[[nodiscard]] std::string encode_set_answer(const SetVariablesRequest& request);
// {status:"success", rendered, context_keys}
[[nodiscard]] std::string encode(const RenderAnswer& answer);

}  // namespace noetl::wire
