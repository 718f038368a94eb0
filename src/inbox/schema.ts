import type { DatabaseKind } from "../sqlite/migrate.ts";

const migrations = [
  `
create table deliveries (
  number integer primary key not null,
  id text not null,
  received_at integer not null,
  provider text,
  event text,
  delivery_id text,
  verified integer,
  code text,
  cause text,
  accepted integer not null,
  duplicate integer not null,
  failed integer not null,
  method text not null,
  target text not null,
  bytes integer not null,
  status integer not null,
  duration_ms real not null,
  replays integer not null,
  stored integer not null
) strict;
create index deliveries_failed on deliveries (number) where failed = 1;
create index deliveries_unverified on deliveries (number) where verified is not 1;

-- Apart, so that a search among deliveries does not read through their bodies.
create table contents (
  number integer primary key not null,
  headers text not null,
  body blob,
  findings text,
  secrets text
) strict;

create table attempts (
  number integer not null,
  seq integer not null,
  kind text not null,
  url text not null,
  route text,
  started_at integer not null,
  duration_ms real not null,
  ok integer not null,
  status integer,
  error text,
  message text,
  headers text not null,
  answer blob not null,
  answer_bytes integer not null,
  primary key (number, seq)
) strict, without rowid;

create table state (
  one integer primary key not null check (one = 1),
  last integer not null,
  count integer not null,
  bytes integer not null,
  edits integer not null
) strict;
insert into state values (1, 0, 0, 0, 0);

create table limits (
  name text primary key not null,
  value integer not null
) strict;
`,
];

/** The database of an inbox; its application id reads "hkin" in a file's header. */
export const inboxKind: DatabaseKind = { applicationId: 0x686b696e, migrations };
