#include "server/feed/read_feed.hpp"

#include <algorithm>
#include <optional>

#include "server/dispatch/server_context.hpp"
#include "server/feed/event_feed.hpp"
#include "server/feed/event_message.hpp"
#include "server/postgres/connection_pool.hpp"

namespace noetl::feed {
namespace {

// Events of one look, or of several that are read as one.
struct Part {
  FeedPosition position;  // the first that is wanted is beyond its event_id
  std::int64_t until = all_events;
};

// The rest of the look of `after`; all looks between; the beginning of the look of `before`.
std::vector<Part> parts_between(const FeedPosition& after, const FeedPosition& before, std::int64_t until) {
  if (after.upto == before.upto) return {{.position = after, .until = until}};
  auto between = after;
  between.before = after.upto;
  between.upto = before.before;
  between.event_id = 0;
  between.low = after.next_low;
  between.next_low = std::min(before.low, before.next_low);
  auto last = before;
  last.event_id = 0;
  std::vector<Part> parts{{.position = after}};
  if (is_later(between.upto, between.before)) parts.push_back({.position = between});
  parts.push_back({.position = last, .until = until});
  return parts;
}

base::Result<FeedPosition> position_of(const std::string& field, const std::string& text) {
  auto position = FeedPosition::parse(text);
  if (!position) position.error().field = field;
  return position;
}

}  // namespace

base::Result<FeedPage> read_feed(dispatch::ServerContext& context, const FeedRequest& request) {
  auto& connections = context.connections;
  std::optional<store::KeptPosition> kept;
  connections.run_one([&](postgres::Session& session) { kept = store::FeedTable(session).load(checkpoint_name); });
  if (!kept)
    return base::failure(base::ErrorCode::not_found,
                         "no event was published: set publish-events on the server, and reach NATS");
  if (request.after.empty()) return FeedPage{.events = {}, .next_after = kept->position};
  auto after = position_of("after", request.after);
  if (!after) return base::failure(std::move(after.error()));
  auto before = position_of("before", request.before.empty() ? kept->position : request.before);
  if (!before) return base::failure(std::move(before.error()));
  // The kept position is behind the stream by no more than a look.
  if (!is_later(*before, *after)) return FeedPage{};

  FeedPage page;
  const auto until = before->event_id;
  for (const auto& part : parts_between(*after, *before, until)) {
    const int room = request.limit - static_cast<int>(page.events.size());
    std::vector<store::FeedEvent> events;
    connections.run_one([&](postgres::Session& session) {
      events = store::FeedTable(session).events({.before = part.position.before.text(),
                                                 .upto = part.position.upto.text(),
                                                 .low = part.position.low,
                                                 .after = part.position.event_id,
                                                 .until = part.until,
                                                 .limit = room});
    });
    for (auto& event : events) {
      auto position = part.position;
      position.event_id = event.row.event_id.value;
      page.events.push_back(
          {.row = shown_row(std::move(event.row)), .path = std::move(event.path), .position = position.text()});
    }
    if (static_cast<int>(page.events.size()) >= request.limit) {
      page.next_after = page.events.back().position;
      break;
    }
  }
  return page;
}

}  // namespace noetl::feed
