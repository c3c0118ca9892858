#include "server/doctor/stack_checks.hpp"
#include "server/postgres/connection_pool.hpp"
#include "shared/domain/command.hpp"

namespace noetl::doctor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{3000};
// Workers say "in progress" every ten seconds for what they hold.
constexpr milliseconds ack_wait_min{20'000};

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

Check check_stream(nats::JetStream& jetstream, const nats::StreamSettings& wanted) {
  auto check = named("stream " + wanted.name);
  const auto state = jetstream.compare_stream(wanted);
  if (!state) {
    find(check, Verdict::warning, {wanted.name, state.error().message},
         "A running server makes it within two seconds; see its log for component=notify, and that JetStream "
         "is enabled (nats-server -js). Where NATS has accounts, the doctor needs the login of the user server.");
    return check;
  }
  if (!state->drift.empty()) {
    find(check, Verdict::warning, {wanted.name, joined(state->drift)},
         "The server keeps what it finds. When nobody meant it: nats stream rm " + wanted.name +
             ", and the server makes it "
             "anew; nothing is lost, upkeep notifies again.");
    return check;
  }
  check.summary = std::to_string(state->messages) + " messages, " + std::to_string(state->bytes) + " bytes";
  return check;
}

void check_relations(Check& check, const nats::ConsumerSettings& wanted, const StackSettings& settings,
                     std::int64_t slots) {
  if (wanted.ack_wait < settings.lease || wanted.ack_wait < ack_wait_min) {
    find(check, Verdict::warning,
         {wanted.durable, "ack wait of " + std::to_string(wanted.ack_wait.count()) + " ms beside a lease of " +
                              std::to_string(settings.lease.count()) + " ms"},
         "JetStream would deliver what a worker holds to another one, in vain: set nats-ack-wait to at "
         "least " +
             std::to_string(std::max(ack_wait_min, settings.lease).count()) + " ms and longer than the lease.");
  }
  if (slots > wanted.acks_pending_max) {
    find(check, Verdict::warning,
         {wanted.durable, std::to_string(slots) + " slots, but at most " + std::to_string(wanted.acks_pending_max) +
                              " unanswered notifications"},
         "Delivery stalls without a word: raise nats-max-ack-pending above workers times slots, and remove "
         "the consumer, so "
         "that it is made anew.");
  }
}

Check check_consumer(nats::JetStream& jetstream, const StackSettings& settings, const nats::ConsumerSettings& wanted,
                     std::int64_t slots) {
  auto check = named("consumer " + wanted.durable);
  const auto state = jetstream.compare_consumer(settings.notifier.stream, wanted);
  if (!state) {
    find(check, Verdict::warning, {wanted.durable, state.error().message},
         "A running server makes it within two seconds, or with the first command for the pool.");
    return check;
  }
  if (!state->drift.empty()) {
    find(check, Verdict::warning, {wanted.durable, joined(state->drift)},
         "The server keeps what it finds. When nobody meant it: nats consumer rm " + settings.notifier.stream + " " +
             wanted.durable + ", and the server makes it anew.");
  }
  check_relations(check, wanted, settings, slots);
  if (check.total == 0) {
    check.summary = std::to_string(state->waiting) + " waiting, " + std::to_string(state->acks_pending) +
                    " being worked on, " + std::to_string(state->redelivered) + " redelivered";
  }
  return check;
}

}  // namespace

std::vector<Check> check_nats(postgres::ConnectionPool& connections, const StackSettings& settings) {
  auto check = named("NATS");
  if (settings.notifier.nats.url.empty() || settings.notifier.nats.url == "none") {
    check.summary = "none, as nats-url says: workers poll";
    return {std::move(check)};
  }
  const nats::ThreadScope scope;
  auto connection = nats::Connection::open(settings.notifier.nats);
  if (!connection || !(*connection)->wait_connected(patience)) {
    find(check, Verdict::warning,
         {settings.notifier.stream,
          connection ? "no answer from " + (*connection)->shown_url() : connection.error().message},
         "Workers go on by polling, slower. Start nats-server -js, or set nats-url.");
    return {std::move(check)};
  }
  check.summary = "connected to " + (*connection)->shown_url();
  std::vector<Check> checks{std::move(check)};
  nats::JetStream jetstream(**connection, patience);
  for (const auto& stream : notify::streams_of(settings.notifier)) checks.push_back(check_stream(jetstream, stream));
  std::vector<store::PoolSlots> pools;
  connections.transact([&](postgres::Session& session) { pools = store::DoctorStatements(session).pools(); });
  if (pools.empty()) pools.push_back({std::string(domain::default_pool), 0});
  for (const auto& pool : pools) {
    for (const auto& wanted : notify::consumers_of(settings.notifier, pool.pool))
      checks.push_back(check_consumer(jetstream, settings, wanted, pool.slots));
  }
  return checks;
}

}  // namespace noetl::doctor
