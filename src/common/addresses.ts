import { builtin } from './unhooked.js';

export const { BlockList, isIPv4 } = builtin('node:net');
export type BlockList = InstanceType<typeof BlockList>;

const MAYBE_IPV6 = /^([\da-f:.]+)(?:%[\da-z.:-]+)?$/i;

/**
 * The version of an IP address, or 0. Replaces `isIP`, which compiles a large
 * regular expression in Node.js 20 and 22 for the first IPv6 address.
 */
export function isIP(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  const address = MAYBE_IPV6.exec(text)?.[1];
  return address !== undefined && URL.canParse(`http://[${address}]`) ? 6 : 0;
}
