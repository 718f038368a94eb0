import type { DatabaseKind } from "../../sqlite/migrate.ts";

const migrations = [
  `
create table accounts (
  id text primary key not null,
  name text not null unique,
  created_at integer not null
) strict;

create table keys (
  account_id text not null references accounts (id),
  id text not null,
  name text not null,
  hash blob not null unique,
  hint text not null,
  provider text,
  scopes text not null,
  created_at integer not null,
  created_by text,
  expires_at integer,
  replaces text,
  replaced_by text,
  grace_ends_at integer,
  revoked_at integer,
  last_used_at integer,
  last_used_address text,
  primary key (account_id, id)
) strict;

create table endpoints (
  account_id text not null references accounts (id),
  id text not null,
  url text not null,
  provider text not null,
  events text not null,
  description text,
  disabled_at integer,
  disabled_reason text,
  created_at integer not null,
  deleted_at integer,
  secret_hint text,
  secret blob,
  previous_secret blob,
  previous_until integer,
  primary key (account_id, id)
) strict;
create index endpoints_kept on endpoints (account_id, id) where deleted_at is null;
create index endpoints_by_provider on endpoints (account_id, provider, id) where deleted_at is null;

create table activity (
  account_id text not null references accounts (id),
  id text not null,
  at integer not null,
  last_at integer not null,
  count integer not null,
  action text not null,
  actor_kind text not null,
  actor_key_id text,
  actor_name text,
  address text,
  subject_id text,
  subject_name text,
  detail text not null,
  repeats text,
  primary key (account_id, id),
  unique (account_id, repeats)
) strict;
create index activity_by_action on activity (account_id, action, id);
create index activity_by_actor on activity (account_id, actor_key_id, id);
create index activity_by_subject on activity (account_id, subject_id, id);
create index activity_by_time on activity (account_id, at);

create table answers (
  account_id text not null references accounts (id),
  caller text not null,
  idempotency_key text not null,
  request blob not null,
  status integer not null,
  body blob not null,
  created_at integer not null,
  primary key (account_id, caller, idempotency_key)
) strict;
create index answers_by_time on answers (account_id, created_at);

create table settings (
  name text primary key not null,
  value blob not null
) strict;
`,
  `
alter table endpoints add column failures integer not null default 0;

create table events (
  account_id text not null references accounts (id),
  id text not null,
  provider text not null,
  type text not null,
  message_id text not null,
  created_at integer not null,
  payload blob not null,
  primary key (account_id, id)
) strict;
create index events_by_type on events (account_id, type, id);
create index events_by_provider on events (account_id, provider, id);

create table deliveries (
  account_id text not null,
  id text not null,
  event_id text not null,
  endpoint_id text not null,
  provider text not null,
  event_type text not null,
  status text not null,
  attempts_made integer not null,
  automatic_made integer not null,
  created_at integer not null,
  due_at integer,
  scheduled_at integer,
  is_manual integer not null,
  has_succeeded integer not null,
  worker text,
  changed integer not null,
  primary key (account_id, id),
  foreign key (account_id, event_id) references events (account_id, id)
) strict, without rowid;
-- Most succeed, and at once: what is listed of these goes by the primary key.
create index deliveries_open on deliveries (account_id, status, id)
  where status in ('pending', 'failed', 'cancelled');
create index deliveries_open_by_endpoint on deliveries (account_id, endpoint_id, status, id)
  where status in ('pending', 'failed', 'cancelled');
create index deliveries_open_by_type on deliveries (account_id, event_type, status, id)
  where status in ('pending', 'failed', 'cancelled');
create index deliveries_by_endpoint on deliveries (account_id, endpoint_id, id);
create index deliveries_by_event on deliveries (account_id, event_id, id);
create index deliveries_by_type on deliveries (account_id, event_type, id);
create unique index deliveries_by_change on deliveries (account_id, changed);
create index deliveries_pending on deliveries (account_id, endpoint_id, due_at) where status = 'pending';
create index deliveries_due on deliveries (due_at) where status = 'pending';
create index deliveries_sending on deliveries (worker) where status = 'sending';

create table attempts (
  account_id text not null,
  delivery_id text not null,
  number integer not null,
  kind text not null,
  started_at integer not null,
  duration_ms real not null,
  status integer,
  error text,
  message text,
  answer_bytes integer,
  answer blob,
  primary key (account_id, delivery_id, number)
) strict, without rowid;

create table workers (
  id text primary key not null,
  until integer not null
) strict;
`,
];

/** The database of a control plane; its application id reads "hkcp" in a file's header. */
export const controlPlane: DatabaseKind = { applicationId: 0x686b6370, migrations };
