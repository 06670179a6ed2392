import type { Volume } from 'memfs';
import { sumOfCounters } from '../../src/delivery/queue/counters.js';
import {
  type Acknowledgment,
  nothingAcknowledged,
} from '../../src/delivery/spool/file/acknowledgments.js';

/** Names of the hits in a spool about which nothing decided is there. */
export function unsettledHits(volume: Volume, folder: string): Set<string> {
  const open = new Set<string>();
  const files = volume.readdirSync(folder) as string[];
  for (const file of files) {
    if (!file.endsWith('.hits')) continue;
    const acknowledgments = files
      .filter((name) => name.startsWith(file.replace('hits', '')) && name.endsWith('.ack'))
      .flatMap((name) => read(volume, `${folder}/${name}`).split('\n').flatMap(parse))
      .toSorted((a, b) => sumOfCounters(b.counts) - sumOfCounters(a.counts));
    const { offset, beyond } = acknowledgments[0] ?? nothingAcknowledged();
    let position = 0;
    for (const line of read(volume, `${folder}/${file}`).split('\n')) {
      const name = /\?h=([^\s&]+)\S*$/.exec(line)?.[1];
      if (name && position >= offset && !beyond.includes(position)) open.add(name);
      position += line.length + 1;
    }
  }
  return open;
}

/** None if a line is unfinished. */
function parse(line: string): Acknowledgment[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

function read(volume: Volume, path: string): string {
  return volume.readFileSync(path, 'latin1') as string;
}
