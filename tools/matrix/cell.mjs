// One cell: what an application did with this package, held against what it has to do and what it does without.
import { expectedHits, REQUESTS, readHits } from './requests.mjs';
import { runApp } from './run-app.mjs';

/**
 * `status` is `right` or `wrong`; `differences` says what is wrong. `titles` are those that are not the routes, `codes` those of the
 * lines that are logged. With `runWithout`, the application has to export the spans that it exports without this package.
 */
export async function judgeCell(command, { titles, codes = [] }, runWithout) {
  const { requests = REQUESTS } = command;
  const statuses = requests.map(({ status }) => status);
  try {
    const seen = await runApp(command);
    const without = await runWithout?.();
    const differences = [
      ...compare('answer', toAnswers(requests, statuses), toAnswers(requests, seen.answers)),
      ...compare('hit', expectedHits(requests, titles), readHits(seen.hits, requests)),
      ...compare('span of the application', without?.spans ?? seen.spans, seen.spans),
      ...compareLines(codes, ownLines(seen.stderr)),
    ];
    return { status: differences.length > 0 ? 'wrong' : 'right', differences };
  } catch (error) {
    return { status: 'wrong', differences: [String(error.message)] };
  }
}

function toAnswers(requests, statuses) {
  return requests.map(({ method, path }, index) => `${method} ${path} ${statuses[index]}`);
}

function ownLines(stderr) {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('opentelemetry-matomo:') && !line.endsWith(' [tracking]'));
}

/** Lines with the expected `codes` must be there, and no others. */
function compareLines(codes, lines) {
  const codeOf = (line) => /\[([a-z-]+)\]$/.exec(line)?.[1];
  return [
    ...codes
      .filter((code) => !lines.some((line) => codeOf(line) === code))
      .map((code) => `not said: ${code}`),
    ...lines.filter((line) => !codes.includes(codeOf(line))).map((line) => `said: ${line}`),
  ];
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
