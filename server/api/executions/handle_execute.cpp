#include <nlohmann/json.hpp>

#include "server/api/executions/execution_handlers.hpp"
#include "server/api/executions/payload_check.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/submit_batcher.hpp"
#include "shared/wire/codecs/execution_json.hpp"

namespace noetl::api {
base::Result<Reply> handle_execute(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  auto request = wire::decode_execute_request(*body);
  if (!request) return base::failure(std::move(request.error()));
  if (auto checked = check_payload(request->payload); !checked) return base::failure(std::move(checked.error()));
  if (!call.idempotency_key.empty()) {
    if (!request->idempotency_key.empty() && request->idempotency_key != call.idempotency_key) {
      return base::failure(base::ErrorCode::conflict, "'/idempotency_key' differs from the header Idempotency-Key",
                           "/idempotency_key");
    }
    request->idempotency_key = call.idempotency_key;
  }
  if (request->traceparent.empty()) request->traceparent = call.traceparent;

  // Without a connection to Postgres of its own: it goes with others.
  const auto permit = enter(context.limits.single_submits);
  if (!permit) return base::failure(permit.error());
  const auto answer = context.submits.execute(std::move(*request));
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_execute_batch(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  if (!call.idempotency_key.empty()) {
    return base::failure(base::ErrorCode::invalid_input,
                         "the header Idempotency-Key is of one execution: give each item its own 'idempotency_key'");
  }
  auto decoded = wire::decode_execute_batch(*body);
  if (!decoded) return base::failure(std::move(decoded.error()));

  std::vector<wire::ExecuteRequest> requests;
  requests.reserve(decoded->size());
  for (auto& item : *decoded) {
    if (!item) continue;
    if (auto checked = check_payload(item->payload); !checked) {
      item = base::failure(std::move(checked.error()));
      continue;
    }
    if (item->traceparent.empty()) item->traceparent = call.traceparent;
    requests.push_back(std::move(*item));
  }
  auto started = requests.empty() ? std::vector<base::Result<wire::ExecuteAnswer>>{}
                                  : executions::start_executions(context.server, requests);

  // Back into the order of the request: those that did not decode have their answer already.
  std::vector<base::Result<wire::ExecuteAnswer>> answers;
  answers.reserve(decoded->size());
  auto next = started.begin();
  for (auto& item : *decoded) {
    if (!item) {
      answers.emplace_back(base::failure(std::move(item.error())));
    } else if (next != started.end()) {
      answers.push_back(std::move(*next++));
    } else {
      answers.emplace_back(base::failure(base::ErrorCode::internal, "no answer for this item"));
    }
  }
  return json_reply(wire::encode_execute_batch(answers));
}

}  // namespace noetl::api
