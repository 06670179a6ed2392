import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { annotate, measure } from 'opentelemetry-matomo';

const app = express();

app.get('/parcels/:id', async (request, response) => {
  const parcel = await measure('pf_dm1', () => findParcel(request.params.id));
  annotate({ action_name: 'Parcel', cvar: { country: parcel.country } });
  response.json(parcel);
});

async function findParcel(id) {
  await delay(20);
  return { id, country: 'NZ' };
}

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/parcels/1`);
});

process.once('SIGTERM', () => server.close());
