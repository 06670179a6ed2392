// The browser for tests, screenshots and benchmarks of the inspector's page: the system's, headless, with a profile of its own
// that is thrown away, and without its own requests to anywhere.
import { existsSync } from 'node:fs';
import { findProgram } from './find-program.mjs';

const EXECUTABLE =
  process.env.CHROMIUM ??
  findProgram('chromium', 'chromium-browser', 'google-chrome') ??
  '/usr/bin/chromium';
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const hasChromium = existsSync(EXECUTABLE);

/** What to say where there is none. */
export const HOW_TO_GET_CHROMIUM = `There is no ${EXECUTABLE}. Install it with: apt-get update && apt-get install -y chromium
(as root), or set CHROMIUM to another Chromium.`;

export async function launchChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
}
