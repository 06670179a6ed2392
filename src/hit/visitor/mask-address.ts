import { isIP } from '../../common/addresses.js';

/** Bits of an IPv6 address that are kept, by `anonymizeIp` (0 to 4), the number of bytes that are masked in an IPv4 address. */
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
 * Masks an IPv4 address inside of an IPv6 address: 6to4 has it behind the first group, Teredo has that of a server there. NAT64 and
 * mapped addresses have it at the end, of which nothing is kept.
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

/** The eight groups of an IPv6 address. */
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
