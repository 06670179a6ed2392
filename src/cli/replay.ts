import { show } from '../common/diagnostics.js';
import { holdEventLoop } from '../common/timers.js';
import { type ReplayProgress, replayFiles } from '../gateway/replay/replay-files.js';
import { openReplayState } from '../gateway/replay/replay-state.js';
import { readEnvironment } from '../options/environment.js';
import { text } from '../options/parser.js';
import { parseFlags, requestRate, UsageError } from './flags.js';
import { untilEndSignal } from './terminal.js';

const REPORT_EVERY_MILLIS = 1000;

const INTERRUPTED = 'Interrupted. Run the same command again to continue from here.\n';
const NO_SPANS =
  'No line has a span that is used, and some are not readable. Nothing was sent. Name files of OTLP JSON lines, as the file exporter of the Collector writes them.\n';

/** Sends the requests of recorded spans, and reports its progress. */
export async function replay(args: string[]): Promise<void> {
  const { values, positionals: files } = parseFlags({
    args,
    allowPositionals: true,
    options: {
      state: { type: 'string', default: 'opentelemetry-matomo-replay.json' },
      rate: { type: 'string', default: '1000' },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  if (files.length === 0) throw new UsageError('replay needs at least one file of OTLP JSON lines');
  const rate = requestRate('--rate', values.rate);
  if (values['dry-run']) process.env.MATOMO_DRY_RUN = 'true';
  const isDry = readEnvironment('dryRun', process.env) === true;
  const state = openReplayState(text('--state', values.state));
  for (const file of files) {
    if (!state.positionOf(file).isDone) continue;
    const skipped = 'was sent before, and is skipped. If its content is new, name another --state';
    process.stderr.write(`${show(file)} ${skipped}.\n`);
  }
  const interrupt = new AbortController();
  void untilEndSignal().then(() => interrupt.abort());
  let reportedMillis = performance.now();
  const { stats, progress } = await holdEventLoop(
    replayFiles({
      files,
      state: isDry ? { ...state, save: () => undefined } : state,
      rate,
      onProgress(soFar) {
        const now = performance.now();
        if (now - reportedMillis < REPORT_EVERY_MILLIS) return;
        reportedMillis = now;
        reportProgress(soFar);
      },
      signal: interrupt.signal,
    }),
  );
  reportProgress(progress);
  console.log(JSON.stringify(stats));
  const isUnreadable = progress.spans === 0 && progress.unreadable > 0;
  if (interrupt.signal.aborted) process.stderr.write(INTERRUPTED);
  else if (isUnreadable) process.stderr.write(NO_SPANS);
  else return;
  process.exitCode = 1;
}

function reportProgress({ spans, requests, unreadable, rejected }: ReplayProgress): void {
  const invalid = `${unreadable} lines and ${rejected} spans not readable`;
  process.stderr.write(`${requests} requests from ${spans} spans, ${invalid}\n`);
}
