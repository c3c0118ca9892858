#include "server/notify/jetstream_notifier.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "server/notify/notification_log.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/domain/command.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/names.hpp"
#include "shared/wire/notification.hpp"
#include "shared/wire/subjects.hpp"

namespace noetl::notify {
namespace {

constexpr std::size_t quick_notifications_max = 8;
constexpr std::size_t priority_notifications_max = 256;  // of one sign and pool, in one call: each says that such wait
constexpr std::chrono::milliseconds away_interval{100};  // how late the supervisor may notice that NATS is back
constexpr std::chrono::seconds reopen_interval{5};
constexpr std::string_view component = "notify";
static_assert(wire::lane_commands_max <= wire::notification_commands_max, "else nobody could read it");

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

// Whoever says that something is more urgent than the rest, or less, has said enough.
std::optional<std::size_t> lane_by_priority(int priority) {
  if (priority == 0) return std::nullopt;
  return priority > 0 ? 0 : wire::lanes - 1;
}

std::uint64_t group_of(const Notification& notification) {
  return notification.group.empty() ? static_cast<std::uint64_t>(notification.execution_id.value)
                                    : std::hash<std::string>()(notification.group);
}

// Names from settings; a pool's name, which is checked where it comes in, and a lane follow.
void check_names(const NotifierSettings& settings) {
  const auto longest = nats::Subject::parse(settings.subject + "." + std::string(wire::pool_bytes_max, 'p') + ".lane0");
  if (!longest) throw std::invalid_argument("nats-subject: " + longest.error().message);
  for (const auto& [setting, name] :
       {std::pair("nats-stream", &settings.stream), std::pair("nats-stream of the dead", &settings.dead_stream),
        std::pair("nats-consumer", &settings.consumer)}) {
    if (const auto checked = nats::check_name(setting, *name); !checked)
      throw std::invalid_argument(checked.error().message);
  }
}

}  // namespace

std::vector<nats::StreamSettings> streams_of(const NotifierSettings& settings) {
  const nats::StreamSettings commands{.name = settings.stream,
                                      .subjects = wire::commands_stream_subjects(settings.subject),
                                      .max_age = settings.age_max,
                                      .duplicate_window = std::chrono::seconds(120),
                                      .bytes_max = -1,
                                      .replicas = settings.replicas};
  const nats::StreamSettings dead{.name = settings.dead_stream,
                                  .subjects = wire::dead_stream_subjects(),
                                  .max_age = wire::dead_age_max,
                                  .duplicate_window = std::chrono::seconds(120),
                                  .bytes_max = -1,
                                  .replicas = settings.replicas};
  const nats::StreamSettings advisories{.name = wire::advisories_stream_of(settings.stream),
                                        .subjects = {wire::advisories_subject_of(settings.stream)},
                                        .max_age = wire::advisories_age_max,
                                        .duplicate_window = std::chrono::seconds(120),
                                        .bytes_max = -1,
                                        .replicas = settings.replicas};
  return {commands, dead, advisories};
}

std::vector<nats::ConsumerSettings> consumers_of(const NotifierSettings& settings, const std::string& pool) {
  const std::string own = wire::commands_consumer_of(pool, settings.consumer);
  // One of many commands goes through the hands of many workers that have a slot or two each, and of as many that have none
  // just then. What is dropped all the same is notified again by upkeep, a second or two later.
  const int later_deliveries_max = settings.deliveries_max <= 0
                                       ? settings.deliveries_max
                                       : settings.deliveries_max + 16 * static_cast<int>(wire::lane_commands_max);
  std::vector<nats::ConsumerSettings> consumers;
  for (std::size_t lane = 0; lane < wire::lanes; ++lane) {
    consumers.push_back({.durable = wire::lane_consumer_of(own, lane),
                         .filter_subject = wire::lane_subject_of(pool, lane, settings.subject),
                         .ack_wait = settings.ack_wait,
                         .deliveries_max = lane == 0 ? settings.deliveries_max : later_deliveries_max,
                         .acks_pending_max = settings.acks_pending_max,
                         .is_kept_up = lane > 0});
  }
  return consumers;
}

struct JetStreamNotifier::Link {
  static std::shared_ptr<Link> open(nats::ConnectionSettings settings, bool sends_asap) {
    settings.sends_asap = sends_asap;
    auto connection = nats::Connection::open(settings);
    if (!connection) throw std::invalid_argument(connection.error().message);
    return std::make_shared<Link>(std::move(*connection));
  }
  explicit Link(std::unique_ptr<nats::Connection> opened)
      : connection(std::move(opened)), publisher(*connection), jetstream(*connection) {}

  std::unique_ptr<nats::Connection> connection;
  nats::Publisher publisher;
  nats::JetStream jetstream;
};

JetStreamNotifier::JetStreamNotifier(NotifierSettings settings)
    : settings_(std::move(settings)), server_url_(settings_.server_url), backlog_(settings_.backlog_max) {
  check_names(settings_);
  quick_ = Link::open(settings_.nats, true);
  bulk_ = Link::open(settings_.nats, false);
  pools_.emplace(domain::default_pool, false);
  supervisor_ = std::jthread([this](const std::stop_token& stop) { supervise(stop); });
}

JetStreamNotifier::~JetStreamNotifier() = default;

bool JetStreamNotifier::send(Link& link, const Bundle& bundle) const {
  if (bundle.notifications.empty()) return true;
  const Notification& first = *bundle.notifications.front();
  wire::Notification message{.execution_id = first.execution_id,
                             .queue_ids = {},
                             .step = first.step,
                             .server_url = server_url_,
                             .priority = first.priority,
                             .is_dispatched = first.is_dispatched};
  message.queue_ids.reserve(bundle.notifications.size());
  for (const Notification* notification : bundle.notifications) message.queue_ids.push_back(notification->queue_id);
  std::string message_id = first.queue_id.str();
  message_id += ':' + std::to_string(first.epoch) + ':' + std::to_string(first.redelivery);
  // The first may be notified alone, or with others.
  if (bundle.notifications.size() > 1)
    message_id += ':' + std::to_string(bundle.notifications.size()) + ':' + bundle.notifications.back()->queue_id.str();
  const bool is_sent = link.publisher.publish(*bundle.subject, wire::encode(message), message_id);
  log_notification(bundle.subject->text(), message_id, message, is_sent);
  return is_sent;
}

void JetStreamNotifier::notify(const std::vector<Notification>& notifications) {
  if (notifications.empty()) return;
  meet_pools(notifications);
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(links_mutex_);
    link = notifications.size() <= quick_notifications_max ? quick_ : bulk_;
  }
  std::array<Bundle, wire::lanes + 1>
      bundles;  // of the pool of the notification before: by lane, and of a priority below 0
  std::array<std::size_t, 2> told{};  // in this pool: of a priority above 0, and below it
  std::string_view pool;
  bool has_failed = false;
  const auto publish = [&](Bundle& bundle) {
    has_failed = !send(*link, bundle) || has_failed;
    bundle.notifications.clear();
  };
  for (const Notification& notification : notifications) {
    if (notification.pool != pool) {
      std::ranges::for_each(bundles, publish);
      if (!wire::is_pool_name(notification.pool)) continue;  // the API refuses such a command
      told = {};
      for (std::size_t lane = 0; lane < wire::lanes; ++lane)
        bundles[lane].subject =
            nats::Subject::parse(wire::lane_subject_of(notification.pool, lane, settings_.subject)).value();
      bundles.back().subject = bundles[wire::lanes - 1].subject;
      pool = notification.pool;
    }
    if (notification.priority != 0 && !notification.is_dispatched &&
        ++told[notification.priority < 0 ? 1 : 0] > priority_notifications_max)
      continue;
    const auto urgent = notification.is_dispatched ? 0 : lane_by_priority(notification.priority);
    const std::size_t lane = urgent ? *urgent : backlog_.add(notification.pool, group_of(notification));
    Bundle& bundle = notification.priority < 0 && !notification.is_dispatched ? bundles.back() : bundles[lane];
    bundle.notifications.push_back(&notification);
    if (lane == 0 || notification.priority < 0 || bundle.notifications.size() >= wire::lane_commands_max)
      publish(bundle);
  }
  std::ranges::for_each(bundles, publish);
  if (!has_failed || !is_ready_.exchange(false)) return;
  const std::lock_guard lock(mutex_);
  is_poked_ = true;
  wake_.notify_one();
}

void JetStreamNotifier::publish_dead_letters(const std::vector<DeadLetterMessage>& dead_letters) {
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(links_mutex_);
    link = bulk_;
  }
  for (const DeadLetterMessage& letter : dead_letters) {
    if (!wire::is_pool_name(letter.pool)) continue;
    const std::string bytes = R"({"execution_id":")" + letter.execution_id.str() + R"(","queue_id":")" +
                              letter.queue_id.str() + R"(","step":)" + nlohmann::json(letter.step).dump() +
                              R"(,"attempts":)" + std::to_string(letter.attempts) + R"(,"error":)" + letter.error + "}";
    // Failures are counted by the publisher; the row in noetl.dead_letter stays.
    (void)link->publisher.publish(nats::Subject::parse(wire::dead_subject_of(letter.pool)).value(), bytes,
                                  "dead:" + letter.queue_id.str() + ":" + std::to_string(letter.epoch));
  }
}

bool JetStreamNotifier::is_connected() const {
  if (!is_ready_) return false;
  // The supervisor notices a loss only when it wakes up.
  const std::lock_guard lock(links_mutex_);
  return quick_->connection->is_connected();
}

PoolLanes JetStreamNotifier::lanes(const std::string& pool) const {
  PoolLanes lanes{};
  if (!is_connected()) return lanes;
  const nats::ThreadScope scope;
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(links_mutex_);
    link = quick_;
  }
  const std::string own = wire::commands_consumer_of(pool, settings_.consumer);
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const auto consumer = link->jetstream.find_consumer(settings_.stream, wire::lane_consumer_of(own, i));
    if (!consumer) break;  // no answer: the others would not answer either, each after its time
    if (consumer->waiting == 0) continue;
    lanes[i].num_pending = consumer->waiting;
    if (consumer->delivered_until == 0) continue;
    lanes[i].delivered_until_ms = link->jetstream.stored_at(settings_.stream, consumer->delivered_until).value_or(0);
  }
  return lanes;
}

std::size_t JetStreamNotifier::lane_of(const Notification& notification) const {
  return lane_by_priority(notification.priority).value_or(backlog_.lane_of(notification.pool, group_of(notification)));
}

std::vector<MaxDeliveriesAdvisory> JetStreamNotifier::max_deliveries(int limit) {
  if (!is_connected()) return {};
  const nats::ThreadScope scope;
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(links_mutex_);
    link = quick_;
  }
  if (!advisories_ || advisories_->connection() != link->connection.get()) {
    advisories_ =
        std::make_unique<Advisories>(std::shared_ptr<nats::Connection>(link, link->connection.get()), settings_.stream);
  }
  return advisories_->read(limit);
}

void JetStreamNotifier::ack_max_deliveries() {
  if (advisories_) advisories_->forget();
}

NotifierCounts JetStreamNotifier::counts() const {
  NotifierCounts counts{.published = published_before_, .failed = failed_before_, .repaired = repaired_};
  const std::lock_guard lock(links_mutex_);
  for (const auto& link : {quick_, bulk_}) {
    const nats::PublishCounts one = link->publisher.counts();
    counts.published += one.accepted;
    counts.failed += one.failed;
  }
  return counts;
}

void JetStreamNotifier::supervise(const std::stop_token& stop) {
  base::name_thread("notifier");
  const nats::ThreadScope scope;
  std::uint64_t failed_seen = 0;
  std::uint64_t connections_seen = 0;
  auto checked_at = std::chrono::steady_clock::time_point{};
  while (!stop.stop_requested()) {
    reopen_closed_links();
    // A failed publish or a new connection is a reason to look at once; a quiet interval is one as well.
    const std::uint64_t failed = counts().failed;
    const std::uint64_t connections = quick_->connection->connection_count();
    const auto now = std::chrono::steady_clock::now();
    const bool is_due = !is_ready_ || failed != failed_seen || connections != connections_seen ||
                        now - checked_at >= settings_.check_interval;
    if (is_due && quick_->connection->is_connected()) {
      is_ready_ = repair();
      checked_at = now;
      failed_seen = failed;
      connections_seen = connections;
    } else if (!quick_->connection->is_connected()) {
      is_ready_ = false;
    }
    const auto patience = is_ready_                            ? settings_.check_interval
                          : quick_->connection->is_connected() ? settings_.check_interval / 4
                                                               : std::min(settings_.check_interval, away_interval);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, patience, [&] { return is_poked_; });
    if (std::exchange(is_poked_, false)) checked_at = {};
  }
}

// nats.c gives up for good after a login was refused twice; the password may be put right later.
void JetStreamNotifier::reopen_closed_links() {
  if (!quick_->connection->is_closed() && !bulk_->connection->is_closed()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - reopened_at_ < reopen_interval) return;
  reopened_at_ = now;
  for (std::shared_ptr<Link>* place : {&quick_, &bulk_}) {
    if (!(*place)->connection->is_closed()) continue;
    try {
      const std::shared_ptr<Link> fresh = Link::open(settings_.nats, place == &quick_);
      const nats::PublishCounts old = (*place)->publisher.counts();
      const std::lock_guard lock(links_mutex_);
      published_before_ += old.accepted;
      failed_before_ += old.failed + old.in_flight;
      *place = fresh;
    } catch (const std::invalid_argument& refused) {
      if (std::exchange(reported_["connection"], refused.what()) != refused.what())
        telemetry::log_error(component, refused.what());
    }
  }
}

bool JetStreamNotifier::repair_stream(nats::JetStream& jetstream, const nats::StreamSettings& wanted) {
  const auto state = jetstream.ensure_stream(wanted);
  std::string& reported = reported_[wanted.name];
  if (!state) {
    if (std::exchange(reported, state.error().message) != state.error().message)
      telemetry::log_warn(component, state.error().message);
    return false;
  }
  if (state->is_new) {
    if (streams_[wanted.name]) ++repaired_;
    telemetry::log_info(component, "created stream " + wanted.name);
  }
  streams_[wanted.name] = true;
  const std::string drift = joined(state->drift);
  if (std::exchange(reported, drift) != drift && !drift.empty()) {
    telemetry::log_warn(component, "stream " + wanted.name + " is kept, but differs from the settings: " + drift);
  }
  return true;
}

bool JetStreamNotifier::repair() {
  nats::JetStream& jetstream = quick_->jetstream;
  // Without the stream of commands nobody is notified; the others may follow. This account may be refused that of advisories.
  bool is_whole = true;
  for (const auto& stream : streams_of(settings_)) {
    const bool is_there = repair_stream(jetstream, stream);
    if (!is_there && stream.name == settings_.stream) return false;
    is_whole = (is_there || stream.name == wire::advisories_stream_of(settings_.stream)) && is_whole;
  }
  find_strangers(jetstream);
  remove_unused(jetstream);
  std::map<std::string, bool, std::less<>> pools;
  {
    const std::lock_guard lock(mutex_);
    pools = pools_;
  }
  for (const auto& [pool, was_there] : pools) {
    GroupBacklog::Pending num_pending{};
    bool are_there = true;
    std::size_t lane = 0;
    for (const auto& wanted : consumers_of(settings_, pool)) {
      const auto waiting = repair_consumer(jetstream, wanted, was_there);
      are_there = waiting.has_value();
      if (!are_there) break;
      num_pending[lane++] = *waiting;
    }
    is_whole = is_whole && are_there;
    if (!are_there) continue;
    backlog_.reconcile(pool, num_pending);
    const std::lock_guard lock(mutex_);
    // Forgotten meanwhile: the next round removes what this one has made.
    if (const auto known = pools_.find(pool); known != pools_.end()) known->second = true;
  }
  return is_whole;
}

std::optional<std::uint64_t> JetStreamNotifier::repair_consumer(nats::JetStream& jetstream,
                                                                const nats::ConsumerSettings& wanted, bool was_there) {
  const auto state = jetstream.ensure_consumer(settings_.stream, wanted);
  std::string& reported = reported_[wanted.durable];
  if (!state) {
    if (std::exchange(reported, state.error().message) != state.error().message)
      telemetry::log_warn(component, state.error().message);
    return std::nullopt;
  }
  if (state->is_new) {
    if (was_there) ++repaired_;
    telemetry::log_info(component, "created consumer " + wanted.durable);
  }
  const std::string drift = joined(state->drift);
  if (std::exchange(reported, drift) != drift && !drift.empty()) {
    telemetry::log_warn(component, "consumer " + wanted.durable + " is kept, but differs from the settings: " + drift);
  }
  return state->waiting;
}

}  // namespace noetl::notify
