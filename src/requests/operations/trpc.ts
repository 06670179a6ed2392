import { toTitlePath } from '../../hit/page/page-path.js';
import { evidenceOf, type OperationAdapter, toName } from './operation-adapter.js';

const BATCH = /(?:^|&)batch=1(?:&|$)/;

/**
 * tRPC, whose procedures are the last segment of the path: `/trpc/user.byId`, or several in a batch. Without a `trpc` segment,
 * only the parameter of a batch shows it, together with the type of the response.
 */
export const trpcAdapter: OperationAdapter = {
  kind: 'trpc',
  attributes: [],
  readTarget(target) {
    const { path, query, route } = target;
    const isBatch = query !== undefined && route === undefined && BATCH.test(query);
    if (!isBatch && !path.includes('/trpc/')) return undefined; // nearly all requests
    const slash = path.lastIndexOf('/');
    const isBelowTrpc = path.endsWith('/trpc', slash);
    if (!isBelowTrpc && !(isBatch && evidenceOf(target, 'trpc') !== 'none')) return undefined;
    const procedures = path.slice(slash + 1);
    const comma = procedures.indexOf(',');
    const first = toName(comma < 0 ? procedures : procedures.slice(0, comma));
    // A segment that titles replace, such as an ID, is no procedure.
    if (first === undefined || toTitlePath(first) !== first) return undefined;
    return { name: first, count: comma < 0 ? 1 : countCommas(procedures) + 1 };
  },
};

function countCommas(text: string): number {
  let count = 0;
  for (let i = text.indexOf(','); i >= 0; i = text.indexOf(',', i + 1)) count += 1;
  return count;
}
