// Hits to a sink, as fast as it takes them: `deliver.mjs <way> <url of the sink>`. Sends hits a second and CPU microseconds a hit.
import { DELIVERIES } from './deliveries.mjs';

const [way, url] = process.argv.slice(2);
const deliver = await DELIVERIES[way](url);

await deliver(); // for warming up
const begunCpu = process.cpuUsage();
const begun = performance.now();
const hits = await deliver();
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(begunCpu);

process.on('disconnect', () => process.exit());
process.send({ perSecond: hits / seconds, micros: (user + system) / hits });
