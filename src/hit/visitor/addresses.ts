import { BlockList, isIP, isIPv4 } from '../../common/addresses.js';

/** The maximum length of an address with zone, brackets, quotes and port. */
const MAX_ADDRESS_LENGTH = 128;

/** Normalizes an address: removes port, brackets and zone, and writes IPv4 in its own notation; `undefined` if the text is not an address. */
export function plainAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  let address = text.trim();
  if (address.length > MAX_ADDRESS_LENGTH) return undefined;
  address = address.replace(/^"(.*)"$/, '$1');
  if (address.startsWith('[')) address = address.slice(1, Math.max(1, address.indexOf(']')));
  else if (/^[\d.]+:\d+$/.test(address)) address = address.slice(0, address.indexOf(':'));
  // A regular expression would search for the end again from each percent sign, which takes quadratic time.
  const zone = address.indexOf('%');
  if (zone >= 0) address = address.slice(0, zone);
  // A dual-stack socket reports IPv4 clients as ::ffff:192.0.2.1.
  address = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return isIP(address) ? address : undefined;
}

/** Named ranges of Express. */
export const NAMED_RANGES: ReadonlyMap<string, readonly string[]> = /* @__PURE__ */ new Map([
  ['loopback', ['127.0.0.1/8', '::1/128']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
]);

/**
 * Creates a function that tests whether an address is in one of the ranges.
 *
 * @throws An error whose message is the item of the list that is no address, CIDR, address with a netmask, or name.
 */
export function createIsInRanges(ranges: readonly string[]): (address: string) => boolean {
  const blocks = new BlockList();
  for (const range of ranges.flatMap((name) => NAMED_RANGES.get(name) ?? [name])) {
    const [address = '', prefix, ...rest] = range.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? undefined : toBits(prefix, family);
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

/** The number of bits of a prefix or a netmask; `NaN` if the text is neither. As in Express, only IPv4 has netmasks. */
function toBits(prefix: string, family: 'ipv4' | 'ipv6'): number {
  if (/^\d{1,3}$/.test(prefix)) return Number(prefix);
  if (family === 'ipv6' || !isIPv4(prefix)) return Number.NaN;
  const mask = prefix.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const bits = Math.clz32(~mask);
  // A mask is ones and then zeros. Without a one, it would match every address.
  return bits > 0 && mask === 2 ** 32 - 2 ** (32 - bits) ? bits : Number.NaN;
}

/** The number of bits of an IPv6 address that are kept. The index is `anonymizeIp`, the number of masked bytes of an IPv4 address (0 to 4). */
const IPV6_BITS = [128, 64, 48, 32, 0];

/** Masks an address like Matomo: sets the last `bytes` of IPv4 to 0; IPv6 keeps /64, /48, /32 or nothing. */
export function maskAddress(address: string, bytes: number): string {
  if (bytes === 0) return address;
  if (isIP(address) === 4) {
    const kept = address.split('.').slice(0, 4 - bytes);
    return [...kept, ...Array<string>(bytes).fill('0')].join('.');
  }
  const groups = maskEmbedded(expand(address), bytes).slice(0, (IPV6_BITS[bytes] as number) / 16);
  return groups.length === 0 ? '::' : `${groups.join(':')}::`;
}

const TEREDO = ['2001', '0', '0', '0'];

/**
 * Masks an IPv4 address within an IPv6 address. 6to4 has it behind the first group. Teredo has the address of a server there, so only the
 * prefix is kept. NAT64 and mapped addresses have it at the end, which is never kept.
 */
function maskEmbedded(groups: readonly string[], bytes: number): readonly string[] {
  const [first, high, low, ...others] = groups;
  if (numberOf(first) === 0x2001 && numberOf(high) === 0) return TEREDO;
  if (numberOf(first) !== 0x2002) return groups;
  const mask = 0xffff_ffff << (8 * bytes);
  const masked = [numberOf(high) & (mask >>> 16), numberOf(low) & mask & 0xffff];
  return ['2002', ...masked.map((number) => number.toString(16)), ...others];
}

function numberOf(group: string | undefined): number {
  return Number.parseInt(group ?? '', 16);
}

function expand(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  return [
    ...left,
    ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'),
    ...right,
  ];
}
