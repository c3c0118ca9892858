import os

from noetl_client import AuthenticatedClient
from noetl_client.api.commands import claim_commands, enqueue_commands, get_command
from noetl_client.api.dead import list_dead
from noetl_client.api.events import report_events
from noetl_client.api.executions import execute, get_execution, list_executions
from noetl_client.api.operations import health
from noetl_client.api.pools import list_pool_rules
from noetl_client.api.workers import register_worker
from noetl_client.models import (
    AnyObject, AttemptEndName, AttemptPayload, ClaimAnswer, ClaimRequest, DeadGroups, DeadLetters, EnqueuedCommand, EnqueuedCommands,
    ErrorCode, ExecuteAnswer, ExecuteRequest, Execution, ExecutionList, Health, LoneAttemptEnd, NewCommand, NewCommands, PoolRulesList,
    Problem, RegistrationAnswer, ReportAnswer, ToolCall, ToolErrorInput, WorkerRegistration,
)

noetl = AuthenticatedClient(
    base_url=os.environ.get("NOETL_SERVER_URL", "http://127.0.0.1:8082"), token=os.environ.get("NOETL_TOKEN", "none"))

started = execute.sync(client=noetl, body=ExecuteRequest(path="clients/hello", payload=AnyObject.from_dict({"message": "hi"})))
assert isinstance(started, ExecuteAnswer), started
execution = get_execution.sync(started.execution_id, client=noetl)
assert isinstance(execution, Execution), execution
print(execution.status, execution.is_paused, execution.workload["message"])
executions = list_executions.sync(client=noetl, limit=10)
assert isinstance(executions, ExecutionList), executions

noop = ToolCall(kind="noop")
one = enqueue_commands.sync(client=noetl, body=NewCommand(tool=noop, pool="clients", input_=AnyObject.from_dict({"order": 17})))
assert isinstance(one, EnqueuedCommand), one
many = enqueue_commands.sync(client=noetl, body=NewCommands(commands=[NewCommand(tool=noop, pool="clients")]))
assert isinstance(many, EnqueuedCommands), many
print(one.status, many.count, many.queue_ids)

worker = "clients-python"
registered = register_worker.sync(client=noetl, body=WorkerRegistration(worker_id=worker, pool="clients", slots=2, tools=["noop"]))
assert isinstance(registered, RegistrationAnswer), registered
claimed = claim_commands.sync(client=noetl, body=ClaimRequest(worker_id=worker, pool="clients", slots=2))
assert isinstance(claimed, ClaimAnswer), claimed
for command in claimed.commands:
    failed = ToolErrorInput(kind="auth", message="no login", retryable=False)
    report = report_events.sync(client=noetl, body=LoneAttemptEnd(
        worker_id=worker, queue_id=command.queue_id, epoch=command.epoch, name=AttemptEndName.COMMAND_FAILED,
        payload=AttemptPayload(error=failed)))
    assert isinstance(report, ReportAnswer), report

letters = list_dead.sync(client=noetl, pool="clients")
assert isinstance(letters, DeadLetters), letters
groups = list_dead.sync(client=noetl, group=True)
assert isinstance(groups, DeadGroups), groups
print([letter.error_kind for letter in letters.letters], [group.count for group in groups.groups])

pools = list_pool_rules.sync(client=noetl)
assert isinstance(pools, PoolRulesList), pools
state = health.sync(client=noetl)
assert isinstance(state, Health), state
nothing = get_command.sync("1", client=noetl)
assert isinstance(nothing, Problem) and nothing.code == ErrorCode.NOT_FOUND, nothing
