#pragma once
// The events between two positions of the stream, from Postgres: for whoever was away longer than the stream keeps them.
// Throws Unavailable. Any thread.
#include <string>
#include <vector>

#include "server/feed/feed_position.hpp"
#include "server/store/executions/feed_table.hpp"

namespace noetl::dispatch {
struct ServerContext;
}

namespace noetl::feed {

struct FeedRequest {
  std::string after;  // a position; empty: none is asked for, only where the stream stands
  std::string before;  // a position; empty: all that was published
  int limit = 0;
};

struct ReadEvent {
  wire::EventRow row;
  std::string path;
  std::string position;
};

struct FeedPage {
  std::vector<ReadEvent> events;
  std::string next_after;  // where to go on; empty: this was all
};

// invalid_input: a position is none; not_found: no event was ever published.
[[nodiscard]] base::Result<FeedPage> read_feed(dispatch::ServerContext& context, const FeedRequest& request);

}  // namespace noetl::feed
