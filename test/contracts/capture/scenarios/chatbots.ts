import { type ExpectedHit, get, type Scenario } from '../scenario.js';

const CHATBOT = 'Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)';

/** What Matomo reports of the requests of AI chatbots: status, bytes and time. */
export const CHATBOTS = (
  [
    ['a page of a known size', 'sends 5,000 bytes', { bw_bytes: '5000', pf_srv: /^\d+$/ }],
    // Over HTTP/1.1, parts have a length of their own.
    ['a page in parts', 'sends 5,000 bytes in parts', { bw_bytes: /^5[0-3]\d\d$/ }],
    ['a stream', 'streams 5,000 bytes', { bw_bytes: '5000' }],
    ['no body', 'status 204', { bw_bytes: undefined, http_status: '204' }],
    ['headers only', 'sends 5,000 bytes', { bw_bytes: undefined }, { method: 'HEAD' }],
    [
      'half of a page, and leaves',
      'writes half',
      { http_status: '499' },
      { leaves: 'in the body' },
    ],
  ] as const
).map(([what, does, params, sent = {}]: Row): Scenario => {
  const { http_status: status = '200' } = params;
  return {
    name: `an AI chatbot that gets ${what}`,
    does,
    sends: [
      get(`/chatbot-${what.replaceAll(' ', '-')}`, { headers: { 'user-agent': CHATBOT }, ...sent }),
    ],
    hits: [{ hit: `chatbot ${status}`, params: { ua: CHATBOT, recMode: '1', ...params } }],
  };
});

type Row = readonly [
  what: string,
  does: string,
  params: NonNullable<ExpectedHit['params']>,
  sent?: Parameters<typeof get>[1],
];
