/** The known name with the smallest edit distance to `name`, at most `maxDistance`; `undefined` if there is none. */
export function nearestName(
  name: string,
  known: Iterable<string>,
  maxDistance: number = Math.floor(name.length / 3),
): string | undefined {
  const plain = name.toLowerCase();
  let nearest: string | undefined;
  let least = maxDistance + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - plain.length) >= least) continue; // its distance cannot be smaller
    const distance = editDistance(plain, candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Number of letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
