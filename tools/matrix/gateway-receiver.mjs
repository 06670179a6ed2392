import diagnostics from 'node:diagnostics_channel';
import { createGateway } from 'opentelemetry-matomo/gateway';

const REQUESTS = 'http.server.request.start';

/**
 * A gateway as an application's exporter sees it. `finish` is done when what it has taken is at Matomo, and rejects
 * where something came in another way than `{ type, encoding }` or could not be used.
 */
export async function startGatewayReceiver(matomoUrl, { type, encoding }) {
  const gateway = await createGateway({ url: matomoUrl, siteId: 1, listen: '127.0.0.1:0' });
  const ways = new Set();
  const onRequest = ({ request: { headers, socket } }) => {
    if (socket.localPort !== Number(new URL(gateway.url).port)) return;
    ways.add(`${headers['content-type']} ${headers['content-encoding']}`);
  };
  diagnostics.subscribe(REQUESTS, onRequest);
  return {
    url: `${gateway.url}/v1/traces`,
    spans: () => [],
    async finish() {
      await gateway.close();
      const { rejected } = gateway.stats().spans;
      if (rejected > 0) throw new Error(`the gateway rejected ${rejected} spans`);
      const seen = [...ways].join(', ');
      if (seen !== `${type} ${encoding}`) throw new Error(`the exporter sent ${seen}`);
    },
    close() {
      diagnostics.unsubscribe(REQUESTS, onRequest);
      void gateway.close();
    },
  };
}
