import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../examples/shop', import.meta.url));

/** Starts the example shop as in its README, with these variables, and waits until it listens. */
export async function startShop(env) {
  const args = ['--import', 'opentelemetry-matomo/register', 'app.js'];
  const child = spawn(process.execPath, args, {
    cwd: FOLDER,
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'close');
  const url = await Promise.race([
    readUrl(child.stdout),
    ended.then(([code]) => {
      throw new Error(`the shop ended with ${code} before it listened`);
    }),
  ]);

  return {
    url,
    /** Ends it with SIGTERM, as an orchestrator does; it sends pending hits first. */
    async stop() {
      child.kill('SIGTERM');
      await ended;
      process.removeListener('exit', kill);
    },
  };
}

async function readUrl(output) {
  let text = '';
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const url = /http:\/\/[^/\s]+/.exec(text)?.[0];
    if (url) {
      output.resume();
      return url;
    }
  }
  return new Promise(() => undefined); // it has ended, which `startShop` reports
}
