import { type ExpectedHit, get, type Scenario } from '../scenario.js';

const CHATBOT = 'Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)';

/** What Matomo reports of the requests of AI chatbots: status, bytes and time. */
const row = (
  name: string,
  does: string,
  path: string,
  params: ExpectedHit['params'],
  {
    method = 'GET',
    status = 200,
    ...more
  }: Partial<Scenario> & {
    readonly method?: string;
    readonly status?: number;
  } = {},
): Scenario => ({
  name: `an AI chatbot that gets ${name}`,
  does,
  sends: [get(path, { method, headers: { 'user-agent': CHATBOT } })],
  hits: [
    {
      hit: `chatbot ${status}`,
      params: { ua: CHATBOT, recMode: '1', http_status: String(status), ...params },
    },
  ],
  ...more,
});

export const CHATBOTS: readonly Scenario[] = [
  row('a page of a known size', 'sends 5,000 bytes', '/chatbot-page', {
    bw_bytes: '5000',
    pf_srv: /^\d+$/,
  }),
  // Over HTTP/1.1, parts have a length of their own.
  row('a page in parts', 'sends 5,000 bytes in parts', '/chatbot-parts', {
    bw_bytes: /^5[0-3]\d\d$/,
  }),
  row('a stream', 'streams 5,000 bytes', '/chatbot-stream', { bw_bytes: '5000' }),
  row('no body', 'status 204', '/chatbot-empty', { bw_bytes: undefined }, { status: 204 }),
  row(
    'headers only',
    'sends 5,000 bytes',
    '/chatbot-head',
    { bw_bytes: undefined },
    {
      method: 'HEAD',
    },
  ),
  row('a failure', 'status 503', '/chatbot-failure', { bw_bytes: /^1?2$/ }, { status: 503 }),
  row('a document', 'pdf', '/files/chatbot.pdf', {
    download: /\/files\/chatbot\.pdf$/,
    url: undefined,
  }),
  {
    name: 'an AI chatbot that leaves',
    does: 'writes half',
    sends: [get('/chatbot-left', { headers: { 'user-agent': CHATBOT }, leaves: 'in the body' })],
    hits: [{ hit: 'chatbot 499', params: { http_status: '499' } }],
  },
  {
    name: 'two AI chatbots on one connection',
    does: 'sends 5,000 bytes',
    needs: ['HTTP/1.1'],
    sends: [
      get('/chatbot-kept-alive', {
        raw: [1, 2]
          .map((i) =>
            [
              `GET /chatbot-kept-alive?${i} HTTP/1.1`,
              'Host: shop.example',
              'X-Consent: yes',
              `User-Agent: ${CHATBOT}`,
              ...(i === 2 ? ['Connection: close'] : []),
              '\r\n',
            ].join('\r\n'),
          )
          .join(''),
        isOneByOne: true,
      }),
    ],
    hits: [1, 2].map((i) => ({
      hit: 'chatbot 200',
      params: { url: new RegExp(`\\?${i}$`), bw_bytes: '5000' },
    })),
  },
];
