import type { HitOutcome } from '../rules/hit-outcome.js';
import type { TrackerRequest } from '../rules/read-tracker-request.js';
import type { TrackerAnswer } from './played-answer.js';

const IMAGE = Buffer.from('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
const INFO = `This resource is part of Matomo. <br>
This file is the endpoint of the tracking API.`;

/** The answer to a bulk: 200 with counters, or 500 if one hit failed and all were rolled back. */
export function toBulkAnswer(
  request: TrackerRequest,
  outcomes: readonly HitOutcome[],
  isSuper: boolean,
): TrackerAnswer {
  const last = outcomes.at(-1);
  const failed = last?.verdict === 'refused';
  if (last?.fatal) return { status: 500, contentType: 'text/html', body: '' };
  if (!failed && !request.sendImage) {
    return { status: 204, contentType: 'application/json', body: '' };
  }
  const invalid = outcomes.flatMap(({ verdict }, index) => (verdict === 'invalid' ? [index] : []));
  const counters = {
    status: failed ? 'error' : 'success',
    tracked: outcomes.length - invalid.length - (failed ? 1 : 0),
    // A failed bulk names no invalid hits, though those before the failure are not in `tracked`.
    invalid: failed ? 0 : invalid.length,
    ...(isSuper ? { invalid_indices: failed ? [] : invalid } : {}),
  };
  return {
    status: failed ? 500 : 200,
    contentType: 'application/json',
    body: JSON.stringify(counters),
  };
}

/** The answer to a single hit: an image, nothing, or 400 without a reason. */
export function toSingleAnswer(
  { method, sendImage }: TrackerRequest,
  outcome: HitOutcome | undefined,
): TrackerAnswer {
  if (outcome === undefined) {
    return {
      status: /^(?:GET|HEAD)$/.test(method) ? 200 : 400,
      contentType: 'text/html',
      body: INFO,
    };
  }
  if (outcome.fatal) return { status: 500, contentType: 'text/html', body: '' };
  const failed = outcome.verdict === 'invalid' || outcome.verdict === 'refused';
  if (sendImage) {
    const body = failed ? Buffer.concat([IMAGE, Buffer.from(INFO)]) : IMAGE;
    return { status: failed ? 400 : 200, contentType: 'image/gif', body };
  }
  if (failed) return { status: 400, contentType: 'text/html', body: INFO };
  return { status: 204, contentType: 'text/html', body: '' };
}
