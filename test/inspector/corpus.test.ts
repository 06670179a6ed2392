// Compares what the inspector says of hits with what a real Matomo made of them: test/fixtures/matomo-corpus and matomo-ai-chatbots.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unescapeHtml } from '../../src/common/unescape-html.js';
import type { InspectedHit, InspectorOptions } from '../../src/inspector/index.js';
import { sendBulk, sendWire, start, type WireRequest } from './inspector-client.js';

type Row = Readonly<Record<string, string | number | null>>;

/** A hit that was sent to a real Matomo, its answer and its rows. `{{…}}` stands for times and tokens. */
interface RecordedHit {
  readonly id: string;
  readonly about: string;
  readonly group?: string;
  readonly sent_at: number;
  readonly token: string;
  readonly times?: Readonly<Record<string, string>>;
  readonly hit: string;
  readonly answer: { readonly body: unknown };
  readonly stored: Readonly<Partial<Record<'actions' | 'conversions' | 'bot', readonly Row[]>>>;
}

function readCases<Recorded>(file: string): Recorded[] {
  const lines = readFileSync(new URL(`../fixtures/${file}.jsonl`, import.meta.url), 'utf8');
  return JSON.parse(`[${lines.trimEnd().replaceAll('\n', ',')}]`);
}

/** What Matomo made of a hit; `undefined` if it answered with an error. */
function toExpected({ id, answer, stored, hit }: RecordedHit): object | undefined {
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  if (!body.includes('"status":"success"')) return undefined;
  const { actions = [], conversions = [], bot = [] } = stored;
  const [row] = [...bot, ...actions, ...conversions];
  if (row === undefined)
    return { id, outcome: body.includes('"invalid":1') ? 'invalid' : 'dropped' };
  const { url, title, search, content_name, idorder } = row;
  const event = [row.event_category, row.event_action, row.event_name].filter((name) => name);
  const type = toType(row, conversions.includes(row));
  const conversion = { goal: `goal ${row.idgoal}`, order: `order ${idorder}` }[type];
  const name = title ?? search ?? content_name ?? conversion ?? event.join(' / ');
  const dimensions = [...new URLSearchParams(hit).keys()].filter((one) => SENT_DIMENSION.test(one));
  const dropped = dimensions.filter(
    (one) => !(one.replace('dim', 'custom_dim').replace('ion', 'ion_') in row),
  );
  return {
    id,
    outcome: 'stored',
    type,
    title: unescapeHtml(String(name ?? '')),
    url: unescapeHtml(String(url ?? '')),
    ...(bot.includes(row) && { chatbot: row.bot_name }),
    dropped: actions.includes(row) && stored.bot === undefined ? dropped : [],
  };
}

/** A dimension of an action; 4 is one of a visit. */
const SENT_DIMENSION = /^dimension(?!4$)[1-9]\d*$/;

/** Of chatbots, the type was not recorded. `none` is an action without a URL and a title. */
function toType({ type, url_type, idgoal }: Row, isConversion: boolean): string {
  if (isConversion) return Number(idgoal) > 0 ? 'goal' : idgoal === 0 ? 'order' : 'cart';
  return String(type ?? (url_type === 3 ? 'download' : 'page'));
}

function toActual(id: string, hit: InspectedHit): object {
  const { verdict, stored, visitor, droppedParameters = {} } = hit;
  if (stored === null) return { id, outcome: verdict === 'invalid' ? 'invalid' : 'dropped' };
  const { type, title = '', url = '' } = stored;
  const isNone = `${title}${url}` === '' && /^(?:page|download|link)$/.test(type);
  return {
    id,
    outcome: 'stored',
    type: isNone && verdict === 'tracked' ? 'none' : type,
    title,
    url,
    ...(verdict === 'ai_chatbot' && { chatbot: visitor }),
    dropped: Object.keys(droppedParameters).filter((name) => SENT_DIMENSION.test(name)),
  };
}

/** About these, the inspector claims nothing; this package sends none of them. */
const NOT_JUDGED: readonly RegExp[] = [
  /^§2.1 element: (?!many|array|bad|encoded|name|raw|repeated|unencoded)/, // hits that are no query, odd names
  /UTF-8|latin-1/, // bytes that are not UTF-8
  /site without access|anonymous|wrong|\?idsite=3&.*&cip=/, // the access of a token
  /&idgoal=(?!0(?:&|$))(?!1(?:&.*)?$)|goal on site/, // which goals exist
  /&cdt=(?!\{\{now[^|}]*\}\}(?:&|$))|&cdo=/, // times that are no seconds of the last years
  /&cip=(?:64\.18|66\.249|72\.14|74\.125|173\.194|209\.85|216\.239|65\.5|157\.|207\.46|1\.202)/, // addresses of bots
  /\{\{now-86[34]\d\d\}\}/, // times that are a day ago within seconds, which a busy machine takes
  /semalt|darodar|buttons-for-website/i, // referrer spam
  /^§8 recMode/, // which Matomo 5.2 did not read
  /&cid=0(?:&|$)/,
  /&ec_id=[^&]{101}/,
  /&action_name=%(?:C2%A0|E2%80%83|EF%BB%BF)/, // spaces that only Unicode knows
  /\?idsite=(?!\d+&)|&(?:c_n|link|download)=0(?:&|$)|fit: url/,
  /&(?:url|download)=(?:tel:|[a-z]+:(?!\/\/)|[^&]*(?:\/\/:secret|:99999|:abc\b|;|&amp;|%5B|\[\]|%0[AD01]|#[^&]*q=))/i, // unusual URLs
  /&url=app\.example\.org\/\?q/,
];

async function inspectAll(recorded: readonly RecordedHit[], options: InspectorOptions) {
  const inspector = await start(options);
  const shift = Math.floor(Date.now() / 1000);
  const fill = ({ times = {}, sent_at, hit }: RecordedHit) =>
    hit
      .replace(/\{\{token:.*?\}\}/g, 'T')
      .replace(/\{\{(.*?)\}\}/g, (_, name) => String(shift - sent_at + Number(times[name])));
  const ids: string[] = [];
  for (const isWithToken of [true, false]) {
    const some = recorded.filter(({ token }) => (token !== 'none') === isWithToken);
    await sendBulk(inspector, some.map(fill), isWithToken ? { token: 'T' } : {});
    ids.push(...some.map(({ id }) => id));
  }
  const hits = inspector.hits();
  expect(hits).toHaveLength(ids.length);
  return new Map(hits.map((hit, i) => [ids[i], hit]));
}

const DIMENSIONS = { dimensions: [1, 2, 3] };

test.each([
  ['matomo-corpus/hits', { 1: DIMENSIONS, 2: DIMENSIONS, 3: { dimensions: [] } }, 1_300],
  ['matomo-ai-chatbots/cases', undefined, 180],
] as const)('%s: stored, invalid or dropped, and as what', async (file, sites, least) => {
  const cases = readCases<RecordedHit>(file).filter((one) => {
    const text = `${one.group ?? one.about} ${one.hit} ${unescape(one.hit)}`;
    return !/view|wrong/.test(one.token) && !NOT_JUDGED.some((pattern) => pattern.test(text));
  });
  const judged = cases.filter((one) => toExpected(one) !== undefined);
  const hits = await inspectAll(judged, { customVariables: true, ...(sites && { sites }) });
  expect(judged.length).toBeGreaterThan(least);
  expect(judged.map(({ id }) => toActual(id, hits.get(id) as InspectedHit))).toEqual(
    judged.map(toExpected),
  );
});

/** A bulk that was sent to a real Matomo, and its answer. */
interface RecordedBulk extends Pick<RecordedHit, 'id' | 'about'> {
  readonly request: Partial<WireRequest>;
  readonly answer: { readonly status: number; readonly body: string };
}

/** Bodies that this package does not send, and rules for the access of tokens. */
const UNUSUAL_BULK =
  /^§(?:2.3|10|6.1|7)|mixed|oldcdt|requests: map|surrogate|newline in|nesting|BOM|UTF-8 byte|UTF-16|multipart/;

test('how a request is read, and its answer', async () => {
  const inspector = await start({ sites: { 1: {}, 2: {}, 3: {} } });
  const bulks = readCases<RecordedBulk>('matomo-corpus/bulks').filter(
    ({ about, answer }) => answer.status < 300 && !UNUSUAL_BULK.test(about),
  );
  expect(bulks.length).toBeGreaterThan(70);
  for (const { id, request, answer } of bulks) {
    const body = String(request.body ?? '').replaceAll(/\{\{token:.*?\}\}/g, 'T');
    const given = await sendWire(inspector, { ...request, body });
    const expected = answer.body.replace(/,"invalid_indices":.*?\]/, ''); // which a super user's token gets
    expect([id, given.status, given.body]).toEqual([id, answer.status, expected]);
  }
});
