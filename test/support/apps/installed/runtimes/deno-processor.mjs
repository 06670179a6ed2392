// `Deno.serve` and spans made by hand.
import { answerWithSpan } from './answer-with-span.mjs';
import { announce } from './serve-web.mjs';
import { processor } from './tracing.mjs';

const server = Deno.serve(
  { port: 0, hostname: '127.0.0.1', onListen: () => undefined },
  answerWithSpan,
);
announce(server.addr.port, () => processor.shutdown());
