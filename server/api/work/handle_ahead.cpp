#include <nlohmann/json.hpp>

#include "server/api/work/work_handlers.hpp"
#include "server/attempts/run_ahead.hpp"
#include "shared/wire/codecs/ahead_json.hpp"

namespace noetl::api {

namespace {
constexpr std::size_t values_max = 5'000'000;  // results of a batch
}  // namespace

base::Result<Reply> handle_ahead(HandlerContext& context, const Call& call) {
  base::Result<wire::AheadRequest> request;
  {
    // The tree goes before the transaction begins: what it held is in the request as text.
    const auto values = values_of(call, values_max);
    if (!values) return base::failure(values.error());
    const auto body = tree_of(call, call.body, *values);
    if (!body) return base::failure(body.error());
    request = wire::decode_ahead_request(*body);
  }
  if (!request) return base::failure(std::move(request.error()));
  request->instance = call.worker_instance;
  const auto answer = attempts::run_ahead(context.server, *request);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

}  // namespace noetl::api
