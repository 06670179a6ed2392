import { isIP } from 'node:net';
import { isUrlHost } from './page-url.js';
import { createTrust } from './proxy-trust.js';

const LOCAL_NAME = /^[^.]+$|\.(?:localhost|local|internal|test)$/;
const isLocalAddress = createTrust(['loopback', 'linklocal', 'uniquelocal']);

/** Whether a Host header names a host on this machine or in a private network, where plain HTTP is usual. */
export function isLocalHost(host: string): boolean {
  if (!isUrlHost(host)) return false;
  const { hostname } = new URL(`http://${host}/`);
  const name = hostname.replace(/^\[|[\].]$/g, '');
  return isIP(name) === 0 ? LOCAL_NAME.test(name) : isLocalAddress(name, 0);
}
