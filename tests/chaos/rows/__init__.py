"""The rows of the failure matrix (docs/operations/failures.md), in its order: one class each, grouped by what the fault hits."""
from rows import cluster, jetstream, postgres, servers, traffic, workers

ROWS = [
    workers.WorkerKilled, workers.WorkerStopped, servers.KilledBeforePublish, servers.ServerKilled, jetstream.NatsStopped,
    jetstream.StreamDeleted, jetstream.ConsumerDeleted, jetstream.StoreWiped, postgres.PostgresRestarted,
    postgres.BackendsTerminated, postgres.PoolExhausted, postgres.SlowQuery, jetstream.BadNotifications, traffic.RepliesDropped,
    workers.ToolsMisbehave, workers.WorkerTerminated, servers.ServerTerminated, servers.UpkeepKilled, jetstream.LeaderKilled, cluster.NodesKilled,
    workers.ClockOff, postgres.MigrationMeanwhile, jetstream.StoreFull,
]
