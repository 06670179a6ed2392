#!/usr/bin/env node
import { withoutUserInfo } from '../diagnostics.js';
import { doctor } from './doctor.js';
import { inspect } from './inspect.js';
import { spool } from './spool.js';

const HELP = `opentelemetry-matomo: every HTTP server span becomes a hit in Matomo

  MATOMO_URL=http://127.0.0.1:8080 MATOMO_SITE_ID=1 \\
    node --require opentelemetry-matomo/register app.js
      tracks an application, without a change to it

  npx opentelemetry-matomo doctor [--json] [--send]
      says why nothing arrives: reads the environment that the application has,
      asks Matomo, and stores nothing without --send
  npx opentelemetry-matomo inspect [--port 8080] [--host 127.0.0.1]
        [--forward https://matomo.example.org] [--matomo-version newest]
      a local stand-in for Matomo, and a page that shows what it would have
      stored; with --forward hits go on to that Matomo, and it decides
  npx opentelemetry-matomo spool status [--json]
      what waits in the spool that MATOMO_SPOOL names
  npx opentelemetry-matomo gateway [--listen 127.0.0.1:4318]
                                   [--services shop,stock] [--scopes NAMES]
      takes spans of services in any language by OTLP/HTTP, and makes hits of
      them as the environment says
  npx opentelemetry-matomo replay FILE... [--state FILE] [--rate N] [--dry-run]
      the same of recorded spans: lines of OTLP JSON, also .gz

Messages end with a [code], which docs/messages.md explains.
`;

const [command, ...args] = process.argv.slice(2);
try {
  if (command === 'doctor') await doctor(args);
  else if (command === 'inspect') await inspect(args);
  else if (command === 'spool') await spool(args);
  else if (command === 'gateway') await (await import('./gateway.js')).gateway(args);
  else if (command === 'replay') await (await import('./replay.js')).replay(args);
  else if (command === undefined || /^(?:help|--help|-h)$/.test(command)) console.log(HELP);
  else throw new Error(`there is no command ${JSON.stringify(command)}`);
} catch (error) {
  console.error(`opentelemetry-matomo: ${withoutUserInfo((error as Error).message)}\n\n${HELP}`);
  process.exitCode = 1;
}
