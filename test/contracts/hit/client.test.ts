import { additional, golden, page } from './golden.js';

const headers = (headers: Readonly<Record<string, string | undefined>>, more = {}) => ({
  headers,
  ...more,
});
const HINTS = {
  'sec-ch-ua': '"Chromium";v="130", "Not?A_Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
};

/** What is sent of `HINTS`. */
const SENT_HINTS =
  '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}],"mobile":false,"platform":"Linux"}';
const SIGNED = {
  'signature-agent': '"https://chatgpt.com"',
  'signature-input': 'sig1',
  signature: 'sig1=:x:',
};
const SENT_SIGNED = { ai_s: '1', ai_si: '1', ai_sa: '"https://chatgpt.com"' };

golden(
  (
    [
      ['user-agent', undefined, { ua: '-' }],
      ['user-agent', '  ', { ua: '-' }],
      ['user-agent', ' a\u0000b ', { ua: 'a b' }],
      ['user-agent', 'x'.repeat(1100), { ua: 'x'.repeat(1024) }],
      ['user-agent', Buffer.from('Bär/1').toString('latin1'), { ua: 'Bär/1' }],
      ['user-agent', 'B\u00e4r/1', { ua: 'Bär/1' }], // Latin-1
      ['accept-language', undefined, { lang: null }],
      ['accept-language', '', { lang: null }],
      ['accept-language', 'sv,'.repeat(100), { lang: 'sv,'.repeat(85) }],
    ] as const
  ).map(([name, value, sent]) => ({ facts: { headers: { [name]: value } }, page: sent })),
);

golden([
  {
    name: 'client hints',
    facts: headers(HINTS),
    page: { uadata: SENT_HINTS },
  },
  {
    name: 'all client hints',
    facts: headers({
      ...HINTS,
      'sec-ch-ua-mobile': '?1',
      'sec-ch-ua-full-version-list': '"Chromium";v="130.0.1"',
      'sec-ch-ua-model': '"Pixel \\"9\\""',
      'sec-ch-ua-platform-version': '"6.1"',
    }),
    page: {
      uadata:
        '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}],"fullVersionList":[{"brand":"Chromium","version":"130.0.1"}],"mobile":true,"model":"Pixel \\"9\\"","platform":"Linux","platformVersion":"6.1"}',
    },
  },
  {
    name: 'client hints without mobile',
    facts: headers({ 'sec-ch-ua': HINTS['sec-ch-ua'] }),
    page: {
      uadata:
        '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}]}',
    },
  },
  { name: 'client hints without brands', facts: headers({ ...HINTS, 'sec-ch-ua': '' }) },
  {
    name: 'invalid client hints',
    facts: headers({
      ...HINTS,
      'sec-ch-ua': '"A";v="1"; x, "B";v="2"',
      'sec-ch-ua-platform': 'Linux',
      'sec-ch-ua-model': '""',
    }),
    page: { uadata: '{"brands":[{"brand":"A","version":"1"}],"mobile":false}' },
  },
  {
    name: 'client hints without a user agent',
    facts: headers({ ...HINTS, 'user-agent': undefined }),
    page: { uadata: SENT_HINTS },
  },
  {
    name: 'hints of a request before are not those of the next one',
    before: [headers(HINTS)],
    facts: headers({}),
  },
  {
    name: 'a signed agent',
    facts: headers(SIGNED),
    page: SENT_SIGNED,
  },
  {
    name: 'an agent without a signature',
    facts: headers({ ...SIGNED, signature: undefined }),
  },
  {
    name: 'an agent without the input of its signature',
    facts: headers({ ...SIGNED, 'signature-input': undefined }),
  },
  {
    name: 'another signed agent',
    facts: headers({ ...SIGNED, 'signature-agent': '"https://other.example"' }),
  },
  {
    name: 'an event of a signed agent',
    facts: { ...headers(SIGNED), calls: [['trackEvent', 'a', 'b']] },
    hits: [page(SENT_SIGNED), additional({ ...SENT_SIGNED, e_c: 'a', e_a: 'b' })],
  },
  {
    name: 'bots are tracked only with trackBots',
    options: { trackBots: false },
    page: { bots: null },
  },
  {
    name: 'annotate sets the client',
    facts: { calls: [['annotate', { ua: 'App/1', lang: 'de', uadata: '{"brands":[]}' }]] },
    page: { ua: 'App/1', lang: 'de', uadata: '{"brands":[]}' },
  },
  {
    name: 'annotate cannot remove the user agent',
    facts: { calls: [['annotate', { ua: '', lang: ' ' }]] },
    problems: ['parameter-invalid'],
  },
]);
