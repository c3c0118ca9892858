#pragma once
// JSON of executions: bodies of POST /api/v2/execute(/batch) and …/cancel, replies of GET
// /api/v2/executions…. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::json {
class ObjectReader;
}

namespace noetl::wire {

// {path | catalog_id, version, payload (alias workload), parent_execution_id, idempotency_key, traceparent, group}.
// `pointer` is where it is in the body: "" or "/executions/3".
[[nodiscard]] base::Result<ExecuteRequest> decode_execute_request(const nlohmann::json& body,
                                                                  const std::string& pointer = {});
// {executions:[…]}: an item that is wrong has its own error and stops no other.
[[nodiscard]] base::Result<std::vector<base::Result<ExecuteRequest>>> decode_execute_batch(const nlohmann::json& body);
// {reason, cascade}; the id comes from the path.
[[nodiscard]] base::Result<CancelRequest> decode_cancel_request(const nlohmann::json& body,
                                                                base::ExecutionId execution_id);

// `version` of a rerun: a number, "latest", or left out for the one that the execution ran.
struct RerunVersion {
  std::optional<int> number;
  bool is_latest = false;
};
[[nodiscard]] RerunVersion read_rerun_version(json::ObjectReader& reader, const nlohmann::json& body);

// {execution_id, status:"started"|"scheduled"|"duplicate", commands_generated}
[[nodiscard]] std::string encode(const ExecuteAnswer& answer);
// {count, started, duplicates, failed, results:[{index, status, execution_id, commands_generated, error}]}
[[nodiscard]] std::string encode_execute_batch(const std::vector<base::Result<ExecuteAnswer>>& answers);

// A row of a list: what identifies it, its status, times, result and error.
[[nodiscard]] std::string encode_summary(const ExecutionRow& row);
// NoETL v1's shape {execution_id, current_step, completed_steps, failed, completed, variables} and more.
// `events` (JSON array text) is added when given, as NoETL's GET /api/executions/{id} has it.
[[nodiscard]] std::string encode(const ExecutionRow& row, const std::string& events = {});
[[nodiscard]] std::string encode(const EventRow& row);
[[nodiscard]] std::string encode(const CancelAnswer& answer, base::ExecutionId execution_id);

}  // namespace noetl::wire
