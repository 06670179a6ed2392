import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { isOwnHost } from '../../common/own-host.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** The name of the host in Docker containers. */
const DOCKER_HOST = 'host.docker.internal';

/**
 * Returns why a request is refused, if a web page may have sent it: web pages must not send spans. Browsers send `Origin`
 * with each POST, and on loopback a page that uses DNS rebinding has its own name in `Host`.
 *
 * @param address the address that the server is bound to
 * @param ownHost as the option `listen` names it
 */
export function findForeignSender(
  { host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  address: string,
  ownHost: string,
): string | undefined {
  if (origin !== undefined || site === 'cross-site') return 'web pages must not send spans';
  // Browsers always send Host.
  if (host === undefined || !isLoopback(address)) return undefined;
  if (isOwnHost(host, ownHost, DOCKER_HOST)) return undefined;
  return 'use an IP address or localhost in the URL of the gateway, or set listen to the host name';
}

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
