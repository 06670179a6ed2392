import type { HitOutcome } from './hit-outcome.js';
import type { TrackerAnswer } from './played-answer.js';
import type { TrackerRequest } from './read-tracker-request.js';

const IMAGE = Buffer.from('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
const INFO =
  'This resource is part of Matomo. Keep full control of your data with the leading free and open source web analytics platform.';

/** The answer to a bulk: 200 with counters, or 500 where one hit failed and all were rolled back. */
export function toBulkAnswer(
  request: TrackerRequest,
  outcomes: readonly HitOutcome[],
  isSuper: boolean,
): TrackerAnswer {
  const last = outcomes.at(-1);
  const failed = last?.verdict === 'refused';
  if (failed && last.fatal) return { status: 500, contentType: 'text/html', body: '' };
  if (!failed && !request.sendImage)
    return { status: 204, contentType: 'application/json', body: '' };
  const invalidIndices = outcomes.flatMap(({ verdict }, index) =>
    verdict === 'invalid' ? [index] : [],
  );
  const body = {
    status: failed ? 'error' : 'success',
    tracked: outcomes.length - invalidIndices.length - (failed ? 1 : 0),
    invalid: invalidIndices.length,
    ...(isSuper ? { invalid_indices: invalidIndices } : {}),
  };
  return {
    status: failed ? 500 : 200,
    contentType: 'application/json',
    body: JSON.stringify(body),
  };
}

/** The answer to a single hit: an image, nothing, or a 400 that says nothing of the reason. */
export function toSingleAnswer(
  request: TrackerRequest,
  outcomes: readonly HitOutcome[],
): TrackerAnswer {
  const [outcome] = outcomes;
  if (outcome === undefined) return { status: 200, contentType: 'text/html', body: INFO };
  const failed = outcome.verdict === 'invalid' || outcome.verdict === 'refused';
  if (request.sendImage) {
    const body = failed ? Buffer.concat([IMAGE, Buffer.from(INFO)]) : IMAGE;
    return { status: failed ? 400 : 200, contentType: 'image/gif', body };
  }
  if (failed) return { status: 400, contentType: 'text/html', body: INFO };
  return { status: 204, contentType: 'text/html', body: '' };
}
