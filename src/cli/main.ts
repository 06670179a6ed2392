#!/usr/bin/env node
import { inspect } from './inspect.js';

const HELP = `opentelemetry-matomo: every HTTP server span becomes a hit in Matomo

  npx opentelemetry-matomo inspect [--port 8080] [--host 127.0.0.1] [--forward https://matomo.example.org]
      a local stand-in for Matomo, and a page that shows what it would have stored;
      with --forward hits go on to that Matomo, and it decides

  MATOMO_URL=http://127.0.0.1:8080 MATOMO_SITE_ID=1 \\
    node --require opentelemetry-matomo/register app.js
      tracks an application, without a change to it
`;

const [command, ...args] = process.argv.slice(2);
try {
  if (command === 'inspect') await inspect(args);
  else if (command === undefined || command === 'help' || command === '--help') console.log(HELP);
  else throw new Error(`there is no command ${JSON.stringify(command)}`);
} catch (error) {
  console.error(`opentelemetry-matomo: ${(error as Error).message}\n\n${HELP}`);
  process.exitCode = 1;
}
