#include "shared/messaging/subscriber.hpp"

#include <algorithm>
#include <utility>

#include "shared/base/thread_name.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/requests/listener.hpp"

namespace noetl::messaging {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds consumer_patience{500};
constexpr milliseconds subscribe_patience{2000};
constexpr base::Backoff reopen{.kind = base::BackoffKind::exponential,
                               .initial = milliseconds(100),
                               .delay_max = milliseconds(5000),
                               .multiplier = 2.0};

std::vector<nats::ConsumerSettings> consumers_of(const SubscriberSettings& settings) {
  std::vector<nats::ConsumerSettings> consumers;
  for (const auto& subject : settings.subjects) {
    const auto number = settings.subjects.size() == 1 ? "" : '_' + std::to_string(consumers.size() + 1);
    consumers.push_back({.durable = settings.durable + number,
                         .filter_subject = subject,
                         .ack_wait = settings.ack_wait,
                         .deliveries_max = settings.deliveries_max});
  }
  return consumers;
}

Result<std::unique_ptr<nats::PullSubscription>> pull(nats::JetStream& jetstream, const SubscriberSettings& settings,
                                                     const std::shared_ptr<nats::Connection>& connection) {
  nats::PullSource source{.stream = settings.stream, .durables = {}, .answers_on = connection};
  const auto failed = [&](const base::Error& error) {
    return failure(failure_of(error, connection->is_connected() ? FailureKind::subscribe : FailureKind::connect));
  };
  for (const auto& consumer : consumers_of(settings)) {
    if (const auto made = jetstream.ensure_consumer(settings.stream, consumer); !made) return failed(made.error());
    source.durables.push_back(consumer.durable);
  }
  auto opened = jetstream.pull(source);
  if (!opened) return failed(opened.error());
  return std::move(*opened);
}

}  // namespace

Result<std::unique_ptr<Subscriber>> Subscriber::open(std::shared_ptr<nats::Connection> connection,
                                                     SubscriberSettings settings, Handlers& handlers) {
  if (settings.subjects.empty()) return failure(FailureKind::settings, "a subscriber needs a subject");
  if (settings.stream.empty() != settings.durable.empty())
    return failure(FailureKind::settings,
                   "stream and durable belong together: '" + settings.stream + "', '" + settings.durable + "'");
  for (const auto& subject : settings.subjects) {
    if (const auto filter = nats::SubjectFilter::parse(subject); !filter)
      return failure(failure_of(filter.error(), FailureKind::settings));
  }
  const bool is_durable = !settings.stream.empty();
  if (is_durable) {  // so that a stream that is not there is told here
    nats::JetStream jetstream(*connection, subscribe_patience);
    if (auto tried = pull(jetstream, settings, connection); !tried) return failure(std::move(tried.error()));
  }
  std::unique_ptr<Subscriber> made(new Subscriber(std::move(connection), std::move(settings), handlers));
  if (!is_durable) {
    if (auto listening = made->listen(); !listening) return failure(std::move(listening.error()));
  } else {
    made->thread_ = std::jthread([raw = made.get()](const std::stop_token& stop) { raw->run(stop); });
  }
  return made;
}

Subscriber::Subscriber(std::shared_ptr<nats::Connection> connection, SubscriberSettings settings, Handlers& handlers)
    : connection_(std::move(connection)), settings_(std::move(settings)), handlers_(handlers) {}

Subscriber::~Subscriber() = default;

Result<void> Subscriber::listen() {
  for (const auto& subject : settings_.subjects) {
    const auto filter = nats::SubjectFilter::parse(subject);
    auto listener =
        nats::Listener::open(*connection_, *filter, settings_.group, [this](nats::Listener::Incoming message) {
          const std::lock_guard lock(handling_);
          static_cast<void>(handlers_.handle({.subject = std::move(message.subject),
                                              .reply = std::move(message.reply),
                                              .headers = std::move(message.headers),
                                              .bytes = std::move(message.bytes),
                                              .position = {}}));
        });
    if (!listener) return failure(failure_of(listener.error(), FailureKind::subscribe));
    listeners_.push_back(std::move(*listener));
  }
  // The nats-server knows of it before anyone is told so.
  if (const auto flushed = connection_->flush(subscribe_patience); !flushed)
    return failure(failure_of(flushed.error(), FailureKind::connect));
  return {};
}

void Subscriber::handle(const nats::Message& message) {
  const auto handled = handlers_.handle({.subject = std::string(message.subject()),
                                         .reply = {},
                                         .headers = nats::headers_of(message.handle()),
                                         .bytes = std::string(message.bytes()),
                                         .stream_sequence = message.stream_sequence(),
                                         .delivery = message.num_delivered(),
                                         .position = {}});
  if (handled) {
    message.ack();
  } else if (handled.error().is_worth_another_try()) {
    message.nak(settings_.redelivery.delay_after(message.num_delivered()));
  } else {
    message.term();
  }
}

Result<void> Subscriber::consume(const std::stop_token& stop) {
  nats::JetStream jetstream(*connection_, subscribe_patience);
  auto opened = pull(jetstream, settings_, connection_);
  if (!opened) return failure(std::move(opened.error()));
  auto& subscription = **opened;
  const std::vector<int> most(settings_.subjects.size(), settings_.batch);
  while (!stop.stop_requested()) {
    const auto messages = subscription.fetch(most, consumer_patience);
    if (!messages) return failure(failure_of(messages.error(), FailureKind::subscribe));
    for (const auto& message : *messages) handle(message);
  }
  for (const auto& message : subscription.close()) handle(message);
  return {};
}

void Subscriber::run(const std::stop_token& stop) {
  base::name_thread("subscriber");
  const nats::ThreadScope scope;
  for (int failures = 0; !stop.stop_requested();) {
    const auto began = Clock::now();
    const auto ended = consume(stop);
    if (ended) break;
    handlers_.tell(ended.error());
    failures = Clock::now() - began > reopen.delay_max ? 1 : failures + 1;
    std::unique_lock lock(mutex_);
    ends_.wait_for(lock, stop, reopen.delay_after(failures), [] { return false; });
  }
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  ends_.notify_all();
}

Result<void> Subscriber::close(milliseconds patience) {
  const auto until = Clock::now() + patience;
  bool has_ended = true;
  for (const auto& listener : listeners_) {
    const auto rest = std::max(std::chrono::ceil<milliseconds>(until - Clock::now()), milliseconds(1));
    has_ended = listener->drain(rest) && has_ended;
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    std::unique_lock lock(mutex_);
    has_ended = ends_.wait_until(lock, until, [&] { return has_ended_; });
  }
  if (has_ended) return {};
  return failure(FailureKind::timeout, "a handler is still busy after " + std::to_string(patience.count()) + " ms");
}

ReceiveCounts Subscriber::counts() const {
  auto counts = handlers_.counts();
  for (const auto& listener : listeners_) counts.dropped += listener->dropped();
  return counts;
}

}  // namespace noetl::messaging
