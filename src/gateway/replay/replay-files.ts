import { setTimeout as sleep } from 'node:timers/promises';
import { createDiagnostics } from '../../common/diagnostics.js';
import { sleepUntil } from '../../common/timers.js';
import type { MatomoStats } from '../../pipeline/stats.js';
import { groupSpans } from '../../requests/group-spans.js';
import { hasHitEvent } from '../../requests/hit-events.js';
import { addHits, openPipeline } from '../open-pipeline.js';
import { type ReceivedSpan, traceKeyOf } from '../otlp/received-span.js';
import { createSelection } from '../otlp/span-selection.js';
import { resolveReceiverOption } from '../receiver-options.js';
import { countHits, type Hitmaker } from '../traces/assembler.js';
import { type Chunk, readChunks } from './read-chunks.js';
import type { ReplayState } from './replay-state.js';

/** What was read so far. */
export interface ReplayProgress {
  readonly spans: number;
  readonly requests: number;
  /** Lines that are not an export of spans. */
  readonly unreadable: number;
  /** Spans that cannot be used. */
  readonly rejected: number;
}

export interface ReplayOptions {
  readonly files: readonly string[];
  /** The saved progress. */
  readonly state: ReplayState;
  /** Maximum of requests per second. */
  readonly rate: number;
  readonly onProgress: (progress: ReplayProgress) => void;
  /** Ends the replay between two bulk requests. */
  readonly signal: AbortSignal;
}

const ASK_EVERY_MILLIS = 20;
const NO_CHUNK: Chunk = { begin: 0, spans: [], unreadable: 0, rejected: 0 };

/**
 * Sends the requests in files of OTLP JSON lines with their original times. The environment configures it. Spans of a
 * request may be some thousand spans apart. After an interruption it continues from its state, and only the bulk that was
 * in flight may be duplicated.
 */
export async function replayFiles(options: ReplayOptions): Promise<MatomoStats> {
  const { files, state, rate, onProgress, signal } = options;
  const made = openPipeline('replay', {}, createDiagnostics());
  const { pipeline, reading, resolved } = made;
  const services = resolveReceiverOption('services', undefined, process.env);
  const scopes = resolveReceiverOption('scopes', undefined, process.env);
  const selection = createSelection({ services, scopes }, reading);
  const progress = { spans: 0, requests: 0, unreadable: 0, rejected: 0 };
  const batchSize = Math.min(resolved.maxExportBatchSize, resolved.maxQueueSize);

  /** Resolves when all hits are tracked, invalid or lost. */
  async function send(requests: readonly Hitmaker[]): Promise<void> {
    const begun = performance.now();
    for (const request of requests) addHits(request, made);
    await pipeline.flush();
    // A hit that fails alone stays pending until Matomo has processed another one, perhaps one of the next.
    while (pipeline.stats().pending > pipeline.setAside && !signal.aborted)
      await sleep(ASK_EVERY_MILLIS);
    await sleepUntil(begun + (requests.length / rate) * 1000, signal);
  }

  async function replayFile(file: string): Promise<void> {
    const position = state.positionOf(file);
    if (position.isDone) return;
    const read = async (chunk: Chunk, before: Chunk, after: Chunk) => {
      if (chunk.begin < position.offset) return;
      progress.spans += chunk.spans.length;
      progress.unreadable += chunk.unreadable;
      progress.rejected += chunk.rejected;
      const requests = requestsOf(chunk, before, after);
      let done = chunk.begin === position.offset ? position.requests : 0;
      while (done < requests.length && !signal.aborted) {
        const room = Math.max(1, resolved.maxQueueSize - pipeline.setAside);
        const batch = takeHits(requests, done, Math.min(batchSize, room));
        await send(batch);
        const { pending } = pipeline.stats();
        if (pending > pipeline.setAside) return;
        done += batch.length;
        progress.requests += batch.length;
        const { begin: offset } = chunk;
        const saved = { from: before.begin, offset, requests: done, isDone: false };
        if (pending === 0) state.save(file, saved);
        onProgress(progress);
      }
    };
    let [before, chunk] = [NO_CHUNK, undefined as Chunk | undefined];
    for await (const after of readChunks(file, position.from, selection)) {
      if (chunk) {
        await read(chunk, before, after);
        before = chunk;
      }
      if (signal.aborted) return;
      chunk = after;
    }
    if (chunk) await read(chunk, before, NO_CHUNK);
    if (!signal.aborted) state.save(file, { ...position, isDone: true });
  }

  try {
    for (const file of files) if (!signal.aborted) await replayFile(file);
  } finally {
    await pipeline.shutdown();
  }
  return pipeline.stats();
}

/** Takes items from an index on that make at most `max` hits together; at least one item. */
function takeHits(all: readonly Hitmaker[], from: number, max: number): readonly Hitmaker[] {
  let end = from;
  for (let hits = 0; end < all.length; end++) {
    hits += countHits(all[end] as Hitmaker);
    if (hits > max && end > from) break;
  }
  return all.slice(from, end);
}

/** Assembles what makes hits and has its outermost span in a chunk, with spans of the chunks before and after it. */
function requestsOf(chunk: Chunk, before: Chunk, after: Chunk): Hitmaker[] {
  const spans = [...before.spans, ...chunk.spans, ...after.spans];
  const { requests, unused } = groupSpans(spans, traceKeyOf);
  const byRoot = new Map<ReceivedSpan, Hitmaker>();
  for (const request of requests) byRoot.set(request.root, request);
  for (const root of unused) if (hasHitEvent(root)) byRoot.set(root, { root });
  return chunk.spans.flatMap((span) => byRoot.get(span) ?? []);
}
