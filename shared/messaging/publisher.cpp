#include "shared/messaging/publisher.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "shared/base/thread_name.hpp"
#include "shared/nats/requests/listener.hpp"

namespace noetl::messaging {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int server_fault = 500;  // from here on an error of JetStream may pass
constexpr int wrong_last_sequence = 10071;

}  // namespace

struct Publisher::State {
  struct Pending {
    OutMessage message;
    Headers headers;
    int attempts = 0;
    Clock::time_point until;  // of all attempts
    Clock::time_point due;  // to be sent, or sent again when no answer has come
    Failure last{.kind = FailureKind::timeout, .message = "it was never sent", .subject = {}};
  };

  struct Settled {
    std::uint64_t number = 0;
    std::uint64_t stream_sequence = 0;
    bool is_duplicate = false;
    std::optional<Failure> failed;
    bool may_pass = false;  // the failure
  };

  State(nats::Connection& to, PublisherSettings wanted, std::string answers)
      : connection(to), settings(std::move(wanted)), inbox(std::move(answers)) {}

  nats::Connection& connection;
  const PublisherSettings settings;
  const std::string inbox;

  mutable std::mutex mutex;
  std::condition_variable_any wakes;  // of the thread
  std::condition_variable settles;  // of those who wait for room or for the end
  std::map<std::uint64_t, Pending> pending;  // only the thread removes; addresses stay
  std::set<std::pair<Clock::time_point, std::uint64_t>> times;  // what is due next, of those that were sent once
  std::vector<std::uint64_t> gathered;
  Clock::time_point gathered_since;
  std::vector<Settled> settled;
  std::size_t bytes = 0;
  std::uint64_t next = 1;
  bool is_hurried = false;
  PublisherCounts counts;
  std::unique_ptr<nats::Listener> listener;
  std::jthread thread;

  void take_answer(const nats::Listener::Incoming& answer);
  void run(const std::stop_token& stop);
  [[nodiscard]] std::vector<std::uint64_t> due(Clock::time_point now);
  void send(std::uint64_t number);
  void settle(const Settled& one);
  void retry(std::uint64_t number, Failure failed, bool may_pass);
  void finish(std::uint64_t number, const Settled& one);
  void close();
};

namespace {

Publisher::State::Settled settled_of(std::uint64_t number, const nats::Listener::Incoming& answer) {
  Publisher::State::Settled settled{
      .number = number, .stream_sequence = 0, .is_duplicate = false, .failed = {}, .may_pass = false};
  if (answer.is_no_responders) {
    settled.failed =
        Failure{.kind = FailureKind::publish, .message = "no stream of JetStream takes the subject now", .subject = {}};
    settled.may_pass = true;
    return settled;
  }
  const auto said = nlohmann::json::parse(answer.bytes, nullptr, false);
  if (!said.is_object()) {
    settled.failed =
        Failure{.kind = FailureKind::publish, .message = "JetStream's answer is no JSON object", .subject = {}};
    return settled;
  }
  if (const auto error = said.find("error"); error != said.end() && error->is_object()) {
    const int code = error->value("err_code", 0);
    settled.failed =
        Failure{.kind = code == wrong_last_sequence ? FailureKind::conflict : FailureKind::publish,
                .message = error->value("description", "?") + " [JetStream error " + std::to_string(code) + "]",
                .subject = {}};
    settled.may_pass = error->value("code", 0) >= server_fault;
    return settled;
  }
  settled.stream_sequence = said.value("seq", std::uint64_t{0});
  settled.is_duplicate = said.value("duplicate", false);
  return settled;
}

std::size_t bytes_of(const Publisher::State::Pending& pending) { return pending.message.envelope.payload.size(); }

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(nats::Connection& connection, PublisherSettings settings) {
  if (!settings.prefix.empty()) {
    if (const auto prefix = nats::Subject::parse(settings.prefix); !prefix)
      return failure(failure_of(prefix.error(), FailureKind::settings));
  }
  const bool uses_jetstream = settings.uses_jetstream;
  auto state = std::make_unique<State>(connection, std::move(settings), connection.new_inbox().text());
  if (uses_jetstream) {
    const auto filter = nats::SubjectFilter::parse(state->inbox + ".*");
    auto listener =
        nats::Listener::open(connection, *filter, {},
                             [raw = state.get()](const nats::Listener::Incoming& answer) { raw->take_answer(answer); });
    if (!listener) return failure(failure_of(listener.error(), FailureKind::subscribe));
    state->listener = std::move(*listener);
  }
  return std::unique_ptr<Publisher>(new Publisher(std::move(state)));
}

Publisher::Publisher(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::jthread([raw = state_.get()](const std::stop_token& stop) {
    base::name_thread("publisher");
    const nats::ThreadScope scope;
    raw->run(stop);
  });
}

Publisher::~Publisher() {
  state_->thread.request_stop();
  state_->wakes.notify_all();
  state_->thread.join();
  state_->listener.reset();
  state_->close();
}

Result<void> Publisher::publish(OutMessage message, milliseconds patience) {
  auto& state = *state_;
  if (!state.settings.prefix.empty()) {
    auto subject = nats::Subject::parse(state.settings.prefix + '.' + message.subject.text());
    if (!subject) return failure(failure_of(subject.error(), FailureKind::settings));
    message.subject = std::move(*subject);
  }
  auto headers = headers_of(message.envelope);
  if (!headers) return failure(std::move(headers.error()));
  if (auto added = add_to(*headers, message.event); !added) return added;
  headers->insert(headers->end(), message.more.begin(), message.more.end());
  if (state.settings.uses_jetstream) {
    if (!message.event.id.empty()) headers->emplace_back("Nats-Msg-Id", message.event.id);
    if (message.expected_last_sequence)
      headers->emplace_back("Nats-Expected-Last-Sequence", std::to_string(*message.expected_last_sequence));
  }
  const std::size_t bytes = message.envelope.payload.size();
  if (state.connection.is_connected() && bytes > nats::part_bytes_max(state.connection))
    return failure(FailureKind::too_large,
                   "a message of " + std::to_string(bytes) + " bytes to '" + message.subject.text() +
                       "': the nats-server takes " + std::to_string(nats::part_bytes_max(state.connection)),
                   message.subject.text());
  std::unique_lock lock(state.mutex);
  const auto has_room = [&] {
    return state.pending.size() < state.settings.in_flight_max &&
           (state.bytes + bytes <= state.settings.bytes_in_flight_max || state.pending.empty());
  };
  if (!state.settles.wait_for(lock, patience, has_room))
    return failure(FailureKind::saturated,
                   std::to_string(state.pending.size()) + " messages of " + std::to_string(state.bytes) +
                       " bytes are in flight; '" + message.subject.text() + "' finds no room",
                   message.subject.text());
  const auto now = Clock::now();
  const auto number = state.next++;
  state.bytes += bytes;
  state.pending.emplace(number, State::Pending{.message = std::move(message),
                                               .headers = std::move(*headers),
                                               .attempts = 0,
                                               .until = now + state.settings.total_timeout,
                                               .due = now});
  if (state.gathered.empty()) state.gathered_since = now;
  state.gathered.push_back(number);
  if (state.gathered.size() == 1 || state.gathered.size() >= state.settings.batch_messages) state.wakes.notify_all();
  return {};
}

Result<void> Publisher::flush(milliseconds patience) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  state.is_hurried = true;
  state.wakes.notify_all();
  if (state.settles.wait_for(lock, patience, [&] { return state.pending.empty(); })) return {};
  return failure(FailureKind::timeout, std::to_string(state.pending.size()) + " messages are still in flight after " +
                                           std::to_string(patience.count()) + " ms");
}

PublisherCounts Publisher::counts() const {
  const std::lock_guard lock(state_->mutex);
  auto counts = state_->counts;
  counts.in_flight = state_->pending.size();
  return counts;
}

void Publisher::State::take_answer(const nats::Listener::Incoming& answer) {
  std::uint64_t number = 0;
  const auto token = std::string_view(answer.subject).substr(std::min(inbox.size() + 1, answer.subject.size()));
  std::from_chars(token.data(), token.data() + token.size(), number);
  auto one = settled_of(number, answer);
  const std::lock_guard lock(mutex);
  settled.push_back(std::move(one));
  wakes.notify_all();
}

// What is to be sent now: first what was sent before, then what is gathered, each in the order of publish().
std::vector<std::uint64_t> Publisher::State::due(Clock::time_point now) {
  std::vector<std::uint64_t> numbers;
  while (!times.empty() && times.begin()->first <= now) {
    numbers.push_back(times.begin()->second);
    times.erase(times.begin());
  }
  std::ranges::sort(numbers);
  const bool is_burst = !gathered.empty() && (is_hurried || gathered.size() >= settings.batch_messages ||
                                              now - gathered_since >= settings.batch_delay);
  if (is_burst) {
    numbers.insert(numbers.end(), gathered.begin(), gathered.end());
    gathered.clear();
    ++counts.bursts;
  }
  is_hurried = false;
  return numbers;
}

void Publisher::State::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<Settled> answers;
    std::vector<std::uint64_t> numbers;
    {
      std::unique_lock lock(mutex);
      auto next_look = Clock::time_point::max();
      if (!times.empty()) next_look = times.begin()->first;
      if (!gathered.empty()) next_look = std::min(next_look, gathered_since + settings.batch_delay);
      const auto is_due = [&] {
        return !settled.empty() || (is_hurried && !gathered.empty()) || gathered.size() >= settings.batch_messages ||
               (!gathered.empty() && gathered_since + settings.batch_delay < next_look);
      };
      if (next_look == Clock::time_point::max()) {
        wakes.wait(lock, stop, is_due);
      } else {
        wakes.wait_until(lock, stop, next_look, is_due);
      }
      answers.swap(settled);
      numbers = due(Clock::now());
    }
    for (const auto& answer : answers) settle(answer);
    for (const auto number : numbers) send(number);
  }
}

void Publisher::State::send(std::uint64_t number) {
  Pending* found = nullptr;
  {
    const std::lock_guard lock(mutex);
    const auto at = pending.find(number);
    if (at == pending.end()) return;  // answered meanwhile
    found = &at->second;
    if (found->attempts > 0 && found->due > Clock::now()) return;
  }
  if (found->attempts > 0) {
    if (Clock::now() >= found->until || found->attempts >= settings.attempts_max) {
      Settled over{
          .number = number, .stream_sequence = 0, .is_duplicate = false, .failed = found->last, .may_pass = false};
      over.failed->message =
          "abandoned after " + std::to_string(found->attempts) + " attempts: " + over.failed->message;
      return finish(number, over);
    }
    const std::lock_guard lock(mutex);
    ++counts.retried;
  }
  ++found->attempts;
  if (!connection.is_connected())
    return retry(number, {.kind = FailureKind::connect, .message = "NATS is away", .subject = {}}, true);
  const std::string reply = listener ? inbox + '.' + std::to_string(number) : std::string();
  const auto sent =
      nats::publish_with_headers(connection, found->message.subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                                 found->headers, found->message.envelope.payload);
  if (!sent) {
    const auto failed = failure_of(sent.error(), FailureKind::publish);
    return retry(number, failed, failed.is_worth_another_try());
  }
  if (!listener)
    return finish(number,
                  {.number = number, .stream_sequence = 0, .is_duplicate = false, .failed = {}, .may_pass = false});
  found->last = {.kind = FailureKind::timeout,
                 .message = "no answer of JetStream within " + std::to_string(settings.ack_patience.count()) + " ms",
                 .subject = {}};
  const std::lock_guard lock(mutex);
  found->due = std::min(Clock::now() + settings.ack_patience, found->until);
  times.emplace(found->due, number);
}

void Publisher::State::settle(const Settled& one) {
  {
    const std::lock_guard lock(mutex);
    const auto at = pending.find(one.number);
    if (at == pending.end()) return;  // an answer to an earlier attempt came first
    times.erase({at->second.due, one.number});
  }
  if (one.failed) return retry(one.number, *one.failed, one.may_pass);
  finish(one.number, one);
}

void Publisher::State::retry(std::uint64_t number, Failure failed, bool may_pass) {
  std::unique_lock lock(mutex);
  auto& found = pending.at(number);
  const auto now = Clock::now();
  const auto wait = settings.backoff.delay_after(found.attempts);
  if (may_pass && found.attempts < settings.attempts_max && now < found.until) {
    found.last = std::move(failed);
    found.due = std::min(now + wait, found.until);
    times.emplace(found.due, number);
    return;
  }
  lock.unlock();
  finish(
      number,
      {.number = number, .stream_sequence = 0, .is_duplicate = false, .failed = std::move(failed), .may_pass = false});
}

void Publisher::State::finish(std::uint64_t number, const Settled& one) {
  Pending* found = nullptr;
  {
    const std::lock_guard lock(mutex);
    found = &pending.at(number);
  }
  const auto& message = found->message;
  try {
    if (one.failed && settings.on_failed) {
      auto failed = *one.failed;
      failed.subject = message.subject.text();
      failed.message = "publish to '" + failed.subject + "': " + failed.message;
      settings.on_failed(message, failed);
    }
    if (!one.failed && settings.on_published)
      settings.on_published({.subject = message.subject.text(),
                             .message_id = message.event.id,
                             .stream_sequence = one.stream_sequence,
                             .is_duplicate = one.is_duplicate});
  } catch (...) {  // the callback is the caller's; the others go on
  }
  const std::lock_guard lock(mutex);
  if (one.failed) {
    ++counts.failed;
  } else {
    ++(one.is_duplicate ? counts.duplicates : counts.published);
    counts.bytes += bytes_of(*found);
  }
  bytes -= bytes_of(*found);
  pending.erase(number);
  settles.notify_all();
}

void Publisher::State::close() {
  while (!pending.empty()) {
    const auto number = pending.begin()->first;
    finish(number,
           {.number = number,
            .stream_sequence = 0,
            .is_duplicate = false,
            .failed = Failure{.kind = FailureKind::closed, .message = "the publisher was closed before", .subject = {}},
            .may_pass = false});
  }
}

}  // namespace noetl::messaging
