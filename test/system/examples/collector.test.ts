import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../support/child-process.js';

type Named<T> = Readonly<Record<string, T>>;

interface Pipeline {
  readonly receivers: string[];
  readonly processors?: string[];
  readonly exporters: string[];
}

const config = parse(readFileSync(`${ROOT}examples/collector/collector.yaml`, 'utf8')) as {
  extensions: Named<object>;
  receivers: Named<{ protocols: { grpc: { endpoint: string } } }>;
  exporters: Named<{
    endpoint?: string;
    sending_queue?: { storage?: string };
    resolver?: { static: { hostnames: string[] } };
  }>;
  processors: Named<object>;
  service: { extensions: string[]; pipelines: Named<Pipeline> };
};
const pipelines = Object.values(config.service.pipelines);

test('every part of the Collector is set up and used', () => {
  const used = (part: keyof Pipeline) => pipelines.flatMap((pipeline) => pipeline[part] ?? []);
  expect(new Set(used('receivers'))).toEqual(new Set(Object.keys(config.receivers)));
  expect(new Set(used('processors'))).toEqual(new Set(Object.keys(config.processors)));
  expect(new Set(used('exporters'))).toEqual(new Set(Object.keys(config.exporters)));
  expect(config.service.extensions).toEqual(Object.keys(config.extensions));
});

test('each address of the load balancer is a receiver whose spans go to a gateway of its own, by way of a queue on disk', () => {
  const gateways = config.exporters.loadbalancing?.resolver?.static.hostnames.map((address) => {
    const [name] =
      Object.entries(config.receivers).find(
        ([, { protocols }]) => protocols.grpc.endpoint === address,
      ) ?? [];
    const pipeline = pipelines.find(({ receivers }) => receivers.includes(name as string));
    const exporter = config.exporters[pipeline?.exporters[0] as string];
    expect(Object.keys(config.extensions)).toContain(exporter?.sending_queue?.storage);
    return exporter?.endpoint;
  });
  expect(gateways).toEqual(['http://gateway-1:4318', 'http://gateway-2:4318']);
});
