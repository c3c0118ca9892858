"""The rows of the failure matrix (docs/operations/failures.md), in its order: one class each, grouped by what the fault hits."""
from rows import doorbell, postgres, servers, traffic, workers

ROWS = [
    workers.WorkerKilled, workers.WorkerStopped, servers.KilledBeforePublish, servers.ServerKilled, doorbell.NatsStopped,
    doorbell.StreamDeleted, doorbell.ConsumerDeleted, doorbell.StoreWiped, postgres.PostgresRestarted,
    postgres.BackendsTerminated, postgres.PoolExhausted, postgres.SlowQuery, doorbell.BadNotifications, traffic.RepliesDropped,
    workers.ToolsMisbehave, workers.WorkerTerminated, servers.ServerTerminated, servers.UpkeepKilled, doorbell.LeaderKilled,
    workers.ClockOff, postgres.MigrationMeanwhile, doorbell.StoreFull,
]
