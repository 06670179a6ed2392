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

golden([
  { name: 'no user agent', facts: headers({ 'user-agent': undefined }) },
  { name: 'an empty user agent', facts: headers({ 'user-agent': '  ' }), page: { ua: '-' } },
  {
    name: 'a user agent with control characters',
    facts: headers({ 'user-agent': ' a\u0000b ' }),
    page: { ua: 'a b' },
  },
  {
    name: 'a user agent that is too long',
    facts: headers({ 'user-agent': 'x'.repeat(1100) }),
    page: { ua: 'x'.repeat(1024) },
  },
  {
    name: 'a user agent in UTF-8 that was read as Latin-1',
    facts: headers({ 'user-agent': Buffer.from('Bär/1').toString('latin1') }),
    page: { ua: 'Bär/1' },
  },
  { name: 'a user agent in Latin-1', facts: headers({ 'user-agent': 'B\u00e4r/1' }) },
  { name: 'no language', facts: headers({ 'accept-language': undefined }), page: { lang: null } },
  { name: 'an empty language', facts: headers({ 'accept-language': '' }), page: { lang: null } },
  {
    name: 'a language that is too long',
    facts: headers({ 'accept-language': 'sv,'.repeat(100) }),
    page: { lang: 'sv,'.repeat(85) },
  },
  {
    name: 'client hints',
    facts: headers(HINTS),
    page: {
      uadata:
        '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}],"mobile":false,"platform":"Linux"}',
    },
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
    page: {
      uadata:
        '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}],"mobile":false,"platform":"Linux"}',
    },
  },
  {
    name: 'hints of a request before are not those of the next one',
    before: [headers(HINTS)],
    facts: headers({}),
  },
  {
    name: 'a signed agent',
    facts: headers({
      'signature-agent': '"https://chatgpt.com"',
      'signature-input': 'sig1',
      signature: 'sig1=:x:',
    }),
    page: { ai_s: '1', ai_si: '1', ai_sa: '"https://chatgpt.com"' },
  },
  {
    name: 'an agent without a signature',
    facts: headers({ 'signature-agent': '"https://chatgpt.com"', 'signature-input': 'sig1' }),
  },
  {
    name: 'an agent without the input of its signature',
    facts: headers({ 'signature-agent': '"https://chatgpt.com"', signature: 'sig1=:x:' }),
  },
  {
    name: 'another signed agent',
    facts: headers({
      'signature-agent': '"https://other.example"',
      'signature-input': 'sig1',
      signature: 'sig1=:x:',
    }),
  },
  {
    name: 'an event of a signed agent',
    facts: {
      ...headers({
        'signature-agent': '"https://chatgpt.com"',
        'signature-input': 'sig1',
        signature: 'sig1=:x:',
      }),
      calls: [['trackEvent', 'a', 'b']],
    },
    hits: [
      page({ ai_s: '1', ai_si: '1', ai_sa: '"https://chatgpt.com"' }),
      additional({ ai_s: '1', ai_si: '1', ai_sa: '"https://chatgpt.com"', e_c: 'a', e_a: 'b' }),
    ],
  },
  {
    name: 'an event of a client with hints',
    facts: { ...headers(HINTS), calls: [['trackEvent', 'a', 'b']] },
    hits: [
      page({
        uadata:
          '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}],"mobile":false,"platform":"Linux"}',
      }),
      additional({
        uadata:
          '{"brands":[{"brand":"Chromium","version":"130"},{"brand":"Not?A_Brand","version":"99"}],"mobile":false,"platform":"Linux"}',
        e_c: 'a',
        e_a: 'b',
      }),
    ],
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
