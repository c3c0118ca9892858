#pragma once
// Server: one simulated server process: the context of every use case and the background duties, as run_server wires
// them, without HTTP. Made in a fiber of its process; never destroyed, since the dead clean nothing up.
#include "server/app/dispatcher.hpp"
#include "server/app/due_times.hpp"
#include "server/app/long_polls.hpp"
#include "server/app/playbook_cache.hpp"
#include "server/app/pool_rules.hpp"
#include "server/app/server_context.hpp"
#include "server/app/submit_batcher.hpp"
#include "server/counts/work_counts.hpp"
#include "server/notify/jetstream_notifier.hpp"
#include "server/store/connection_pool.hpp"
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
        connections(store::PoolSettings{}),
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
  store::ConnectionPool connections;
  notify::JetStreamNotifier notifier;
  base::IdGenerator ids;
  app::PlaybookCache playbooks;
  app::LongPolls long_polls;
  app::Dispatcher dispatcher;
  app::PoolRules pool_rules;
  counts::WorkCounts work_counts;
  app::DueTimes due_times;
  app::ServerContext context;
  app::SubmitBatcher submits;
  upkeep::Upkeep upkeep;
};

}  // namespace noetl::simulation
