-- runs-with: 9
-- A longest delay below the first one caps it too, as with every other delay: noetl.enqueue takes it, as HTTP does.
create or replace function noetl.retry_fault(place text, retry jsonb) returns text
language plpgsql immutable parallel safe as $$
declare
  known constant text[] := '{backoff,initial_delay,multiplier,max_delay,jitter}';
begin
  if jsonb_typeof(retry) = 'null' then return null; end if;
  if jsonb_typeof(retry) <> 'object' then
    return format('''%sretry'' must be an object, found %s', place, noetl.shown_value(retry));
  end if;
  place := place || 'retry/';
  return coalesce(
    case when retry - known <> '{}' then noetl.unknown_fault(place, retry, known) end,
    case when retry ? 'backoff' then noetl.text_fault(place, 'backoff', retry, '^(none|fixed|linear|exponential)$',
      'one of none, fixed, linear, exponential') end,
    case when retry ? 'initial_delay' then noetl.number_fault(place, 'initial_delay', retry, 0, 2592000, false) end,
    case when retry ? 'multiplier' then noetl.number_fault(place, 'multiplier', retry, 1, 100, false) end,
    case when retry ? 'max_delay' then noetl.number_fault(place, 'max_delay', retry, 0, 2592000, false) end,
    case when jsonb_typeof(retry -> 'jitter') not in ('null', 'boolean') then
      format('''%sjitter'' must be true or false, found %s', place, noetl.shown_value(retry -> 'jitter')) end);
end $$;

-- The pages have moved.
comment on function noetl.enqueue is 'Enqueues one plain command in this transaction; gives its queue_id. docs/guides/enqueue-from-sql.md';
comment on function noetl.enqueue_many is 'Enqueues plain commands in this transaction, as POST /api/v2/commands takes them; gives their queue_ids in their order. docs/guides/enqueue-from-sql.md';
comment on function noetl.allow_enqueue is 'Lets a role enqueue these kinds of tools into these pools by SQL; run by the owner of the schema. docs/guides/enqueue-from-sql.md';
comment on function noetl.revoke_enqueue is 'Takes from a role what noetl.allow_enqueue gave it. docs/guides/enqueue-from-sql.md';
comment on view noetl.event_history is 'What happened: rows of noetl.event, and successes of plain commands. docs/internals/decisions/0027';
