import { BlockList, isIP } from '../../common/addresses.js';

/** Named ranges of Express. */
export const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Whether an address is in one of some ranges.
 *
 * @throws An error whose message is the item of the list that is no address, CIDR or name.
 */
export function createIsInRanges(ranges: readonly string[]): (address: string) => boolean {
  const blocks = new BlockList();
  for (const range of ranges.flatMap((name) => NAMED_RANGES[name] ?? [name])) {
    const [address = '', prefix, ...rest] = range.split('/');
    // Not `isIP`: its first call compiles regular expressions, which takes a quarter of the time to load `register`.
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? undefined : Number(prefix || Number.NaN);
    if (address.endsWith('%') || rest.length > 0) throw new Error(range);
    try {
      if (bits === undefined) blocks.addAddress(address, family);
      else blocks.addSubnet(address, bits, family);
    } catch {
      throw new Error(range);
    }
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && blocks.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}
