import { get } from 'node:http';
import { onTestFinished } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';

interface EventData {
  readonly first?: number;
  readonly oldest?: number;
  readonly hits?: InspectedHit[];
}

/** What a client of `/events` has got so far. */
export interface Listening {
  readonly status: number | undefined;
  readonly events: { readonly event: string; readonly data: EventData }[];
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
}

export function listen(url: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/events`);
    onTestFinished(() => void request.destroy());
    request.on('error', reject);
    request.on('response', (response) => {
      const events: Listening['events'] = [];
      let parts = [''];
      response.setEncoding('utf8').on('data', (chunk: string) => {
        // Joined at the end of a message only: one may have megabytes.
        const hasEnd = (parts.at(-1)?.slice(-1) + chunk).includes('\n\n');
        parts.push(chunk);
        if (!hasEnd) return;
        const messages = parts.join('').split('\n\n');
        parts = [messages.pop() as string];
        for (const message of messages) {
          const lines = message.split('\n').map((line) => /^(\w+): (.*)$/.exec(line) ?? []);
          const { event = '', data = '' } = Object.fromEntries(
            lines.map(([, name, value]) => [name, value]),
          );
          events.push({ event, data: JSON.parse(data) });
        }
      });
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode,
        events,
        pause: () => void response.pause(),
        resume: () => void response.resume(),
      });
    });
  });
}
