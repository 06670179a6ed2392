import type { Diagnostics } from '../common/diagnostics.js';
import { DEFAULT_TITLE } from '../hit/page/action-name.js';
import { optionError } from '../options/parser.js';
import type { MatomoOptions } from '../options.js';
import { createHitPipeline } from '../pipeline/hit-pipeline.js';
import { hitsOfEvents } from '../requests/matomo-attributes.js';
import type { Hitmaker } from './traces/assembler.js';
import { toRequest } from './traces/to-request.js';

type OpenPipeline = NonNullable<ReturnType<typeof createHitPipeline>>;

/**
 * Creates the pipeline of a gateway.
 *
 * @throws TypeError if an option is missing or invalid without which nothing is tracked
 */
export function openPipeline(
  options: MatomoOptions,
  diagnostics: Diagnostics,
  countUnused?: () => number,
): OpenPipeline {
  const made = createHitPipeline(options, diagnostics, 'matomo_gateway', countUnused);
  if (made) return made;
  throw optionError(
    `a gateway needs url and siteId, valid privacy options, and enabled must not be false`,
  );
}

/** Passes hits to the pipeline. */
export function addHits(made: Hitmaker, { pipeline, reading, resolved }: OpenPipeline): void {
  if (made.root.isRequest) {
    const request = toRequest(made, reading, resolved.actionName === DEFAULT_TITLE);
    if (request) pipeline.addRequest(request);
    return;
  }
  const owner = made.root.isAncestorMissing ? 'unknown' : undefined;
  for (const hit of hitsOfEvents(made.root)) pipeline.addFurtherHit(hit, owner);
}
