import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** The name of the host in containers of Docker. */
const DOCKER_HOST = 'host.docker.internal';

/**
 * Why a request is refused that a web page may have sent: no page is to send spans. Browsers send `Origin` with each POST.
 * On loopback, a page can also come under a name that its owner points to this machine (DNS rebinding): then its requests
 * have that name in `Host`.
 *
 * @param address the address that the server is bound to
 * @param ownHost as the option `listen` names it
 */
export function findForeignSender(
  { host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  address: string,
  ownHost: string,
): string | undefined {
  if (origin !== undefined || site === 'cross-site') return 'spans are not taken from web pages';
  // A request of HTTP/1.0 without Host is no browser's.
  if (host === undefined || !isLoopback(address) || isLocalName(host, ownHost)) return undefined;
  return 'use an IP address or localhost in the URL of this gateway, or set listen to the name';
}

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function isLocalName(host: string, ownHost: string): boolean {
  const [, ipv6, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  if (isIP(ipv6 ?? name)) return true;
  const lower = name.toLowerCase();
  return (
    lower === 'localhost' ||
    lower.endsWith('.localhost') ||
    lower === DOCKER_HOST ||
    (lower !== '' && lower === ownHost.toLowerCase())
  );
}
