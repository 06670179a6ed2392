import { proxyOf } from './create-dispatcher.js';

type Environment = Readonly<NodeJS.ProcessEnv>;

/** How requests are sent through a proxy. */
export interface ProxyRoute {
  readonly url: string;
  /** Uses CONNECT. If not, the proxy gets the request itself. */
  readonly isTunnel: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** The proxy from the environment, by the same rules as the dispatcher; `undefined` if there is none. */
export function proxyRouteOf(url: URL, env: Environment): ProxyRoute | undefined {
  const proxy = proxyOf(url, env);
  if (proxy === undefined || isExcepted(url, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined;
  const { protocol, username, password, origin } = new URL(proxy);
  return {
    url: origin,
    isTunnel: url.protocol === 'https:' || protocol === 'https:',
    headers: username && password ? { 'proxy-authorization': basic(username, password) } : {},
  };
}

function basic(username: string, password: string): string {
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

/** Whether `NO_PROXY` matches a URL, by undici's rules: the host or a parent domain, and the port if the entry has one. */
function isExcepted({ hostname, port, protocol }: URL, noProxy: string): boolean {
  if (noProxy === '*') return true;
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy.split(/[,\s]/).some((entry) => {
    const [, host = entry, onlyPort = ownPort] = /^(.+):(\d+)$/.exec(entry) ?? [];
    const name = host.replace(/^\*?\./, '').toLowerCase();
    return name !== '' && onlyPort === ownPort && `.${hostname}`.endsWith(`.${name}`);
  });
}
