// What happens if many processes share one Matomo? A simulation in virtual time: nothing is sent, and the figures are the
// same on every machine.
//
//   node tools/bench/fleet.mjs [--processes 16] [--rate 400] [--visitors 2000] [--cores 2] [--seconds 300] [--outage 0]
//
// `--rate` is requests per second of the whole fleet, `--cores` the cores of Matomo's PHP and database, `--outage` for how many
// seconds Matomo is unavailable at the start.
import { parseArgs } from 'node:util';
import { table } from './lib/figures.mjs';
import { BULK_MILLIS, HIT_MILLIS } from './lib/fleet/matomo.mjs';
import { MODES, simulate } from './lib/fleet/simulate.mjs';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '16' },
    rate: { type: 'string', default: '400' },
    visitors: { type: 'string', default: '2000' },
    cores: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '300' },
    outage: { type: 'string', default: '0' },
  },
});
const [processes, perSecond, visitors, cores, seconds, outageSeconds] = [
  values.processes,
  values.rate,
  values.visitors,
  values.cores,
  values.seconds,
  values.outage,
].map(Number);

const most = (cores * 100_000) / (BULK_MILLIS + 100 * HIT_MILLIS);
console.log(
  `${processes} processes, ${perSecond} requests/s of ${visitors} visitors, Matomo with ${cores} cores: ${Math.round(most)} hits/s in bulks of 100.`,
);
console.log(
  `${seconds} seconds${outageSeconds > 0 ? `, Matomo is unavailable for the first ${outageSeconds}` : ''}.\n`,
);

const rows = Object.keys(MODES).map((mode) => {
  const found = simulate({ mode, processes, perSecond, visitors, cores, seconds, outageSeconds });
  return [
    mode,
    found.inFlight.toFixed(1),
    found.medianSeconds.toFixed(1),
    found.p99Seconds.toFixed(1),
    String(found.backlog),
    `${(100 * found.besideOthers).toFixed(1)} %`,
    String(found.deadlocks),
    String(found.lost),
    ...(outageSeconds > 0 ? [found.drainedSeconds?.toFixed(0) ?? 'not yet'] : []),
  ];
});
const heads = [
  'the processes send',
  'bulks in flight',
  'delay: median s',
  'p99 s',
  'pending at the end',
  'visitor in 2 bulks',
  'deadlocks',
  'lost',
  ...(outageSeconds > 0 ? ['caught up after s'] : []),
];
console.log(table([heads, ...rows]));
