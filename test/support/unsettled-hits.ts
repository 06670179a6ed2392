import type { Volume } from 'memfs';

/** Names of the hits in a spool about which nothing decided is there. */
export function unsettledHits(volume: Volume, folder: string): Set<string> {
  const open = new Set<string>();
  for (const file of volume.readdirSync(folder) as string[]) {
    if (!file.endsWith('.hits')) continue;
    const { offset, beyond } = readSettlement(volume, `${folder}/${file}`);
    let position = 0;
    for (const line of read(volume, `${folder}/${file}`).split('\n')) {
      const name = /\?h=(\S+)$/.exec(line)?.[1];
      if (name && position >= offset && !beyond.includes(position)) open.add(name);
      position += line.length + 1;
    }
  }
  return open;
}

function readSettlement(volume: Volume, segment: string): { offset: number; beyond: number[] } {
  const path = segment.replace('.hits', '.settled');
  return volume.existsSync(path) ? JSON.parse(read(volume, path)) : { offset: 0, beyond: [] };
}

function read(volume: Volume, path: string): string {
  return volume.readFileSync(path, 'latin1') as string;
}
