#pragma once
// Server: one simulated server process: the context of every use case and the background duties, as run_server wires
// them, without HTTP. Made in a fiber of its process; never destroyed, since the dead clean nothing up.
#include "server/catalog/playbook_cache.hpp"
#include "server/counts/work_counts.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/due_times.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/notify/jetstream_notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/queue/submit_batcher.hpp"
#include "server/upkeep/upkeep.hpp"
#include "tests/simulation/scheduler.hpp"

namespace noetl::simulation {

struct ServerSettings {
  ProcessNumber process = 0;
  int node = 0;  // of its ids
  std::chrono::milliseconds ack_wait{10'000};
};

struct Server {
  explicit Server(const ServerSettings& settings)
      : process(settings.process),
        connections(postgres::PoolSettings{}),
        notifier(notify::NotifierSettings{.nats = {}, .ack_wait = settings.ack_wait, .backlog_max = {3, 30}}),
        ids(settings.node),
        playbooks(connections),
        pool_rules(connections),
        context{.connections = connections,
                .notifier = notifier,
                .ids = ids,
                .playbooks = playbooks,
                .long_polls = long_polls,
                .dispatcher = dispatcher,
                .pool_rules = pool_rules,
                .work_counts = work_counts,
                .due_times = due_times,
                .settings = {.ack_wait = settings.ack_wait}},
        submits(context),
        upkeep(context, upkeep::UpkeepSettings{.database_url = {}}) {}

  const ProcessNumber process;
  postgres::ConnectionPool connections;
  notify::JetStreamNotifier notifier;
  base::IdGenerator ids;
  catalog::PlaybookCache playbooks;
  dispatch::LongPolls long_polls;
  dispatch::Dispatcher dispatcher;
  dispatch::PoolRules pool_rules;
  counts::WorkCounts work_counts;
  dispatch::DueTimes due_times;
  dispatch::ServerContext context;
  queue::SubmitBatcher submits;
  upkeep::Upkeep upkeep;
};

}  // namespace noetl::simulation
