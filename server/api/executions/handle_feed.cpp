#include "server/api/calls/query_reader.hpp"
#include "server/api/executions/execution_handlers.hpp"
#include "server/feed/read_feed.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/execution_json.hpp"

namespace noetl::api {

base::Result<Reply> handle_list_published_events(HandlerContext& context, const Call& call) {
  constexpr std::size_t position_bytes_max = 8192;
  QueryReader reader(call);
  feed::FeedRequest request;
  request.after = reader.text("after", position_bytes_max);
  request.before = reader.text("before", position_bytes_max);
  request.limit = reader.limit();
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto page = feed::read_feed(context.server, request);
  if (!page) return base::failure(page.error());
  std::vector<std::string> events;
  events.reserve(page->events.size());
  for (const auto& event : page->events) {
    json::ObjectWriter out;
    out.text("position", event.position).text_or_null("path", event.path).raw("event", wire::encode(event.row));
    events.push_back(out.finish());
  }
  json::ObjectWriter out;
  out.raw("events", json::join_array(events)).text_or_null("next_after", page->next_after);
  return json_reply(out.finish());
}

}  // namespace noetl::api
