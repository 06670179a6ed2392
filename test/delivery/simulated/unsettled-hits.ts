import type { Volume } from 'memfs';

/** Names of the hits in a journal, and in those inside of it, that are not marked as decided. */
export function unsettledHits(volume: Volume, folder: string): Set<string> {
  const open = new Set<string>();
  for (const file of volume.readdirSync(folder) as string[]) {
    const path = `${folder}/${file}`;
    if (volume.statSync(path).isDirectory()) {
      for (const name of unsettledHits(volume, path)) open.add(name);
    }
    if (!file.endsWith('.hits')) continue;
    const ranges = [...read(volume, path.replace(/hits$/, 'done')).matchAll(/^(\d+)-(\d+)$/gm)];
    const isDone = (position: number) =>
      ranges.some(([, from, to]) => Number(from) <= position && position < Number(to));
    let position = 0;
    for (const line of read(volume, path).split('\n')) {
      const name = /\?h=([^\s&]+)\S*$/.exec(line)?.[1];
      if (name && !isDone(position)) open.add(name);
      position += line.length + 1;
    }
  }
  return open;
}

function read(volume: Volume, path: string): string {
  return volume.existsSync(path) ? (volume.readFileSync(path, 'latin1') as string) : '';
}
