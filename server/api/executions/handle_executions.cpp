#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/executions/execution_handlers.hpp"
#include "server/api/executions/payload_check.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/rerun_execution.hpp"
#include "server/views/read_executions.hpp"
#include "shared/domain/execution.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/execution_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

constexpr int embedded_events_max = 1000;

base::Result<wire::ExecutionFilter> read_filter(const Call& call) {
  QueryReader reader(call);
  wire::ExecutionFilter filter;
  filter.status = reader.text("status");
  filter.path = reader.text("path", wire::playbook_path_bytes_max);
  filter.parent_execution_id = reader.id<base::ExecutionId>("parent_execution_id");
  filter.before = reader.id<base::ExecutionId>("before");
  filter.limit = reader.limit();
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return filter;
}

std::string summaries(const std::vector<wire::ExecutionRow>& rows) {
  std::vector<std::string> parts;
  parts.reserve(rows.size());
  for (const auto& row : rows) parts.push_back(wire::encode_summary(row));
  return json::join_array(parts);
}

std::string events_array(const std::vector<wire::EventRow>& rows) {
  std::vector<std::string> parts;
  parts.reserve(rows.size());
  for (const auto& row : rows) parts.push_back(wire::encode(row));
  return json::join_array(parts);
}

}  // namespace

base::Result<Reply> handle_list_executions(HandlerContext& context, const Call& call) {
  const auto filter = read_filter(call);
  if (!filter) return base::failure(filter.error());
  const auto rows = views::list_executions(context.server, *filter);
  json::ObjectWriter out;
  out.raw("executions", summaries(rows))
      .id("next_before",
          static_cast<int>(rows.size()) == filter->limit ? rows.back().execution_id : base::ExecutionId{});
  return json_reply(out.finish());
}

base::Result<Reply> handle_list_executions_plain(HandlerContext& context, const Call& call) {
  const auto filter = read_filter(call);
  if (!filter) return base::failure(filter.error());
  return json_reply(summaries(views::list_executions(context.server, *filter)));
}

base::Result<Reply> handle_get_execution(HandlerContext& context, const Call& call) {
  const auto row = views::get_execution(context.server, base::ExecutionId{call.id});
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

base::Result<Reply> handle_get_execution_with_events(HandlerContext& context, const Call& call) {
  const auto row = views::get_execution(context.server, base::ExecutionId{call.id});
  if (!row) return base::failure(row.error());
  wire::EventFilter filter;
  filter.execution_id = row->execution_id;
  filter.limit = embedded_events_max;
  const auto events = views::list_events(context.server, filter);
  if (!events) return base::failure(events.error());
  return json_reply(wire::encode(*row, events_array(*events)));
}

base::Result<Reply> handle_list_events(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  wire::EventFilter filter;
  filter.execution_id = base::ExecutionId{call.id};
  filter.event_type = reader.text("event_type", 64);
  filter.step = reader.text("step", wire::step_bytes_max);
  filter.after = reader.id<base::EventId>("after");
  filter.limit = reader.limit();
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto events = views::list_events(context.server, filter);
  if (!events) return base::failure(events.error());
  json::ObjectWriter out;
  out.raw("events", events_array(*events))
      .id("next_after", static_cast<int>(events->size()) >= filter.limit ? events->back().event_id : base::EventId{});
  return json_reply(out.finish());
}

base::Result<Reply> handle_cancel(HandlerContext& context, const Call& call) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_cancel_request(*body, base::ExecutionId{call.id});
  if (!request) return base::failure(request.error());
  const auto answer = executions::cancel_execution(context.server, *request);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer, request->execution_id));
}

base::Result<Reply> handle_rerun(HandlerContext& context, const Call& call) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  executions::RerunRequest request;
  request.execution_id = base::ExecutionId{call.id};
  request.from_step = reader.optional_string("from_step", {0, wire::step_bytes_max}).value_or("");
  if (const auto* payload = reader.optional_object("payload")) request.payload = payload->dump();
  const auto version = wire::read_rerun_version(reader, *body);
  request.version = version.number;
  request.takes_latest = version.is_latest;
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  if (auto checked = check_payload(request.payload); !checked) return base::failure(std::move(checked.error()));
  request.idempotency_key = call.idempotency_key;
  request.traceparent = call.traceparent;
  const auto answer = executions::rerun_execution(context.server, request);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

}  // namespace noetl::api
