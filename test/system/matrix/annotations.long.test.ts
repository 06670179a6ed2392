import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { CHATGPT } from '../../support/chatbots.js';
import { sampled } from '../../support/long.js';
import { matrix, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { AUTO, REGISTER } from '../../support/registered-app.js';

const npmPackage = packBeforeTests();

/** Restify 11 does not run on Node.js 22 and later. */
const NODE = 20;
const FRAMEWORKS = { express: '5.3.0', fastify: '5.12.8', restify: '11.1.0' };
const WITH_SDK = { ...matrix.SDKS['2.12']?.dependencies, ...FRAMEWORKS };

const get = (path: string, more: object = {}) => ({ method: 'GET', path, ...more });
const REQUESTS = [
  get('/waits/1', { leaves: true }),
  get('/plain/1'),
  get('/tracked/2'),
  get('/measured/3'),
  get('/ignored/4'),
  get('/sized/5', { userAgent: CHATGPT }),
];

/** Title, status, dimension, whether it was timed, and the size for an AI chatbot. */
const EXPECTED = [
  ['Checkout', '200', 'web', false, undefined],
  ['GET /measured/:id', '200', undefined, true, undefined],
  ['GET /plain/:id', '200', undefined, false, undefined],
  ['GET /sized/:id', undefined, undefined, false, 1234],
  ['GET /waits/:id', '499', undefined, false, undefined],
];

function summaryOf({ params, stored, aiRequest }: InspectedHit) {
  const isTimed = Number(params.pf_dm1 ?? 0) >= 19; // a timer of 20 ms may fire within the 20th
  const { action_name: title } = params;
  return [title, stored?.custom_var_v1, stored?.custom_dimension_1, isTimed, aiRequest?.bytes];
}

const ALONE = { way: 'without an SDK', dependencies: FRAMEWORKS, preloads: [] };
const INSTRUMENTED = { way: 'with its instrumentation', dependencies: WITH_SDK, preloads: AUTO };

test.for(
  sampled([ALONE], [ALONE, INSTRUMENTED]).flatMap((way) =>
    Object.keys(FRAMEWORKS).map((framework) => ({ framework, ...way })),
  ),
)(
  '$framework $way: annotate, measure, ignore, 499, sizes, and routes',
  async ({ framework, dependencies, preloads }) => {
    const isTraced = preloads.length > 0;
    const name = isTraced ? 'annotations-sdk-2.12' : 'annotations';
    const place = await preparePlace({ node: NODE, setUp: { name, dependencies } }, npmPackage());
    const { hits } = await matrix.runApp({
      ...place,
      args: [...preloads, ...REGISTER, 'annotated.cjs'],
      env: {
        FRAMEWORK: framework,
        ...(isTraced ? { CLOSE_AT_SIGTERM: '1' } : {}),
      },
      requests: REQUESTS,
    });
    const found = hits.map(summaryOf);
    expect(found.sort((a, b) => String(a[0]).localeCompare(String(b[0])))).toEqual(EXPECTED);
  },
);
