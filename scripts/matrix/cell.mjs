// One cell: what an application did with this package, held against what it has to do and what it does without.
import { expectedHits, REQUESTS, readHits } from './requests.mjs';
import { runApp } from './run-app.mjs';

/**
 * `status` is `right`, `limit` (as known, nothing can be seen), `wrong` or `skipped`; `differences` says what is wrong.
 * `expected` is `{ titles, limit, noHits }`; `runWithout` resolves to the same application's run without this package.
 */
export async function judgeCell(command, expected, runWithout) {
  try {
    const [seen, without] = [await runApp({ ...command, requests: REQUESTS }), await runWithout()];
    const hits = expected.noHits ? [] : expectedHits(REQUESTS, expected.titles);
    const differences = [
      ...compare(
        'answer',
        REQUESTS.map(({ method, path, status }) => `${method} ${path} ${status}`),
        REQUESTS.map(({ method, path }, index) => `${method} ${path} ${seen.answers[index]}`),
      ),
      ...compare('hit', hits, readHits(seen.hits)),
      ...compare('span of the application', without.spans, seen.spans),
      ...ownLines(seen.stderr).map((line) => `said: ${line}`),
    ];
    if (differences.length > 0) return { status: 'wrong', differences };
    return {
      status: expected.limit ? 'limit' : 'right',
      reason: expected.limit,
      spans: without.spans.length,
    };
  } catch (error) {
    return { status: 'wrong', differences: [String(error.message)] };
  }
}

function ownLines(stderr) {
  return stderr.split('\n').filter((line) => line.startsWith('opentelemetry-matomo:'));
}

/** What is missing and what is too much, of two sorted lists in which lines may occur several times. */
function compare(what, expected, got) {
  const surplus = [...got];
  const missing = expected.filter((line) => {
    const index = surplus.indexOf(line);
    if (index >= 0) surplus.splice(index, 1);
    return index < 0;
  });
  return [
    ...missing.map((line) => `${what} missing: ${line}`),
    ...surplus.map((line) => `${what} too many: ${line}`),
  ];
}
