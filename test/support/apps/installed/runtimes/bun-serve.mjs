// `Bun.serve` and spans made by hand.
import { answerWithSpan } from './answer-with-span.mjs';
import { announce } from './serve-web.mjs';
import { processor } from './tracing.mjs';

const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answerWithSpan });
announce(server.port, () => processor.shutdown());
