import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { RecordOption } from '../options/resolved-options.js';
import { recordServerSpans, type Sampler } from '../sampler.js';
import type { Provider } from './attach.js';

/** Checked in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
interface SampledProvider extends Provider {
  /** Later tracers read the sampler from `_tracerOptions` in SDK 2.9 and later, from `_config` in SDK 1 to 2.8. */
  readonly _tracerOptions?: { sampler?: Sampler };
  readonly _config?: { sampler?: Sampler };
  readonly _tracers?: ReadonlyMap<string, { _sampler?: Sampler }>;
}

/** Samplers that record all requests: a provider is seen again when tracking starts again. */
const wrapped = new WeakSet<Sampler>();

/**
 * Makes a provider record all server spans, also those that its sampler drops. What it exports and what it propagates to
 * other services does not change.
 */
export function recordRequests(
  provider: object,
  record: RecordOption,
  diagnostics: Diagnostics,
): void {
  if (record === 'sampled') return;
  const { _tracerOptions, _config, _tracers } = provider as SampledProvider;
  const place = _tracerOptions?.sampler ? _tracerOptions : _config;
  if (!place?.sampler) {
    diagnostics.warn(
      coded(
        'sampler-not-reached',
        `Cannot reach the sampler of ${provider.constructor?.name}. Requests that it drops make no hit. ` +
          'Wrap it with `recordServerSpans(sampler)` in your tracing setup.',
      ),
    );
    return;
  }
  if (wrapped.has(place.sampler)) return;
  const sampler = recordServerSpans(place.sampler, { children: record === 'all' ? 'all' : 'keys' });
  wrapped.add(sampler);
  place.sampler = sampler;
  for (const tracer of _tracers?.values() ?? []) {
    if (tracer._sampler) tracer._sampler = sampler;
  }
}
