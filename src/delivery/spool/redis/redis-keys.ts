// Keys of a spool in Redis. `<instance>` is a spool that one process has opened, `<shard>` a number from 0:
//
//     matomo-spool:description          string  format and URL of Matomo
//     matomo-spool:visitor-key          string  secret of visitor IDs
//     matomo-spool:visitor-key:<day>    string  secret of one UTC day, counted from 1970, with visitorKey: 'daily'; expires
//     matomo-spool:token                string  fingerprint of the token with which hits were last tracked
//     matomo-spool:shards               string  number of shards
//     matomo-spool:hits:<shard>         stream  hits without a result: p, the instance that made it, and h, its line
//     matomo-spool:sender:<shard>       string  instance that holds the lease; expires
//     matomo-spool:lease-numbers        hash    how often the lease of each shard was acquired
//     matomo-spool:processes            zset    instances by the time of their last heartbeat, milliseconds
//     matomo-spool:process:<instance>   hash    number of stored hits, and their results
//     matomo-spool:bytes                string  bytes of all lines
//     matomo-spool:overlaps             string  hits of bulks that were being sent when their lease was lost

/** Key names. `hits`, `sender`, `process` and `dailyKey` are prefixes. */
export const REDIS_KEYS = {
  description: 'matomo-spool:description',
  visitorKey: 'matomo-spool:visitor-key',
  dailyKey: 'matomo-spool:visitor-key:',
  token: 'matomo-spool:token',
  shards: 'matomo-spool:shards',
  hits: 'matomo-spool:hits:',
  sender: 'matomo-spool:sender:',
  leaseNumbers: 'matomo-spool:lease-numbers',
  processes: 'matomo-spool:processes',
  process: 'matomo-spool:process:',
  bytes: 'matomo-spool:bytes',
  overlaps: 'matomo-spool:overlaps',
} as const;

/** A process without a heartbeat for this long counts as ended. */
export const ALIVE_MILLIS = 10_000;
