import { builtin } from './unhooked.js';

export const { BlockList, isIP, isIPv4 } = builtin('node:net');
// Node.js 20 and 22 compile an expression with the first call, which takes milliseconds: not while requests are served.
isIP('::1');
export type BlockList = InstanceType<typeof BlockList>;
