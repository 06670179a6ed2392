// Keys of a spool in Redis; `<instance>` is one opening of it by one process, `<shard>` a number from 0:
//
//     matomo-spool:description          string  format and URL of Matomo
//     matomo-spool:visitor-key          string  the secret of visitor ids
//     matomo-spool:shards               string  how many shards there are
//     matomo-spool:hits:<shard>         stream  hits whose fate is open: p, the instance that made it, and h, its line
//     matomo-spool:sender:<shard>       string  the instance that sends; expires
//     matomo-spool:processes            zset    instances by when they were last heard of, milliseconds
//     matomo-spool:process:<instance>   hash    what it has stored, and what became of that
//     matomo-spool:bytes                string  what all lines take
//     matomo-spool:overlaps             string  hits of bulks that were under way when their lease passed on

/** Keys of which there is one. `hits`, `sender` and `process` are beginnings. */
export const REDIS_KEYS = {
  description: 'matomo-spool:description',
  visitorKey: 'matomo-spool:visitor-key',
  shards: 'matomo-spool:shards',
  hits: 'matomo-spool:hits:',
  sender: 'matomo-spool:sender:',
  processes: 'matomo-spool:processes',
  process: 'matomo-spool:process:',
  bytes: 'matomo-spool:bytes',
  overlaps: 'matomo-spool:overlaps',
} as const;

/** How long a process that is not heard of is taken to live. */
export const ALIVE_MILLIS = 10_000;
