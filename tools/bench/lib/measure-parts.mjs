// One run of a script of `parts/` each, in a fresh process; what it sends is what was measured.
import { ask, start, stop } from './child-process.mjs';
import { load } from './load.mjs';

/** Nanoseconds and bytes of a child span, by task. */
export function measureChildSpan(quick) {
  const blocksAndPasses = quick ? ['40', '40'] : ['60', '60'];
  return only('child-span.mjs', blocksAndPasses, ['--expose-gc']);
}

/** Nanoseconds of a hit: of this package's, and concatenated by hand. */
export function measureHit(quick) {
  return only('hit.mjs', quick ? ['5', '20'] : ['9', '60']);
}

/** Milliseconds that loading adds, and the modules of undici that came with it. */
export function measureLoad(what) {
  return only('load.cjs', [what]);
}

/** Bytes that a request leaves in a server that has not sent anything yet. */
export async function measureHeld(way, requests) {
  const { child, ready: url } = await start(
    'http-server.mjs',
    [way, 'http://127.0.0.1:9', '0'], // nothing is sent
    ['--expose-gc'],
  );
  await load(url, 2000);
  const before = await ask(child, 'bytes');
  await load(url, requests);
  const bytes = (await ask(child, 'bytes')) - before;
  await stop(child);
  return bytes / requests;
}

export async function only(script, args, nodeOptions) {
  const { child, ready } = await start(script, args, nodeOptions);
  await stop(child);
  return ready;
}
