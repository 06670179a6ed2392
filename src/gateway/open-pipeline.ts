import type { Diagnostics } from '../common/diagnostics.js';
import { DEFAULT_TITLE } from '../hit/page/title.js';
import { optionError } from '../options/parser.js';
import type { MatomoOptions } from '../options.js';
import { hitsOfEvents } from '../request/matomo-attributes.js';
import { createPipeline, type Pipeline, type PipelineOwner } from '../tracker/pipeline.js';
import type { Hitmaker } from './traces/assembler.js';
import { toRequest } from './traces/to-request.js';

/**
 * Creates the pipeline of a gateway.
 *
 * @throws TypeError if an option is missing or invalid without which nothing is tracked
 */
export function openPipeline(
  options: MatomoOptions,
  diagnostics: Diagnostics,
  owner: Omit<PipelineOwner, 'component'> = {},
): Pipeline {
  const pipeline = createPipeline(options, diagnostics, { ...owner, component: 'matomo_gateway' });
  if (pipeline) return pipeline;
  throw optionError(
    `a gateway needs url and siteId, valid privacy options, and enabled must not be false`,
  );
}

/** Passes hits to the pipeline. */
export function addHits(made: Hitmaker, pipeline: Pipeline): void {
  if (made.root.isRequest) {
    const { reading, options } = pipeline;
    const assembled = toRequest(made, reading, options.actionName === DEFAULT_TITLE);
    if (assembled) pipeline.addAssembled(assembled);
    return;
  }
  const owner = made.root.isAncestorMissing ? 'unknown' : undefined;
  for (const hit of hitsOfEvents(made.root)) pipeline.addHit(hit, owner);
}
