import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../support/child-process.js';

const config = parse(readFileSync(`${ROOT}examples/collector/collector.yaml`, 'utf8'));
const pipelines = Object.values<Record<string, string[]>>(config.service.pipelines);

test('every part of the Collector is set up and used', () => {
  for (const part of ['receivers', 'processors', 'exporters']) {
    const used = pipelines.flatMap((pipeline) => pipeline[part] ?? []);
    expect(new Set(used)).toEqual(new Set(Object.keys(config[part])));
  }
  expect(config.service.extensions).toEqual(Object.keys(config.extensions));
});

test('each address of the load balancer is a receiver whose spans go to a gateway of its own, by way of a queue on disk', () => {
  const addresses: string[] = config.exporters.loadbalancing.resolver.static.hostnames;
  const gateways = addresses.map((address) => {
    const isAt = (name: string) => config.receivers[name].protocols.grpc.endpoint === address;
    const pipeline = pipelines.find(({ receivers = [] }) => receivers.some(isAt));
    const exporter = config.exporters[pipeline?.exporters?.[0] as string];
    expect(Object.keys(config.extensions)).toContain(exporter.sending_queue.storage);
    return exporter.endpoint;
  });
  expect(gateways).toEqual(['http://gateway-1:4318', 'http://gateway-2:4318']);
});
