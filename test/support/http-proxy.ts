import { createServer, type IncomingHttpHeaders, type RequestListener, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { tlsFile } from './fault-proxy.js';
import { connectionsOf, listen } from './listen.js';

interface ProxiedRequest {
  /** As in the request line: a whole URL, or host and port of a CONNECT. */
  readonly target: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** A forward proxy as companies have one. It finds every host at one port of loopback. */
export async function startHttpProxy(targetUrl: string, scheme: 'http' | 'https' = 'http') {
  const port = Number(new URL(targetUrl).port);
  const requests: ProxiedRequest[] = [];
  let refusal = 200;
  const tls = { key: tlsFile('server.key'), cert: tlsFile('server.pem') };
  const pass: RequestListener = (incoming, response) => {
    const { method = '', url = '', headers } = incoming;
    requests.push({ method, target: url, headers });
    if (refusal !== 200) {
      incoming.resume().on('end', () => response.writeHead(refusal).end());
      return;
    }
    const { pathname: path } = new URL(url);
    const passed = request({ host: '127.0.0.1', port, method, path, headers, agent: false });
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(passed);
  };
  const server = scheme === 'https' ? createTlsServer(tls, pass) : createServer(pass);
  const connections = connectionsOf(server);
  server.on('connect', ({ method = '', url = '', headers }, socket) => {
    requests.push({ method, target: url, headers });
    if (refusal !== 200) {
      socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  const url = await listen(server);
  return {
    url: scheme === 'https' ? url.replace('http://127.0.0.1', 'https://localhost') : url,
    port: Number(new URL(url).port),
    requests: (): readonly ProxiedRequest[] => requests,
    connections: connections.count,
    open: connections.open,
    /** Answers so instead of passing on, if it is not 200. */
    refuse(status: number) {
      refusal = status;
    },
  };
}
