import { expect, test } from 'vitest';
import { startBoth, TRACKED } from '../../support/both-services.js';
import { sendRaw } from '../../support/raw-request.js';

const AWS = 'application/x-amz-json-1.1';
const XML = 'text/xml; charset=utf-8';

const ACTIONS: [string, string, string, string, string][] = [
  ['/', 'X-Amz-Target', 'Kinesis_20131202.ListStreams', AWS, 'POST / ListStreams'],
  [
    '/',
    'x-amz-target',
    'DynamoDB_20120810.GetItem',
    'application/x-amz-json-1.0',
    'POST / GetItem',
  ],
  ['/', 'X-Amz-Target', 'AmazonSQS.SendMessage', 'application/json', 'POST / SendMessage'],
  [
    '/',
    'X-Amz-Target',
    'Kinesis_20131202.PutRecord',
    'application/x-amz-cbor-1.1',
    'POST / PutRecord',
  ],
  ['/', 'X-Amz-Target', 'Logs.PutEvents', 'text/html', 'POST /'],
  ['/', 'X-Amz-Target', '', AWS, 'POST /'],
  ['/', 'X-Amz-Target', 'Kinesis_20131202.', AWS, 'POST /'],
  ['/', 'X-Amz-Target', `A.${'b'.repeat(300)}`, AWS, 'POST /'],
  ['/orders', 'SOAPAction', '"http://shop.example/Orders/GetOrder"', XML, 'POST /orders GetOrder'],
  ['/orders', 'SOAPAction', 'urn:shop#GetOrder', XML, 'POST /orders GetOrder'],
  ['/orders', 'SOAPAction', '"urn:shop:GetOrder"', 'application/soap+xml', 'POST /orders GetOrder'],
  ['/orders', 'SOAPAction', '""', XML, 'POST /orders'],
  ['/orders', 'SOAPAction', '"http://shop.example/Orders/"', XML, 'POST /orders'],
];

for (const tracked of TRACKED) {
  test.each(ACTIONS)(
    `${tracked}: POST %s with %s: %s, answered by %s`,
    async (path, name, value, type, title) => {
      const service = await startBoth(tracked, (_request, response) => {
        response.writeHead(200, { 'content-type': type }).end('{}');
      });
      const lines = `Host: shop.example\r\n${name}: ${value}\r\nExpect: 100-continue\r\nConnection: close`;
      await sendRaw(service, `POST ${path} HTTP/1.1\r\n${lines}\r\n\r\n`);
      const [hit] = await service.hitsOf(1);
      expect(hit?.params.action_name).toBe(title);
    },
  );
}
