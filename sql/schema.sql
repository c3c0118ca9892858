-- Made from sql/migrations by NOETL_REWRITE_SCHEMA=1 ./dev test schema; do not edit.
CREATE SCHEMA noetl;
CREATE FUNCTION noetl.pause_shift() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '8760000:00:00'::interval;
CREATE FUNCTION noetl.rfc3339(moment timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char((moment AT TIME ZONE 'utc'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);
CREATE TABLE noetl.catalog (
    catalog_id bigint NOT NULL,
    path text NOT NULL,
    version integer NOT NULL,
    kind text DEFAULT 'Playbook'::text NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    checksum text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT catalog_checksum_check CHECK ((length(checksum) = 64)),
    CONSTRAINT catalog_path_check CHECK (((length(path) >= 1) AND (length(path) <= 512))),
    CONSTRAINT catalog_version_check CHECK ((version > 0))
);
CREATE TABLE noetl.claim (
    worker_id text NOT NULL,
    claim_id bigint NOT NULL,
    queue_ids bigint[] NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE noetl.credential (
    credential_id bigint NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    meta json DEFAULT '{}'::json NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT credential_name_check CHECK ((name ~ '^[A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}$'::text)),
    CONSTRAINT credential_type_check CHECK (((length(type) >= 1) AND (length(type) <= 64)))
);
CREATE TABLE noetl.dead_letter (
    queue_id bigint NOT NULL,
    pool text NOT NULL,
    tool_kind text NOT NULL,
    error_kind text NOT NULL,
    error json NOT NULL,
    attempts integer NOT NULL,
    died_at timestamp with time zone DEFAULT now() NOT NULL,
    fingerprint text DEFAULT ''::text NOT NULL,
    redriven_as bigint,
    closed_at timestamp with time zone,
    CONSTRAINT dead_letter_check CHECK (((redriven_as IS NULL) OR (closed_at IS NOT NULL)))
);
CREATE TABLE noetl.event (
    event_id bigint NOT NULL,
    execution_id bigint,
    queue_id bigint,
    event_type text NOT NULL,
    step text,
    node_id text,
    epoch integer,
    status text,
    payload json,
    meta json,
    worker_id text,
    claimed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE TABLE noetl.execution (
    execution_id bigint NOT NULL,
    catalog_id bigint NOT NULL,
    path text NOT NULL,
    version integer NOT NULL,
    parent_execution_id bigint,
    status text DEFAULT 'running'::text NOT NULL,
    outstanding integer NOT NULL,
    current_step text,
    state json NOT NULL,
    workload json NOT NULL,
    result json,
    error json,
    idempotency_key text,
    traceparent text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    depth integer DEFAULT 0 NOT NULL,
    parent_node_id text,
    parent_frame json,
    return_step text,
    is_parent_told boolean DEFAULT true NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    deadline_at timestamp with time zone,
    rerun_of bigint,
    CONSTRAINT execution_check CHECK (((status = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT execution_check1 CHECK (((status = 'running'::text) OR (outstanding = 0))),
    CONSTRAINT execution_check2 CHECK (((status <> 'running'::text) OR (outstanding > 0))),
    CONSTRAINT execution_check3 CHECK ((is_parent_told OR ((parent_execution_id IS NOT NULL) AND (parent_node_id IS NOT NULL)))),
    CONSTRAINT execution_depth_check CHECK ((depth >= 0)),
    CONSTRAINT execution_outstanding_check CHECK ((outstanding >= 0)),
    CONSTRAINT execution_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE TABLE noetl.keychain (
    catalog_id bigint NOT NULL,
    name text NOT NULL,
    execution_id bigint DEFAULT 0 NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT keychain_name_check CHECK ((name ~ '^[A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}$'::text))
);
CREATE TABLE noetl.loop_item (
    execution_id bigint NOT NULL,
    loop text NOT NULL,
    item_index integer NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    item json NOT NULL,
    result json,
    CONSTRAINT loop_item_check CHECK (((status = 'pending'::text) = (result IS NULL))),
    CONSTRAINT loop_item_item_index_check CHECK ((item_index >= 0)),
    CONSTRAINT loop_item_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'completed'::text, 'failed'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE SEQUENCE noetl.node_id
    AS integer
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 1023
    CACHE 1
    CYCLE;
CREATE TABLE noetl.pool (
    pool text NOT NULL,
    max_attempts integer,
    retry json,
    is_paused boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pool_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 1000))),
    CONSTRAINT pool_pool_check CHECK ((pool ~ '^[A-Za-z0-9_-]{1,64}$'::text))
);
CREATE TABLE noetl.queue (
    queue_id bigint NOT NULL,
    execution_id bigint,
    node_id text,
    step text NOT NULL,
    tool_kind text NOT NULL,
    pool text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    epoch integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer NOT NULL,
    timeout_ms bigint DEFAULT 0 NOT NULL,
    available_at timestamp with time zone,
    cancel_requested boolean DEFAULT false NOT NULL,
    worker_id text,
    context json NOT NULL,
    result json,
    error json,
    idempotency_key text,
    traceparent text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed_at timestamp with time zone,
    finished_at timestamp with time zone,
    frame json,
    retry json,
    redriven_from bigint,
    CONSTRAINT queue_check CHECK (((attempts >= 0) AND (attempts <= max_attempts))),
    CONSTRAINT queue_check1 CHECK ((epoch >= attempts)),
    CONSTRAINT queue_check2 CHECK (((status <> 'queued'::text) OR (attempts < max_attempts))),
    CONSTRAINT queue_check3 CHECK (((status <> 'running'::text) OR ((worker_id IS NOT NULL) AND (claimed_at IS NOT NULL)))),
    CONSTRAINT queue_check4 CHECK (((status = ANY (ARRAY['queued'::text, 'running'::text])) = (finished_at IS NULL))),
    CONSTRAINT queue_check5 CHECK (((execution_id IS NULL) = (node_id IS NULL))),
    CONSTRAINT queue_epoch_check CHECK ((epoch >= 0)),
    CONSTRAINT queue_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 1000))),
    CONSTRAINT queue_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text]))),
    CONSTRAINT queue_timeout_ms_check CHECK ((timeout_ms >= 0))
)
WITH (fillfactor='60', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE VIEW noetl.open_due_pool AS
 WITH RECURSIVE found AS (
        ( SELECT queue.pool
           FROM noetl.queue
          WHERE (queue.available_at IS NOT NULL)
          ORDER BY queue.pool
         LIMIT 1)
        UNION ALL
         SELECT ( SELECT q.pool
                   FROM noetl.queue q
                  WHERE ((q.available_at IS NOT NULL) AND (q.pool > f.pool))
                  ORDER BY q.pool
                 LIMIT 1) AS pool
           FROM found f
          WHERE (f.pool IS NOT NULL)
        )
 SELECT found.pool
   FROM found
  WHERE ((found.pool IS NOT NULL) AND (found.pool <> ALL (ARRAY( SELECT p.pool
           FROM noetl.pool p
          WHERE p.is_paused))));
CREATE TABLE noetl.queue_change (
    pool text NOT NULL,
    status text NOT NULL,
    change bigint NOT NULL
);
CREATE TABLE noetl.queue_depth (
    pool text NOT NULL,
    status text NOT NULL,
    count bigint NOT NULL
);
CREATE TABLE noetl.result (
    result_id bigint NOT NULL,
    execution_id bigint NOT NULL,
    step text NOT NULL,
    value json NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_threshold='1000');
CREATE TABLE noetl.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE noetl.variable (
    execution_id bigint NOT NULL,
    name text NOT NULL,
    var_type text NOT NULL,
    source_step text DEFAULT ''::text NOT NULL,
    access_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    accessed_at timestamp with time zone,
    CONSTRAINT variable_access_count_check CHECK ((access_count >= 0)),
    CONSTRAINT variable_var_type_check CHECK ((var_type = ANY (ARRAY['user_defined'::text, 'step_result'::text, 'computed'::text, 'iterator_state'::text])))
);
CREATE TABLE noetl.worker (
    worker_id text NOT NULL,
    pool text NOT NULL,
    hostname text NOT NULL,
    pid bigint NOT NULL,
    slots integer NOT NULL,
    version text NOT NULL,
    tools text[] NOT NULL,
    labels json NOT NULL,
    status text DEFAULT 'ready'::text NOT NULL,
    should_drain boolean DEFAULT false NOT NULL,
    running integer DEFAULT 0 NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    CONSTRAINT worker_slots_check CHECK ((slots > 0)),
    CONSTRAINT worker_status_check CHECK ((status = ANY (ARRAY['ready'::text, 'draining'::text, 'stopped'::text, 'lost'::text]))),
    CONSTRAINT worker_worker_id_check CHECK ((worker_id ~ '^[A-Za-z0-9._-]{1,128}$'::text))
)
WITH (fillfactor='50');
ALTER TABLE ONLY noetl.catalog
    ADD CONSTRAINT catalog_path_version_key UNIQUE (path, version);
ALTER TABLE ONLY noetl.catalog
    ADD CONSTRAINT catalog_pkey PRIMARY KEY (catalog_id);
ALTER TABLE ONLY noetl.claim
    ADD CONSTRAINT claim_pkey PRIMARY KEY (worker_id, claim_id);
ALTER TABLE ONLY noetl.credential
    ADD CONSTRAINT credential_name_key UNIQUE (name);
ALTER TABLE ONLY noetl.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (credential_id);
ALTER TABLE ONLY noetl.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (queue_id);
ALTER TABLE ONLY noetl.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY noetl.execution
    ADD CONSTRAINT execution_pkey PRIMARY KEY (execution_id);
ALTER TABLE ONLY noetl.keychain
    ADD CONSTRAINT keychain_pkey PRIMARY KEY (catalog_id, name, execution_id);
ALTER TABLE ONLY noetl.loop_item
    ADD CONSTRAINT loop_item_pkey PRIMARY KEY (execution_id, loop, item_index);
ALTER TABLE ONLY noetl.pool
    ADD CONSTRAINT pool_pkey PRIMARY KEY (pool);
ALTER TABLE ONLY noetl.queue_depth
    ADD CONSTRAINT queue_depth_pkey PRIMARY KEY (pool, status);
ALTER TABLE ONLY noetl.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (queue_id);
ALTER TABLE ONLY noetl.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (result_id);
ALTER TABLE ONLY noetl.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);
ALTER TABLE ONLY noetl.variable
    ADD CONSTRAINT variable_pkey PRIMARY KEY (execution_id, name);
ALTER TABLE ONLY noetl.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (worker_id);
CREATE INDEX dead_letter_fingerprint ON noetl.dead_letter USING btree (fingerprint, queue_id);
CREATE INDEX event_execution ON noetl.event USING btree (execution_id, event_id) WHERE (execution_id IS NOT NULL);
CREATE INDEX execution_deadline ON noetl.execution USING btree (deadline_at) WHERE (deadline_at IS NOT NULL);
CREATE UNIQUE INDEX execution_idempotency_key ON noetl.execution USING btree (idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX execution_parent ON noetl.execution USING btree (parent_execution_id) WHERE (parent_execution_id IS NOT NULL);
CREATE INDEX execution_rerun_of ON noetl.execution USING btree (rerun_of) WHERE (rerun_of IS NOT NULL);
CREATE INDEX execution_untold ON noetl.execution USING btree (execution_id) WHERE (NOT is_parent_told);
CREATE INDEX keychain_execution ON noetl.keychain USING btree (execution_id) WHERE (execution_id <> 0);
CREATE INDEX keychain_expires_at ON noetl.keychain USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE UNIQUE INDEX queue_idempotency_key ON noetl.queue USING btree (idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX queue_node ON noetl.queue USING btree (execution_id, node_id) WHERE (execution_id IS NOT NULL);
CREATE INDEX queue_pool_available_at ON noetl.queue USING btree (pool, available_at, queue_id) WHERE (available_at IS NOT NULL);
CREATE UNIQUE INDEX queue_redriven_from ON noetl.queue USING btree (redriven_from) WHERE (redriven_from IS NOT NULL);
CREATE INDEX result_execution ON noetl.result USING btree (execution_id);
ALTER TABLE ONLY noetl.execution
    ADD CONSTRAINT execution_catalog_id_fkey FOREIGN KEY (catalog_id) REFERENCES noetl.catalog(catalog_id);
ALTER TABLE ONLY noetl.keychain
    ADD CONSTRAINT keychain_catalog_id_fkey FOREIGN KEY (catalog_id) REFERENCES noetl.catalog(catalog_id);
