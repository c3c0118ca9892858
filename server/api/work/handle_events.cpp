#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "server/api/work/work_handlers.hpp"
#include "server/attempts/report_events.hpp"
#include "shared/json/list_pieces.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/report_json.hpp"
#include "shared/wire/quick_read.hpp"

namespace noetl::api {

namespace {
// Results of a batch, as text; a worker's batch has at most one that is large.
constexpr std::size_t reported_values_max = 5'000'000;

template <class One>
void append(std::vector<One>& to, std::vector<One> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

// Many values: a tree of each event alone.
base::Result<wire::ReportRequest> report_in_pieces(const Call& call) {
  const auto pieces = json::list_pieces(call.body, "events", wire::report_events_max);
  if (!pieces) return base::failure(values_of(call).error());
  wire::ReportRequest all;
  for (std::size_t i = 0; i < pieces->items.size(); ++i) {
    const json::BodyBounds bounds{.values_max = json::result_values_max};
    const auto values = json::count_values(pieces->items[i], bounds);
    if (!values) return base::failure(values.error());
    auto item = tree_of(call, pieces->items[i], *values);
    if (!item) return base::failure(std::move(item.error()));
    nlohmann::json one = pieces->rest;
    one["events"] = nlohmann::json::array();
    one["events"].push_back(std::move(*item));
    auto request = wire::decode_report_request(one);
    if (!request) {
      request.error().message = "event " + std::to_string(i) + ": " + request.error().message;
      return base::failure(std::move(request.error()));
    }
    all.worker_id = std::move(request->worker_id);
    append(all.attempts, std::move(request->attempts));
    append(all.events, std::move(request->events));
    append(all.notes, std::move(request->notes));
  }
  return all;
}

void count_reports_of_others(HandlerContext& context, const wire::ReportAnswer& answer) {
  const auto is_of_another = [](const auto& verdict) { return verdict.is_of_another; };
  const auto times = std::ranges::count_if(answer.verdicts, is_of_another);
  if (times == 0) return;
  const auto one = std::ranges::find_if(answer.verdicts, is_of_another);
  context.reports_of_others.count(static_cast<std::uint64_t>(times), one->message);
}
}  // namespace

base::Result<Reply> handle_report(HandlerContext& context, const Call& call) {
  base::Result<wire::ReportRequest> request;
  bool is_batch = false;
  const auto values = values_of(call, reported_values_max);
  if (!values) return base::failure(values.error());
  if (auto quick = wire::quick_report_request(call.body)) {
    is_batch = true;
    request = std::move(*quick);
  } else if (*values > json::body_values_max_default) {
    is_batch = true;
    request = report_in_pieces(call);
  } else {
    // The tree goes before the transaction begins: what it held is in the request as text.
    const auto body = json_of(call);
    if (!body) return base::failure(body.error());
    is_batch = body->is_object() && body->contains("events");
    request = wire::decode_report_request(*body);
  }
  if (!request) return base::failure(std::move(request.error()));

  request->instance = call.worker_instance;
  const auto answer = attempts::report_events(context.server, *request);
  if (!answer) return base::failure(answer.error());
  count_reports_of_others(context, *answer);
  if (is_batch) return json_reply(wire::encode(*answer));

  // One event: its verdict is the reply.
  if (!answer->verdicts.empty() && answer->verdicts.front().refused) {
    const auto& verdict = answer->verdicts.front();
    return base::failure(base::Error{.code = *verdict.refused,
                                     .message = verdict.message,
                                     .field = {},
                                     .retry_after = verdict.retry_after.value_or(std::chrono::milliseconds(0)),
                                     .details = {}});
  }
  json::ObjectWriter out(96);
  out.text("status", "ok").integer("commands_generated", answer->commands_generated);
  if (!answer->verdicts.empty()) {
    const auto& verdict = answer->verdicts.front();
    if (verdict.is_duplicate) out.boolean("duplicate", true);
    if (verdict.retry_after) out.integer("retry_after_ms", verdict.retry_after->count());
  }
  return json_reply(out.finish());
}

}  // namespace noetl::api
