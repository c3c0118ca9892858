#pragma once
// JSON of POST /api/v2/events, both directions: one event, or {worker_id, events:[…]}. An event with queue_id
// ends an attempt, one without is of NoETL v1's shape (report.hpp). Requests are read strictly; of answers,
// fields of a newer server are ignored. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "shared/base/result.hpp"
#include "shared/domain/json_shape.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::wire {

// Results are nested four levels down in a body: parse reports with this, so that what a tool may return
// (parse_body's default depth) can be reported.
inline constexpr std::size_t report_bytes_max = 64UL * 1024 * 1024;
inline constexpr std::size_t report_depth_max = domain::json_depth_max + 8;

// `result` of an attempt and payload, meta of an event must be JSON: they are passed on as they are.
[[nodiscard]] std::string encode(const ReportRequest& request);
[[nodiscard]] base::Result<ReportRequest> decode_report_request(const nlohmann::json& body);

// One attempt as it stands in a list, for other requests that have some; without a lease when there is none.
[[nodiscard]] std::string encode_attempt(const AttemptReport& attempt);
[[nodiscard]] base::Result<AttemptReport> decode_attempt(const nlohmann::json& item, const std::string& pointer,
                                                         bool has_lease);

[[nodiscard]] std::string encode(const ReportAnswer& answer);
[[nodiscard]] base::Result<ReportAnswer> decode_report_answer(const nlohmann::json& body);

}  // namespace noetl::wire
