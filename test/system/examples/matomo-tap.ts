import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as its bytes were. */
interface TappedRequest {
  /** Request line and header lines. */
  readonly head: string;
  readonly target: string;
  readonly body: string;
}

/** What is sent to Matomo, byte by byte. */
interface Tap {
  readonly url: string;
  requests(): TappedRequest[];
  /** Where the bytes go; to be called before the first of them. */
  forwardTo(url: string): void;
}

/** A wire to whatever `forwardTo` says. */
export async function startTap(): Promise<Tap> {
  let target = '';
  const sent: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = sent.push('') - 1;
    sockets.add(socket);
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    socket.on('data', (chunk) => {
      sent[connection] += chunk.toString('latin1');
    });
    socket.on('close', () => sockets.delete(socket));
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => sent.flatMap(splitRequests),
    forwardTo(url) {
      target = url;
    },
  };
}

/** The whole requests on one connection. Our own always say how long they are. */
function splitRequests(bytes: string): TappedRequest[] {
  const requests: TappedRequest[] = [];
  let start = 0;
  for (;;) {
    const headEnd = bytes.indexOf('\r\n\r\n', start);
    if (headEnd < 0) return requests;
    const head = bytes.slice(start, headEnd);
    const length = Number(/^content-length: *(\d+)$/im.exec(head)?.[1]);
    if (!Number.isInteger(length)) throw new Error(`no length: ${head}`);
    const end = headEnd + 4 + length;
    if (end > bytes.length) return requests;
    const target = head.split(' ', 2)[1] ?? '';
    requests.push({ head, target, body: bytes.slice(headEnd + 4, end) });
    start = end;
  }
}
