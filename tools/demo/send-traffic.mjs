import { once } from 'node:events';
import { Agent, request } from 'node:http';

/** Sends all steps of all clients. Resolves to each step with the status and time that its client saw. */
export async function sendTraffic(url, clients) {
  const answers = await Promise.all(
    clients.map(async ({ headers, steps }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const seen = [];
      for (const step of steps)
        seen.push(await send(new URL(step.path, url), step, headers, agent));
      agent.destroy();
      return seen;
    }),
  );
  return answers.flat();
}

async function send(url, step, headers, agent) {
  const start = performance.now();
  const { method, body, leaves, headers: own } = step;
  const json = body && { 'Content-Type': 'application/json' };
  const outgoing = request(url, { method, agent, headers: { ...headers, ...own, ...json } });
  outgoing.end(body && JSON.stringify(body));
  const [response] = await once(outgoing, 'response');
  if (leaves) {
    // The client has the status but not the body; it leaves after a short wait.
    await new Promise((resolve) => setTimeout(resolve, 40));
    response.destroy();
    return { step, status: 499, millis: performance.now() - start };
  }
  response.resume();
  await once(response, 'end');
  return { step, status: response.statusCode, millis: performance.now() - start };
}
