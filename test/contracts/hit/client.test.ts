import { words } from '../../support/words.js';
import { golden } from './golden.js';

const HINTS = {
  'sec-ch-ua': '"Chromium";v="130", "Not?A_Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
};

/** As they are sent: in the order of the names. */
const NAMES = words('brand brands fullVersionList mobile model platform platformVersion version');

const SENT_HINTS = {
  brands: [
    { brand: 'Chromium', version: '130' },
    { brand: 'Not?A_Brand', version: '99' },
  ],
  mobile: false,
  platform: 'Linux',
};
golden(
  (
    [
      ['user-agent', undefined, { ua: '-' }],
      ['user-agent', ' a\u0000b ', { ua: 'a b' }],
      ['user-agent', 'x'.repeat(1100), { ua: 'x'.repeat(1024) }],
      ['user-agent', Buffer.from('Bär/1').toString('latin1'), { ua: 'Bär/1' }],
      ['user-agent', 'B\u00e4r/1', { ua: 'Bär/1' }], // Latin-1
      ['accept-language', 'sv,'.repeat(100), { lang: 'sv,'.repeat(85) }],
    ] as const
  ).map(([name, value, sent]) => ({ facts: { headers: { [name]: value } }, page: sent })),
);

golden(
  (
    [
      [HINTS, SENT_HINTS],
      [
        {
          ...HINTS,
          'sec-ch-ua-mobile': '?1',
          'sec-ch-ua-full-version-list': '"Chromium";v="130.0.1"',
          'sec-ch-ua-model': '"Pixel \\"9\\""',
          'sec-ch-ua-platform-version': '"6.1"',
        },
        {
          ...SENT_HINTS,
          fullVersionList: [{ brand: 'Chromium', version: '130.0.1' }],
          mobile: true,
          model: 'Pixel "9"',
          platformVersion: '6.1',
        },
      ],
      [
        {
          'sec-ch-ua': '"A";v="1"; x, "B";v="2"',
          'sec-ch-ua-mobile': '?0',
          'sec-ch-ua-platform': 'Linux',
          'sec-ch-ua-model': '""',
        },
        { brands: [{ brand: 'A', version: '1' }], mobile: false },
      ],
      [{ ...HINTS, 'user-agent': undefined }, SENT_HINTS],
      [{ ...HINTS, 'sec-ch-ua': '' }, undefined],
    ] as const
  ).map(([headers, sent]) => ({
    facts: { headers },
    page: { uadata: sent === undefined ? null : JSON.stringify(sent, NAMES) },
  })),
);

golden([
  { name: 'hints of a request before are not those of the next one', before: [{ headers: HINTS }] },
  { options: { trackBots: false }, page: { bots: null } },
  {
    facts: { calls: [['annotate', { ua: 'App/1', lang: 'de', uadata: '{"brands":[]}' }]] },
    page: { ua: 'App/1', lang: 'de', uadata: '{"brands":[]}' },
  },
]);
