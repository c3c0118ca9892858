#include "cli/load/follow.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "cli/interruptible_wait.hpp"
#include "shared/base/ids.hpp"

namespace noetl::load {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds ask_first{10};
constexpr milliseconds ask_last{250};
constexpr int page_rows = 1000;

std::string text_of(const Json& row, const std::string& field) {
  const auto found = row.find(field);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Ids as numbers: as texts they would not sort by their age.
std::int64_t number_of(const std::string& id) { return base::parse_id(id).value_or(0); }

class Follower {
 public:
  explicit Follower(const Following& following) : following_(following), connection_(following.target, following.stop) {
    for (const auto& id : following.ids) pending_.insert(number_of(id));
  }

  Followed run() {
    const auto until = steady_clock::now() + following_.patience;
    milliseconds pause = ask_first;
    while (!pending_.empty() && !found_.problem) {
      const auto before = pending_.size();
      look();
      if (pending_.empty() || found_.problem) break;
      if (steady_clock::now() >= until) {
        read_pages();
        if (!pending_.empty() && !found_.problem)
          found_.problem = base::failure(ErrorCode::timeout, still_running()).value();
        break;
      }
      pause = pending_.size() < before ? ask_first : std::min(pause * 3 / 2, ask_last);
      if (!cli::wait_unless_stopped(following_.stop, pause))
        found_.problem = base::failure(ErrorCode::cancelled, "interrupted").value();
    }
    for (const auto id : pending_) found_.unfinished.push_back(std::to_string(id));
    return std::move(found_);
  }

 private:
  // The newest that is not known to have ended: it is asked for alone, until all are worth a look.
  void look() {
    const auto newest = *pending_.rbegin();
    const auto row = connection_.get(following_.kind.list + "/" + std::to_string(newest));
    if (!row && row.error().code != ErrorCode::not_found) {
      found_.problem = row.error();
      return;
    }
    if (!row || has_ended(*row)) read_pages();
  }

  [[nodiscard]] bool has_ended(const Json& row) const { return !text_of(row, following_.kind.finished).empty(); }

  [[nodiscard]] std::string still_running() const {
    return "after " + std::to_string(following_.patience.count()) + " ms " + std::to_string(pending_.size()) + " of " +
           std::to_string(following_.ids.size()) + " have not ended, the newest of them " +
           std::to_string(*pending_.rbegin());
  }

  void read_pages() {
    const auto oldest = *pending_.begin();
    std::set<std::int64_t> running;
    auto before = *pending_.rbegin() + 1;
    for (bool is_last = false; !is_last;) {
      const auto page = connection_.get(following_.kind.list + "?" + following_.filter +
                                        "&limit=" + std::to_string(page_rows) + "&before=" + std::to_string(before));
      if (!page) {
        found_.problem = page.error();
        return;
      }
      const auto& rows = page->at(following_.kind.rows);
      for (const auto& row : rows) {
        before = number_of(text_of(row, following_.kind.id));
        if (pending_.contains(before) && !take(row)) running.insert(before);
      }
      is_last = rows.size() < page_rows || before <= oldest;
    }
    found_.vanished += pending_.size() - running.size();
    pending_ = std::move(running);
  }

  // False when it has not ended.
  bool take(const Json& row) {
    const auto& kind = following_.kind;
    const auto created = parse_instant(text_of(row, kind.created));
    const auto claimed = kind.claimed.empty() ? created : parse_instant(text_of(row, kind.claimed));
    const auto finished = parse_instant(text_of(row, kind.finished));
    if (!created || !finished) return false;
    const auto id = text_of(row, kind.id);
    found_.ended.push_back({.id = id,
                            .status = text_of(row, "status"),
                            .created = *created,
                            .claimed = claimed.value_or(*created),
                            .finished = *finished});
    pending_.erase(number_of(id));
    return true;
  }

  const Following& following_;
  Connection connection_;
  std::set<std::int64_t> pending_;
  Followed found_;
};

}  // namespace

const Kind& commands() {
  static const Kind kind{.list = "/api/v2/commands",
                         .rows = "commands",
                         .id = "queue_id",
                         .created = "created_at",
                         .claimed = "claimed_at",
                         .finished = "finished_at",
                         .good = "done"};
  return kind;
}

const Kind& executions() {
  static const Kind kind{.list = "/api/v2/executions",
                         .rows = "executions",
                         .id = "execution_id",
                         .created = "started_at",
                         .claimed = "",
                         .finished = "finished_at",
                         .good = "COMPLETED"};
  return kind;
}

Followed follow(const Following& following) { return Follower(following).run(); }

std::optional<Instant> parse_instant(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0;
  double second = 0;
  char zone = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%lf%c", &year, &month, &day, &hour, &minute, &second, &zone) !=
          7 ||
      zone != 'Z')
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok()) return std::nullopt;
  constexpr double microseconds_a_second = 1e6;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::microseconds{std::llround(second * microseconds_a_second)};
}

}  // namespace noetl::load
