-- The property system's database, the same in every region: schema, and 1,200 properties whose every byte follows from
-- their number. Plain SQL, so that any client can run it once into an empty database.

-- seen: the version vector of every write that was merged into the row; written: the vector of the write whose value it
-- holds; stamp and stamp_region: that write's clock. Regions that are not named count 0, so the starting data belongs
-- to no region. version = 1 + the sum of seen.
CREATE TABLE properties (
  id            integer       PRIMARY KEY,
  price         numeric(11,2) NOT NULL CHECK (price >= 0),
  bedrooms      integer       NOT NULL,
  bathrooms     integer       NOT NULL,
  region_origin text          NOT NULL,
  version       integer       NOT NULL DEFAULT 1,
  updated_at    timestamptz   NOT NULL,
  seen          jsonb         NOT NULL DEFAULT '{}',
  written       jsonb         NOT NULL DEFAULT '{}',
  stamp         bigint        NOT NULL DEFAULT 0,
  stamp_region  text          NOT NULL DEFAULT '',
  request_id    text
) WITH (fillfactor = 70);

-- Events that were committed and are not published yet; written in the transaction of their row, deleted once they are
-- in the log.
CREATE TABLE outbox (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key   text NOT NULL,
  event json NOT NULL
);

-- Request ids that had an effect, here or in another region, for 24 hours.
CREATE TABLE requests (
  request_id  text        PRIMARY KEY,
  fingerprint text        NOT NULL,
  effect      json,
  created_at  timestamptz NOT NULL
);
CREATE INDEX requests_created_at ON requests (created_at);

-- pair: the two writes that met, so that one pair is recorded once.
CREATE TABLE conflicts (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind   text        NOT NULL CHECK (kind IN ('rejected', 'concurrent', 'duplicate-request')),
  key    integer     NOT NULL,
  region text        NOT NULL,
  at     timestamptz NOT NULL,
  rule   text        NOT NULL,
  winner json,
  loser  json,
  pair   text        UNIQUE
);
CREATE INDEX conflicts_at ON conflicts (at);

-- How far the log was applied, in the transaction that applied it.
CREATE TABLE consumed (
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  next_offset bigint,
  heard       jsonb NOT NULL DEFAULT '{}'
);
INSERT INTO consumed DEFAULT VALUES;

INSERT INTO properties (id, price, bedrooms, bathrooms, region_origin, updated_at)
SELECT id,
       100000 + (250000 + (id - 1) * 7919::bigint * 500) % 900000,
       1 + (id + 1) % 5,
       1 + id % 3,
       CASE id % 2 WHEN 1 THEN 'us' ELSE 'eu' END,
       timestamptz '2026-01-01 00:00:00+00'
FROM generate_series(1, 1200) AS id;

ANALYZE properties;
