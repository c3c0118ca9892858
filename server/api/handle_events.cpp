#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/api/handlers.hpp"
#include "server/app/report_events.hpp"
#include "shared/wire/object_writer.hpp"
#include "shared/wire/quick_read.hpp"
#include "shared/wire/report_json.hpp"

namespace noetl::api {

namespace {
std::optional<wire::ReportRequest> quick_report_of(const Call& call) {
  if (!is_acceptable(call)) return std::nullopt;  // json_of says why
  return wire::quick_report_request(call.body);
}

void count_reports_of_others(Backing& backing, const wire::ReportAnswer& answer) {
  const auto is_of_another = [](const auto& verdict) { return verdict.is_of_another; };
  const auto times = std::ranges::count_if(answer.verdicts, is_of_another);
  if (times == 0) return;
  const auto one = std::ranges::find_if(answer.verdicts, is_of_another);
  backing.reports_of_others.count(static_cast<std::uint64_t>(times), one->message);
}
}  // namespace

base::Result<Reply> handle_report(Backing& backing, const Call& call) {
  base::Result<wire::ReportRequest> request;
  bool is_batch = false;
  if (auto quick = quick_report_of(call)) {
    is_batch = true;
    request = std::move(*quick);
  } else {
    // The tree goes before the transaction begins: what it held is in the request as text.
    const auto body = json_of(call);
    if (!body) return base::failure(body.error());
    is_batch = body->is_object() && body->contains("events");
    request = wire::decode_report_request(*body);
  }
  if (!request) return base::failure(std::move(request.error()));

  request->instance = call.worker_instance;
  const auto answer = app::report_events(backing.parts, *request);
  if (!answer) return base::failure(answer.error());
  count_reports_of_others(backing, *answer);
  if (is_batch) return json_reply(wire::encode(*answer));

  // One event: its verdict is the reply.
  if (!answer->verdicts.empty() && answer->verdicts.front().refused) {
    const auto& verdict = answer->verdicts.front();
    return base::failure(
        base::Error{.code = *verdict.refused,
                    .message = verdict.message,
                    .field = {},
                    .retry_after = verdict.retry_after.value_or(std::chrono::milliseconds(0)),
                    .details = {}});
  }
  wire::ObjectWriter out(96);
  out.text("status", "ok").integer("commands_generated", answer->commands_generated);
  if (!answer->verdicts.empty()) {
    const auto& verdict = answer->verdicts.front();
    if (verdict.is_duplicate) out.boolean("duplicate", true);
    if (verdict.retry_after) out.integer("retry_after_ms", verdict.retry_after->count());
  }
  return json_reply(out.finish());
}

}  // namespace noetl::api
