#include "server/store/executions/feed_table.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "server/store/executions/event_row.hpp"

namespace noetl::store {

FeedSnapshot FeedTable::snapshot() {
  const auto rows = session_.run(queries::FeedSnapshot{});
  return {.snapshot = rows[0]["snapshot"].c_str(), .now_ms = rows[0]["now_ms"].as<std::int64_t>()};
}

std::vector<FeedEvent> FeedTable::events(const FeedRange& range) {
  std::vector<FeedEvent> found;
  for (const auto& row : session_.run(queries::FeedEvents{.before = range.before,
                         .upto = range.upto,
                         .low = range.low,
                         .after = range.after,
                         .until = range.until,
                         .most = range.limit})) {
    FeedEvent event;
    event.row = event_row_of(row);
    event.path = row["path"].c_str();
    found.push_back(std::move(event));
  }
  return found;
}

std::optional<KeptPosition> FeedTable::load(const std::string& name) {
  const auto rows = session_.run(queries::LoadCheckpoint{.name = name});
  if (rows.empty()) return std::nullopt;
  return KeptPosition{.position = rows[0]["position"].c_str(), .revision = rows[0]["revision"].as<std::int64_t>()};
}

std::optional<std::int64_t> FeedTable::save(const std::string& name, const KeptPosition& kept) {
  const auto rows =
      session_.run(queries::SaveCheckpoint{.name = name, .position = kept.position, .revision = kept.revision});
  if (rows.empty()) return std::nullopt;
  return rows[0]["revision"].as<std::int64_t>();
}

}  // namespace noetl::store
