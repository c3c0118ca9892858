-- Frames, loops and playbooks called as tools (docs/decisions/0010).

-- What the engine remembers from one command of a step's run to the next; null for a plain one.
alter table noetl.queue add column frame json;

-- The items of loops. Written once when the loop begins; each row gets its outcome when its iteration is over.
create table noetl.loop_item (
  execution_id bigint not null,
  loop         text   not null,          -- the engine's name of this visit of the looping step
  item_index   int    not null check (item_index >= 0),
  status       text   not null default 'pending' check (status in ('pending', 'completed', 'failed')),
  item         json   not null,
  result       json,
  check ((status = 'pending') = (result is null)),
  primary key (execution_id, loop, item_index)  -- serves loop_items and loop_results, which read it in order
) with (fillfactor = 70);

-- A playbook called as a tool: whom to tell when it has ended.
alter table noetl.execution
  add column depth          int     not null default 0 check (depth >= 0),
  add column parent_node_id text,
  add column parent_frame   json,
  add column return_step    text,
  add column is_parent_told boolean not null default true,
  add check (is_parent_told or (parent_execution_id is not null and parent_node_id is not null));
-- untold_children: executions whose caller waits for their end
create index execution_untold on noetl.execution (execution_id) where not is_parent_told;
