// Hits to a sink, as fast as it takes them: `deliver.mjs <way> <url of the sink>`. Sends hits a second and CPU
// microseconds a hit, the best of several times: others use the machine too.
import { DELIVERIES } from './deliveries.mjs';

/** V8 goes on compiling what runs once for a bulk until thousands have been sent. */
const WARM_UP_MILLIS = 4000;
const MEASURED_MILLIS = 3000;
const [way, url] = process.argv.slice(2);

// From the beginning: it keeps the process alive, which the sockets of the transport do not.
process.on('disconnect', () => process.exit());
const deliver = await DELIVERIES[way](url);

const warm = performance.now() + WARM_UP_MILLIS;
while (performance.now() < warm) await deliver();
const best = { perSecond: 0, micros: Number.POSITIVE_INFINITY };
for (const end = performance.now() + MEASURED_MILLIS; performance.now() < end; ) {
  const begunCpu = process.cpuUsage();
  const begun = performance.now();
  const hits = await deliver();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(begunCpu);
  best.perSecond = Math.max(best.perSecond, hits / seconds);
  best.micros = Math.min(best.micros, (user + system) / hits);
}

process.send(best);
