#pragma once
// StoredResult: what a running command keeps apart from its result because it is large: POST /api/v2/results
// {worker_id, queue_id, epoch, value} → {id, ref}. A body that was streamed is kept in parts, {"base64": "…"} each, and then as
// the list of them, {"streamed": {size, content_type, encoding, parts: […]}}: a step's result names that one. Values; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/domain/command.hpp"

namespace noetl::wire {

inline constexpr std::size_t kept_bytes_max = 4UL * 1024 * 1024;  // of a request

struct StoreResultRequest {
  std::string worker_id;
  domain::Lease lease;
  std::string value;  // JSON text
  std::string instance = {};  // header instance_header (wire/worker)
};

struct StoreResultAnswer {
  base::ResultId id;
};

[[nodiscard]] std::string encode(const StoreResultRequest& request);
[[nodiscard]] base::Result<StoreResultRequest> decode_store_result_request(const nlohmann::json& body);
// The same of a value that would be too large a tree; its text is kept as it is. The text was checked (count_values).
[[nodiscard]] base::Result<StoreResultRequest> decode_large_result(std::string_view text);
// {"id": "355…", "ref": "noetl://result/355…"}
[[nodiscard]] std::string encode(const StoreResultAnswer& kept);
[[nodiscard]] base::Result<StoreResultAnswer> decode_store_result_answer(const nlohmann::json& body);

}  // namespace noetl::wire
