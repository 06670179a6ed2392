import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureVersion, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { ROOT } from './child-process.js';
import { freePort } from './free-port.js';
import { connectionsOf } from './listen.js';
import { type MatomoRules, startPlayedMatomo } from './played-matomo.js';

type Fault =
  /** Nobody listens; requests go nowhere; nothing is said on connections. */
  | { readonly kind: 'refuse' | 'stall' | 'stall-handshake' }
  /** Answers by itself where the body is such a one; Matomo gets the other requests. */
  | {
      readonly kind: 'answer';
      readonly where: (body: string) => boolean;
      readonly status: string;
      readonly body?: string;
    };

type Certificate = 'server' | 'self-signed' | 'expired' | 'elsewhere';

export type FaultProxy = Awaited<ReturnType<typeof startFaultProxy>>;

type Request = NonNullable<ReturnType<typeof splitRequest>>;

export interface FaultProxyOptions {
  readonly certificate?: Certificate;
  readonly wantsCertificate?: boolean;
  readonly tlsVersion?: SecureVersion;
  /** An address, or the path of a socket. @default 127.0.0.1 */
  readonly host?: string;
}

/** A wire on loopback between a sender and the Matomo that `forwardTo` names. It can break in many ways. */
export async function startFaultProxy(options: FaultProxyOptions = {}) {
  const { certificate, host = '127.0.0.1' } = options;
  let targetPort = 0;
  let fault: Fault | undefined;
  const requests: Request[] = [];
  const tls = certificate && createTlsServer(tlsOptionsOf(certificate, options), serve);
  tls?.on('tlsClientError', () => undefined);
  const server = createServer((socket) => {
    if (fault?.kind === 'stall-handshake') socket.resume();
    else if (tls) tls.emit('connection', socket);
    else serve(socket);
  });
  const connections = connectionsOf(server);

  /** One connection, and at most one from here to Matomo. */
  function serve(socket: Socket): void {
    let waiting = Buffer.alloc(0);
    let upstream: Socket | undefined;
    socket.on('error', () => upstream?.destroy()).on('close', () => upstream?.destroy());
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      for (let next = splitRequest(waiting); next; next = splitRequest(waiting)) {
        waiting = waiting.subarray(next.bytes.length);
        requests.push(next);
        pass(next);
      }
    });

    function pass({ bytes, body }: Request): void {
      if (fault?.kind === 'answer' && fault.where(body)) {
        socket.write(answerOf(fault.status, fault.body ?? ''));
      } else if (fault?.kind !== 'stall') {
        upstream ??= connectTo(targetPort, socket);
        upstream.write(bytes);
      }
    }
  }

  const listen = (port: number) =>
    new Promise<void>((resolve) => {
      server.listen(host.includes('/') ? { path: host } : { port, host }, resolve);
    });
  const stop = () => {
    connections.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  await listen(host.includes('/') ? 0 : await freePort(host));
  const port = (server.address() as AddressInfo).port;
  onTestFinished(stop);
  const name = host.includes(':') ? `[${host}]` : certificate ? 'localhost' : host;
  return {
    url: `${certificate ? 'https' : 'http'}://${name}:${port}`,
    port,
    forwardTo(url: string) {
      targetPort = Number(new URL(url).port);
    },
    /** Breaks so, until called without a fault. Connections that are open stay, but where it refuses. */
    async play(next?: Fault) {
      const wasListening = fault?.kind !== 'refuse';
      fault = next;
      if (next?.kind === 'refuse' && wasListening) await stop();
      if (next?.kind !== 'refuse' && !wasListening) await listen(port);
    },
    open: connections.open,
    /** Whole requests so far, as they came. */
    requests: (): readonly Request[] => requests,
  };
}

/** A Matomo behind a wire that can break, and the environment that leads to it. */
export async function matomoOnWire(options: MatomoRules = {}, wireOptions: FaultProxyOptions = {}) {
  const inspector = await startPlayedMatomo(options);
  const wire = await startFaultProxy(wireOptions);
  wire.forwardTo(inspector.url);
  const env: Record<string, string> = { MATOMO_URL: wire.url, MATOMO_SITE_ID: '1' };
  return { inspector, wire, env };
}

export function tlsFile(name: string): string {
  return readFileSync(tlsPath(name), 'utf8');
}

export function tlsPath(name: string): string {
  return `${ROOT}test/fixtures/tls/${name}`;
}

function tlsOptionsOf(
  certificate: Certificate,
  { wantsCertificate, tlsVersion }: FaultProxyOptions,
): TlsOptions {
  return {
    key: tlsFile('server.key'),
    cert: tlsFile(`${certificate}.pem`),
    ...(wantsCertificate && { ca: tlsFile('ca.pem'), requestCert: true }),
    // OpenSSL allows old versions at this level only.
    ...(tlsVersion && {
      ...{ minVersion: tlsVersion, maxVersion: tlsVersion, ciphers: 'DEFAULT@SECLEVEL=0' },
    }),
  };
}

function connectTo(port: number, socket: Socket): Socket {
  return connect(port, '127.0.0.1')
    .on('data', (chunk) => socket.write(chunk))
    .on('error', () => socket.destroy())
    .on('close', () => socket.destroy());
}

/** The first whole request. Our own always say how long they are. */
function splitRequest(bytes: Buffer) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.subarray(0, headEnd).toString('latin1');
  const end = headEnd + 4 + Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0);
  if (end > bytes.length) return undefined;
  const body = bytes.subarray(headEnd + 4, end).toString('latin1');
  return { head, body, bytes: bytes.subarray(0, end) };
}

function answerOf(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
