import { BlockList, isIP } from '../common/addresses.js';

type Environment = Readonly<NodeJS.ProcessEnv>;

/** How requests pass through a proxy. */
export interface ProxyRoute {
  readonly url: string;
  /** Whether requests use CONNECT. Otherwise the proxy gets the request itself. */
  readonly isTunnel: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** The route through the proxy of the environment; `undefined` if there is none, or `NO_PROXY` excludes the URL. */
export function proxyRouteOf(url: URL, env: Environment): ProxyRoute | undefined {
  const proxy = proxyOf(url, env);
  if (proxy === undefined || isExcepted(url, env.no_proxy || env.NO_PROXY || '')) return undefined;
  const { protocol, username, password, origin } = new URL(proxy);
  const credentials = Buffer.from(decodeURIComponent(`${username}:${password}`)).toString('base64');
  return {
    url: origin,
    isTunnel: url.protocol === 'https:' || protocol === 'https:',
    headers: username || password ? { 'proxy-authorization': `Basic ${credentials}` } : {},
  };
}

/** Whether `NO_PROXY` matches a URL. An entry is `*`, a host or parent domain, or a network, each with an optional port. */
function isExcepted({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  const entries = noProxy.toLowerCase().split(/[,\s]+/);
  return entries.some((entry) => {
    const [, ipv6, other, onlyPort = ownPort] =
      /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
    const name = (ipv6 ?? other ?? entry).replace(/^\*?\./, '');
    if (name === '' || onlyPort !== ownPort) return false;
    return name === '*' || `.${host}`.endsWith(`.${name}`) || isInNetwork(host, name);
  });
}

/** Whether an address is in a network such as `10.0.0.0/8`. */
function isInNetwork(host: string, network: string): boolean {
  const [, address = '', bits] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
  const version = isIP(address);
  if (version === 0 || isIP(host) !== version || Number(bits) > (version === 4 ? 32 : 128))
    return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** The proxy for a URL, before `NO_PROXY` is applied. The lower-case name of a variable takes precedence. An empty variable does not count. */
function proxyOf({ protocol, hostname }: URL, env: Environment): string | undefined {
  if (isLoopback(hostname)) return undefined;
  const names = ['http_proxy', 'HTTP_PROXY'];
  if (protocol === 'https:') names.unshift('https_proxy', 'HTTPS_PROXY');
  const name = names.find((candidate) => env[candidate]);
  if (name === undefined) return undefined;
  const proxy = env[name] as string;
  if (/^https?:\/\//i.test(proxy) && URL.canParse(proxy)) return proxy;
  throw new Error(`${name} must be the URL of a proxy, such as http://proxy.example.org:3128`);
}

/** Whether a host is this machine, which a proxy cannot reach. */
export function isLoopback(hostname: string): boolean {
  return hostname === '[::1]' || /^(?:127\.[\d.]+|(?:.+\.)?localhost)$/.test(hostname);
}
