// Runs before each test file that shares its process: a tracker that goes on would track the requests of the next file, and log for it.
import { channel } from 'node:diagnostics_channel';
import { afterAll, expect } from 'vitest';

afterAll(() => {
  // It listens for servers as long as it has members.
  const isListening = channel('net.server.socket').hasSubscribers;
  expect({ isListening }).toEqual({ isListening: false });
});
