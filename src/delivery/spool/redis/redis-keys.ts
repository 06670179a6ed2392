// Keys of a spool in Redis. `<instance>` is a journal of one process, `<origin>` that of a dead process which it took over:
//
//     matomo-spool:description               string  format and URL of Matomo
//     matomo-spool:visitor-key               string  secret of visitor IDs
//     matomo-spool:visitor-key:<day>         string  secret of one UTC day, counted from 1970, with visitorKey: 'daily'; expires
//     matomo-spool:bytes                     string  bytes of all lines
//     matomo-spool:instances                 hash    JSON about each process: its host, whether it has a token or has ended
//     matomo-spool:alive:<instance>          string  expires if the process does not renew it
//     matomo-spool:streams:<instance>        set     the streams of a process
//     matomo-spool:hits:<instance>           stream  its hits without a result: h, the line
//     matomo-spool:hits:<instance>:<origin>  stream  hits that it took over

/** Key names. `hits`, `streams`, `alive` and `dailyKey` are prefixes. */
export const REDIS_KEYS = {
  description: 'matomo-spool:description',
  visitorKey: 'matomo-spool:visitor-key',
  dailyKey: 'matomo-spool:visitor-key:',
  bytes: 'matomo-spool:bytes',
  instances: 'matomo-spool:instances',
  alive: 'matomo-spool:alive:',
  streams: 'matomo-spool:streams:',
  hits: 'matomo-spool:hits:',
} as const;
