import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { ReportProblem } from '../hit/parameters/custom-variables.js';
import { isInSample } from '../hit/visitor/sampling.js';
import type { KeyOfDay } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';

/** What builds hits, and draws the sample of visitors. Made when first asked: the visitor key may come from a spool. */
export class LazyHitBuilder {
  readonly #make: () => HitBuilder;
  readonly #sampleRate: number;
  #made: HitBuilder | undefined;

  constructor(
    options: ResolvedOptions,
    diagnostics: Diagnostics,
    visitorKey: () => string | Buffer | KeyOfDay,
  ) {
    const hasToken = options.tokenAuth !== undefined;
    const report: ReportProblem = (key, message) =>
      diagnostics.warnOnce(key, () =>
        coded(key.startsWith('callback ') ? 'callback-failed' : 'parameter-invalid', message()),
      );
    this.#make = () => createHitBuilder({ ...options, hasToken, visitorKey: visitorKey() }, report);
    this.#sampleRate = options.sampleRate;
  }

  get hits(): HitBuilder {
    this.#made ??= this.#make();
    return this.#made;
  }

  /** Whether the visitor of a request is tracked. AI chatbots are no visitors. */
  isInSample(request: HttpRequest, site: number): boolean {
    if (this.#sampleRate >= 1 || request.chatbotResponse !== undefined) return true;
    return this.isNameInSample(this.hits.findVisitor(request, site));
  }

  /** Whether a visitor with this user ID or visitor ID is tracked. */
  isNameInSample(visitor: string): boolean {
    return isInSample(visitor, this.#sampleRate);
  }
}
