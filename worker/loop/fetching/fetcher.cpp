#include "worker/loop/fetching/fetcher.hpp"

#include <algorithm>

#include "shared/base/backoff.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/messages/claim.hpp"
#include "shared/wire/notification.hpp"

namespace noetl::loop {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr base::Backoff claim_backoff{.kind = base::BackoffKind::exponential,
                                      .initial = milliseconds(50),
                                      .delay_max = milliseconds(2000),
                                      .multiplier = 2.0};
constexpr milliseconds claim_retry_after_max{10'000};
constexpr milliseconds nak_delay{1000};  // for what could not be claimed for reasons that pass
constexpr milliseconds nak_delay_max{60'000};
// A word that commands of a priority below 0 wait, to a worker that has no slot for them.
constexpr milliseconds low_nak_delay{1000};
// A connection that is open, a subscription that is there, and a publisher that cannot store anything (a full disk, a
// stream that takes nothing): from here that looks like an idle queue. So a quiet worker looks by itself at times.
constexpr milliseconds look_interval{2000};
constexpr milliseconds look_without_room{20};  // for what was asked for while there was room
constexpr milliseconds hold_without_room{100};  // the same while commands end at once, and their reports are on the way
constexpr milliseconds fetch_patience_when_silent{1};
// Prefetched commands are for others when those before them take longer than was foreseen.
constexpr milliseconds prefetch_patience{200};
constexpr milliseconds prefetch_check_interval{50};  // while some wait for a thread
constexpr std::size_t buffered_max = 1024;
constexpr int silent_finds_told = 3;  // one or two may have been faster than their notifications

// The server will say the same again.
bool is_settled(ErrorCode code) {
  return code == ErrorCode::not_found || code == ErrorCode::already_terminal ||
         code == ErrorCode::execution_cancelled || code == ErrorCode::active_claim || code == ErrorCode::lease_lost;
}

// Servers of the release before refuse slots beside ids, and give every command that is asked for.
wire::ClaimRequest without_slots(wire::ClaimRequest request) {
  request.queue_ids.resize(std::min(request.queue_ids.size(), static_cast<std::size_t>(request.slots)));
  request.slots = 0;
  return request;
}

}  // namespace

Fetcher::Fetcher(Parts parts, CommandStarter::Parts starting, const WorkerSettings& settings,
                 NotificationConsumer* consumer)
    : parts_(parts),
      settings_(settings),
      starter_(starting, settings),
      consumer_(consumer),
      prefetch_(starting.prefetch),
      random_(std::random_device{}()),
      looked_at_(std::chrono::steady_clock::now()) {}

void Fetcher::run(const std::stop_token& stop) {
  base::name_thread("fetch");
  const nats::ThreadScope scope;
  while (!stop.stop_requested()) {
    ++parts_.counts.fetcher_turns;
    const bool is_expecting = this->is_expecting();
    const bool is_waiting = return_overdue();
    const auto patience = !is_expecting ? (is_waiting ? prefetch_check_interval : milliseconds(1000))
                          : is_quick_   ? hold_without_room
                                        : look_without_room;
    if (!parts_.leases.wait_for_room(stop, patience)) {
      if (is_expecting) nak_buffered();
      continue;
    }
    if (parts_.heartbeats.is_paused()) {
      parts_.threads.hand_back_all();
      pause(milliseconds(200), stop);
      continue;
    }
    const int room = std::min(parts_.leases.room(), static_cast<int>(wire::claim_ids_max));
    if (room == 0) continue;
    if (has_more_)
      take_urgent(room, stop);
    else if (!buffered_.empty() || (consumer_ != nullptr && consumer_->is_open()))
      take_notifications(room, is_waiting ? prefetch_check_interval : settings_.fetch_patience, stop);
    else
      (void)take_by_poll(room, is_waiting ? prefetch_check_interval : settings_.poll_patience, stop);
  }
  nak_buffered();
}

bool Fetcher::is_expecting() const { return !buffered_.empty() || (consumer_ != nullptr && consumer_->is_expecting()); }

// To others, and at once.
void Fetcher::nak_buffered() {
  for (const auto& message : std::exchange(buffered_, {})) message.nak(milliseconds(0));
  if (consumer_ != nullptr && consumer_->is_expecting()) consumer_->nak_late();
}

void Fetcher::take_notifications(int room, milliseconds patience, const std::stop_token& stop) {
  std::vector<nats::Message> messages = std::exchange(buffered_, {});
  if (messages.empty()) {
    auto fetched = consumer_->fetch(room, silent_finds_ > 0 || seeks_low_ ? fetch_patience_when_silent : patience,
                                    parts_.idle_gate);
    if (!fetched) return;
    if (parts_.heartbeats.is_paused()) {  // since then: they are for others
      for (const auto& message : *fetched) message.nak(nak_delay);
      return;
    }
    if (fetched->empty()) return poll_fallback(room, stop);
    messages = std::move(*fetched);
    parts_.counts.notifications += messages.size();
    room = std::min(room, parts_.leases.room());  // something may have been dispatched directly meanwhile
  }
  silent_finds_ = 0;
  looked_at_ = std::chrono::steady_clock::now();
  auto all = read(std::move(messages), room);
  // While these are claimed and reported the next may come: to ask for them takes as long as to claim them.
  if (is_quick_ && buffered_.empty()) consumer_->request_next(room);
  for (ClaimBatch& batch : all) claim(std::move(batch), stop);
}

void Fetcher::claim(ClaimBatch batch, const std::stop_token& stop) {
  if (stop.stop_requested()) {  // others shall have them at once
    for (const auto& [id, delivery] : batch.deliveries) delivery->give_back(milliseconds(0));
    return;
  }
  wire::ClaimRequest request;
  request.worker_id = settings_.worker_id;
  request.slots = batch.slots;
  request.queue_ids.reserve(batch.deliveries.size());
  for (const auto& [id, delivery] : batch.deliveries) request.queue_ids.push_back(id);
  // Oldest first: ids grow with time, and the server claims and answers in this order.
  std::sort(request.queue_ids.begin(), request.queue_ids.end());
  parts_.leases.begin_claim();
  auto answer = claim_until_answered(request, stop);
  if (!answer) {
    parts_.leases.end_claim();
    for (const auto& [id, delivery] : batch.deliveries) delivery->give_back(nak_delay);
    return;
  }
  auto commands = accept(std::move(*answer), batch);
  start(std::move(commands));
}

// Goes on without a pause for as long as it finds something.
void Fetcher::poll_fallback(int room, const std::stop_token& stop) {
  const auto now = std::chrono::steady_clock::now();
  const bool was_told = seeks_low_;
  if (silent_finds_ == 0 && !was_told && now - looked_at_ < look_interval) return;
  looked_at_ = now;
  const auto found = take_by_poll(room, milliseconds(0), stop);
  seeks_low_ = found.low > 0 || (was_told && found.commands > 0);
  const bool is_silent = !was_told && found.commands > found.low;
  silent_finds_ = is_silent ? std::min(silent_finds_ + 1, silent_finds_told + 1) : 0;
  if (silent_finds_ == silent_finds_told)
    telemetry::log_warn("worker", "commands wait that no notification came for: polling beside notifications");
}

Fetcher::Found Fetcher::take_by_poll(int room, milliseconds wait, const std::stop_token& stop) {
  wire::ClaimRequest request;
  request.slots = room;
  request.wait = wait;
  return ask_pool(request, stop);
}

// Notifications of others would only be given back meanwhile.
void Fetcher::take_urgent(int room, const std::stop_token& stop) {
  if (is_expecting()) nak_buffered();
  wire::ClaimRequest request;
  request.slots = room;
  request.priority_min = 1;
  has_more_ = false;  // until the answer says so
  (void)ask_pool(request, stop);
}

Fetcher::Found Fetcher::ask_pool(const wire::ClaimRequest& like, const std::stop_token& stop) {
  wire::ClaimRequest request = like;
  request.worker_id = settings_.worker_id;
  request.pool = settings_.pool;
  parts_.leases.begin_claim();
  auto answer = parts_.transport.claim(request);
  if (!answer) {
    parts_.leases.end_claim();
    ++parts_.counts.claim_failures;
    if (++poll_failures_ == 1)
      telemetry::log_warn("worker", "claim failed, will be repeated: " + answer.error().message);
    pause(backoff_after(answer.error(), poll_failures_), stop);
    return {};
  }
  poll_failures_ = 0;
  ClaimBatch unnotified;
  auto commands = accept(std::move(*answer), unnotified);
  const auto is_low = [](const domain::ClaimedCommand& command) { return command.priority < 0; };
  const Found found{.commands = commands.size(),
                    .low = static_cast<std::size_t>(std::ranges::count_if(commands, is_low))};
  start(std::move(commands));
  return found;
}

// Garbage never comes again. A second notification for what we hold has nothing to say: if we die, upkeep notifies anew.
std::optional<Notified> Fetcher::notified_of(const nats::Message& message) {
  auto notification = wire::decode_notification(message.bytes());
  if (!notification) {
    ++parts_.counts.garbage;
    telemetry::log_warn("worker", "dropped a message that is no notification: " + notification.error().message);
    return std::nullopt;
  }
  auto ids = std::move(notification->queue_ids);
  if (notification->is_dispatched) ids.clear();
  std::erase_if(ids, [&](base::CommandId id) { return parts_.leases.holds(id); });
  return Notified{.queue_ids = std::move(ids), .priority = notification->priority, .lane = message.source()};
}

std::vector<Fetcher::ClaimBatch> Fetcher::read(std::vector<nats::Message> messages, int room) {
  std::vector<Notified> notified;
  notified.reserve(messages.size());
  std::erase_if(messages, [&](nats::Message& message) {
    auto one = notified_of(message);
    if (one)
      notified.push_back(std::move(*one));
    else
      message.term();
    return !one;
  });
  ClaimPlan plan = plan_claims(
      notified, {.slots = room, .shares = consumer_->shares(), .is_quick = is_quick_, .kept_max = buffered_max});
  for (const auto& lane : plan.lanes) consumer_->record_batch_size(lane.lane, lane.notifications, lane.commands);
  std::vector<ClaimBatch> all(plan.slots.size());
  for (std::size_t call = 0; call < all.size(); ++call) all[call].slots = plan.slots[call];
  all.front().deliveries.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i)
    carry_out(plan.notifications[i], std::move(messages[i]), notified[i].priority > 0, all);
  if (all.front().deliveries.empty()) all.erase(all.begin());
  return all;
}

void Fetcher::carry_out(const PlannedNotification& planned, nats::Message message, bool is_urgent,
                        std::vector<ClaimBatch>& all) {
  switch (planned.fate) {
    case Fate::ack: message.ack(); return;
    case Fate::seek_low:
      seeks_low_ = true;
      message.ack();
      return;
    case Fate::nak_low: message.nak(low_nak_delay); return;
    case Fate::keep: buffered_.push_back(std::move(message)); return;
    case Fate::nak: message.nak(milliseconds(0)); return;
    case Fate::claim:
      const auto delivery =
          std::make_shared<const Delivery>(std::move(message), static_cast<int>(planned.queue_ids.size()), is_urgent);
      for (const auto id : planned.queue_ids) all[planned.call].deliveries.emplace(id, delivery);
      return;
  }
}

// A reply may have been lost after the server acted: the same ids again give the same commands to the same worker.
base::Result<wire::ClaimAnswer> Fetcher::claim_until_answered(const wire::ClaimRequest& request,
                                                              const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  for (int failures = 1;; ++failures) {
    ++parts_.counts.fetcher_turns;  // a server that is away is waited for here
    auto answer = parts_.transport.claim(request);
    if (!answer && answer.error().code == ErrorCode::invalid_input)
      answer = parts_.transport.claim(without_slots(request));
    if (answer) return answer;
    ++parts_.counts.claim_failures;
    if (failures == 1) telemetry::log_warn("worker", "claim failed, will be repeated: " + answer.error().message);
    const bool is_late =
        std::chrono::steady_clock::now() - begin > settings_.ack_wait / 2;  // JetStream is about to give them to others
    if (is_late || stop.stop_requested()) return answer;
    pause(backoff_after(answer.error(), failures), stop);
  }
}

std::vector<domain::ClaimedCommand> Fetcher::accept(wire::ClaimAnswer answer, ClaimBatch& batch) {
  DeliveriesById& deliveries = batch.deliveries;
  std::size_t unnamed = 0;
  has_more_ = has_more_ || answer.has_more;
  auto commands = starter_.add(std::move(answer.commands), answer.claim_id, [&](base::CommandId id) {
    const auto found = deliveries.find(id);
    if (found == deliveries.end()) {
      ++unnamed;
      return DeliveryPointer();
    }
    DeliveryPointer delivery = std::move(found->second);
    deliveries.erase(found);
    return delivery;
  });
  parts_.leases.end_claim();
  const std::size_t stale = answer_refused(answer.refused, deliveries);
  if (consumer_ != nullptr && batch.slots > 0) consumer_->note_stale(stale > 0 && commands.empty());
  // Named, not answered: there was no room for them. The notification of a priority is used up by another command that was given for it.
  for (const auto& [id, delivery] : deliveries) {
    if (delivery->is_urgent() && unnamed > 0) {
      --unnamed;
      delivery->settle();
    } else {
      delivery->give_back(milliseconds(0));
    }
  }
  return commands;
}

// A duplicate must never hold a slot: acked at once. A command that is not due yet, or whose holder may yet
// fail, says when to come again.
std::size_t Fetcher::answer_refused(const std::vector<wire::ClaimRefusal>& refused, DeliveriesById& deliveries) {
  std::size_t urgent = 0;
  parts_.counts.refused += refused.size();
  for (const wire::ClaimRefusal& refusal : refused) {
    const auto found = deliveries.find(refusal.queue_id);
    if (found == deliveries.end()) continue;
    const DeliveryPointer delivery = std::move(found->second);
    deliveries.erase(found);
    if (delivery->is_urgent()) ++urgent;
    if (refusal.retry_after.count() > 0)
      delivery->settle_later(std::min(refusal.retry_after, nak_delay_max));
    else if (is_settled(refusal.code))
      delivery->settle();
    else
      delivery->settle_later(nak_delay);
  }
  return urgent;
}

void Fetcher::start(std::vector<domain::ClaimedCommand> commands) {
  if (commands.empty()) return;
  const auto seen = starter_.start(std::move(commands));
  is_small_ = seen.is_small;
  is_quick_ = seen.is_quick;
}

// Is anything prefetched that has no thread yet?
bool Fetcher::return_overdue() {
  if (parts_.threads.hand_back(std::chrono::steady_clock::now() - prefetch_patience) > 0) prefetch_.forget();
  // Tools that answer at once say nothing of how long others take: they count while no other runs.
  const int prefetch = is_quick_ && parts_.leases.is_idle() ? settings_.prefetch_max : prefetch_.count();
  parts_.leases.set_prefetch(is_small_ ? prefetch : 0);
  return parts_.threads.is_anything_waiting();
}

// Notifications that were requested before may come meanwhile: they are for others, and at once.
void Fetcher::pause(milliseconds time, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!stop.stop_requested()) {
    const bool is_expecting = this->is_expecting();
    if (is_expecting) nak_buffered();
    const auto rest = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (rest.count() <= 0) return;
    std::unique_lock lock(mutex_);
    paused_.wait_for(lock, stop, is_expecting ? std::min(rest, look_without_room) : rest, [] { return false; });
  }
}

milliseconds Fetcher::backoff_after(const base::Error& error, int failures) {
  const double unit = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  // The server's wish is a floor; jitter on top keeps refused workers from coming back together.
  return std::min(error.retry_after, claim_retry_after_max) + claim_backoff.jittered_after(failures, unit);
}

}  // namespace noetl::loop
