#include "server/feed/feed_position.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

namespace noetl::feed {
namespace {

constexpr std::size_t position_bytes_max = 32 * 1024;
constexpr std::size_t running_max = 1024;

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string_view cut(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

auto order_of(const Snapshot& snapshot) {
  return std::tuple(snapshot.xmax, snapshot.xmin, -static_cast<std::int64_t>(snapshot.running.size()));
}

tl::unexpected<base::Error> refused(std::string_view what, std::string_view text) {
  return base::failure(base::ErrorCode::invalid_input,
                       "'" + std::string(text.substr(0, 200)) + "' is no " + std::string(what));
}

}  // namespace

bool Snapshot::has_running(std::int64_t xid) const { return std::ranges::binary_search(running, xid); }

std::string Snapshot::text() const {
  std::string text = std::to_string(xmin) + ':' + std::to_string(xmax) + ':';
  for (std::size_t i = 0; i < running.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(running[i]);
  return text;
}

base::Result<Snapshot> Snapshot::parse(std::string_view text) {
  const auto whole = text;
  if (std::ranges::count(text, ':') != 2 || text.ends_with(',')) return refused("snapshot", whole);
  Snapshot snapshot;
  const auto xmin = number_of(cut(text, ':'));
  const auto xmax = number_of(cut(text, ':'));
  if (!xmin || !xmax || *xmin < 1 || *xmin > *xmax) return refused("snapshot", whole);
  snapshot.xmin = *xmin;
  snapshot.xmax = *xmax;
  while (!text.empty()) {
    const auto xid = number_of(cut(text, ','));
    const auto least = snapshot.running.empty() ? snapshot.xmin : snapshot.running.back() + 1;
    if (!xid || *xid < least || *xid >= snapshot.xmax || snapshot.running.size() >= running_max)
      return refused("snapshot", whole);
    snapshot.running.push_back(*xid);
  }
  return snapshot;
}

bool is_later(const Snapshot& left, const Snapshot& right) { return order_of(left) > order_of(right); }

std::string FeedPosition::text() const {
  return std::to_string(event_id) + '.' + std::to_string(low) + '.' + std::to_string(next_low) + '.' + before.text() +
         '.' + upto.text();
}

base::Result<FeedPosition> FeedPosition::parse(std::string_view text) {
  const auto whole = text;
  if (text.size() > position_bytes_max || std::ranges::count(text, '.') != 4) return refused("position", whole);
  std::array<std::int64_t, 3> numbers{};
  for (auto& number : numbers) {
    const auto read = number_of(cut(text, '.'));
    if (!read) return refused("position", whole);
    number = *read;
  }
  auto before = Snapshot::parse(cut(text, '.'));
  auto upto = Snapshot::parse(text);
  if (!before || !upto || is_later(*before, *upto)) return refused("position", whole);
  return FeedPosition{.before = std::move(*before),
                      .upto = std::move(*upto),
                      .event_id = numbers[0],
                      .low = numbers[1],
                      .next_low = numbers[2]};
}

bool is_later(const FeedPosition& left, const FeedPosition& right) {
  if (left.upto == right.upto) return left.event_id > right.event_id;
  return is_later(left.upto, right.upto);
}

}  // namespace noetl::feed
