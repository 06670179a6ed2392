import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { Hit } from '../hit/hit.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { ReportProblem } from '../hit/parameters/custom-variables.js';
import { createFindVisitor, isInSample } from '../hit/visitor/sampling.js';
import type { KeyOfDay } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';

interface Builders {
  readonly hits: HitBuilder;
  readonly findVisitor: ReturnType<typeof createFindVisitor>;
}

/** What builds hits, and draws the sample of visitors. Made when first asked: the visitor key may come from a spool. */
export class LazyHitBuilders {
  readonly #options: ResolvedOptions;
  readonly #diagnostics: Diagnostics;
  readonly #visitorKey: () => string | Buffer | KeyOfDay;
  readonly #sampleRate: number;
  #made: Builders | undefined;

  constructor(
    options: ResolvedOptions,
    diagnostics: Diagnostics,
    visitorKey: () => string | Buffer | KeyOfDay,
  ) {
    this.#options = options;
    this.#sampleRate = options.sampleRate;
    this.#diagnostics = diagnostics;
    this.#visitorKey = visitorKey;
  }

  buildHits(request: HttpRequest, site: number, nowMillis: number): Hit[] {
    return this.#builders.hits.buildHits(request, site, nowMillis);
  }

  get hits(): HitBuilder {
    return this.#builders.hits;
  }

  /** Whether the visitor of a request is tracked. AI chatbots are no visitors. */
  isInSample(request: HttpRequest, site: number): boolean {
    if (this.#sampleRate >= 1 || request.chatbotResponse !== undefined) return true;
    return this.isNameInSample(this.#builders.findVisitor(request, site, request.startMillis));
  }

  /** Whether a visitor with this user ID or visitor ID is tracked. */
  isNameInSample(visitor: string): boolean {
    return isInSample(visitor, this.#sampleRate);
  }

  get #builders(): Builders {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Builders {
    const hasToken = this.#options.tokenAuth !== undefined;
    const options = { ...this.#options, hasToken, visitorKey: this.#visitorKey() };
    const report: ReportProblem = (key, message) =>
      this.#diagnostics.warnOnce(key, () =>
        coded(key.startsWith('callback ') ? 'callback-failed' : 'parameter-invalid', message()),
      );
    const hits = createHitBuilder(options, report);
    return { hits, findVisitor: createFindVisitor(options.routeDetails, hits) };
  }
}
