import { isIP } from 'node:net';
import { isUrlHost } from '../page/page-url.js';
import { createTrust, type Trust } from './proxy-trust.js';

const LOCAL_NAME = /^[^.]+$|\.(?:localhost|local|internal|test)$/;
/** Created at the first use: making the list takes time that a process needs to start. */
let isLocalAddress: Trust | undefined;

/** Whether a Host header names a host on this machine or in a private network, where plain HTTP is usual. */
export function isLocalHost(host: string): boolean {
  if (!isUrlHost(host)) return false;
  const { hostname } = new URL(`http://${host}/`);
  const name = hostname.replace(/^\[|[\].]$/g, '');
  if (isIP(name) === 0) return LOCAL_NAME.test(name);
  isLocalAddress ??= createTrust(['loopback', 'linklocal', 'uniquelocal']);
  return isLocalAddress(name, 0);
}
