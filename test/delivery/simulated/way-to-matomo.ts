import type { Exchange, Transport } from '../../../src/delivery/http/transport.js';
import { nameOf } from '../../support/named-hits.js';
import { noAnswer } from '../../support/scripted-transport.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { Fault } from './simulated-matomo.js';
import type { SimulatedProcess } from './simulated-process.js';

/** What Matomo does to a bulk of which then nobody knows what was stored. */
const MAY_LOSE: readonly Fault[] = ['gateway time-out', 'some lost inside'];

/** What a process is told of a bulk for whose answer it has no more time. */
const CUT_OFF: Exchange = { ...noAnswer };

/** The way of one process of a machine to its Matomo, which notes what passes. What it has sent arrives, also where it is killed then. */
export function createWayToMatomo(machine: SimulatedMachine, number: number): Transport {
  const own = () => machine.processes[number - 1] as SimulatedProcess;
  let giveUp = (_: Exchange) => {};
  return {
    async send(body) {
      if (own().isDead) return new Promise(() => undefined);
      const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
      const names = requests.map(nameOf);
      for (const name of names) own().sent.add(name);
      own().pace.beforeSend(names);
      own().inFlight = names.every((name) => machine.written.has(name)) ? names.length : 0;
      const given = new Promise<Exchange>((resolve) => {
        giveUp = resolve;
      });
      const exchange = await Promise.race([machine.matomo.sendFrom(number, body), given]);
      const mayHaveLost = exchange.kind === 'no_answer' || MAY_LOSE.includes(machine.matomo.fault);
      await own().awake;
      if (own().isDead) return new Promise(() => undefined);
      own().inFlight = 0;
      own().pace.afterAnswer(names, exchange);
      if (exchange === CUT_OFF) machine.cutOff += names.length;
      if (mayHaveLost) for (const name of names) machine.mayBeMissing.add(name);
      return exchange;
    },
    close: async () => giveUp(CUT_OFF),
  };
}
