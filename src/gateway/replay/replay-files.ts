import { setTimeout as sleep } from 'node:timers/promises';
import { createDiagnostics, show } from '../../common/diagnostics.js';
import { sleepUntil } from '../../common/timers.js';
import { readVariables } from '../../options/environment.js';
import type { MatomoStats } from '../../pipeline/stats.js';
import { type FinishedSpan, mayBeUnreadRequest } from '../../requests/finished-span.js';
import { addHits, openPipeline } from '../open-pipeline.js';
import { createSelection } from '../otlp/read-export.js';
import { RECEIVER_OPTIONS } from '../receiver-options.js';
import { countHits } from '../traces/assembler.js';
import { type ReadCounts, readRequests } from './read-requests.js';
import type { ReplayState } from './replay-state.js';

/** What was read and sent so far. */
export interface ReplayProgress extends Readonly<ReadCounts> {
  readonly requests: number;
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

/**
 * Sends the requests in files of OTLP JSON lines with their original times. The environment configures it. Spans of a
 * request may be some thousand spans apart. After an interruption it reads a file again and skips what its state says was
 * sent, so that only the bulk that was in flight may be duplicated.
 *
 * @throws Error if a file cannot be read, or has changed since a part of it was sent
 */
export async function replayFiles(
  options: ReplayOptions,
): Promise<{ stats: MatomoStats; progress: ReplayProgress }> {
  const { files, state, rate, onProgress, signal } = options;
  const made = openPipeline('replay', {}, createDiagnostics());
  const { pipeline, reading, resolved } = made;
  const services = readVariables(RECEIVER_OPTIONS.services, process.env);
  const scopes = readVariables(RECEIVER_OPTIONS.scopes, process.env);
  const selection = createSelection({ services, scopes }, reading);
  const progress = { spans: 0, requests: 0, unreadable: 0, rejected: 0 };
  function onUnused(span: FinishedSpan): void {
    if (mayBeUnreadRequest(span)) reading.reportUnreadRequest(span);
  }
  const read = { selection, counts: progress, onUnused, signal };

  async function replayFile(file: string): Promise<void> {
    const saved = state.positionOf(file);
    if (saved.isDone) return;
    state.save(file, saved); // if it cannot be written, nothing is sent that another replay would send again
    let position = { ...saved, requests: 0 };
    let batch = { requests: 0, hits: 0, begunMillis: performance.now() };

    /** Resolves when all hits are tracked, invalid or lost. */
    async function send(): Promise<void> {
      await pipeline.flush();
      // A hit that fails alone stays pending until Matomo has processed another one, perhaps one of the next.
      while (pipeline.stats().pending > pipeline.delivery.setAside) {
        if (signal.aborted) return;
        await sleep(ASK_EVERY_MILLIS);
      }
      if (pipeline.stats().pending === 0) state.save(file, position);
      progress.requests += batch.requests;
      onProgress(progress);
      await sleepUntil(batch.begunMillis + (batch.requests / rate) * 1000, signal);
      batch = { requests: 0, hits: 0, begunMillis: performance.now() };
    }

    for await (const request of readRequests(file, read)) {
      const room = Math.max(1, resolved.maxQueueSize - pipeline.delivery.setAside);
      const hits = countHits(request);
      const isFull = batch.hits + hits > Math.min(resolved.maxExportBatchSize, room);
      if (isFull && batch.hits > 0) await send();
      if (signal.aborted) return;
      const { traceId, spanId } = request.root;
      const last = `${traceId}/${spanId}`;
      position = { requests: position.requests + 1, last, isDone: false };
      if (position.requests === saved.requests && last !== saved.last) throw changed(file);
      if (position.requests <= saved.requests) continue;
      addHits(request, made);
      batch.requests += 1;
      batch.hits += hits;
    }
    if (signal.aborted) return;
    if (position.requests < saved.requests) throw changed(file);
    await send();
    if (!signal.aborted) state.save(file, { ...position, isDone: true });
  }

  try {
    for (const file of files) if (!signal.aborted) await replayFile(file);
  } finally {
    await pipeline.shutdown();
  }
  return { stats: pipeline.stats(), progress };
}

function changed(file: string): Error {
  return new Error(
    `${show(file)} or the options have changed since a part of it was sent. What is left is not sent. Name another file with --state to send all of it.`,
  );
}
