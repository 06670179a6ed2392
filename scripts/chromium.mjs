// Starts the installed Chromium for tests, screenshots and benchmarks of the inspector's page: headless, with a temporary
// profile, and without requests of its own.
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

/** The first start on a busy machine takes long. */
const LAUNCH_MILLIS = 300_000;

export const hasChromium = existsSync(EXECUTABLE);

/** What to print if Chromium is not installed. */
export const HOW_TO_GET_CHROMIUM = `Chromium was not found at ${EXECUTABLE}. Install it as root with: apt-get update && apt-get install -y chromium
Or set CHROMIUM to the path of a Chromium.`;

export async function launchChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS, timeout: LAUNCH_MILLIS });
}
