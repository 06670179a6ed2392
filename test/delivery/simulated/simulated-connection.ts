import { ConnectionReuse } from '../../../src/delivery/http/connection.js';
import type { Exchange } from '../../../src/delivery/http/transport.js';
import { noAnswer } from '../../support/scripted-transport.js';

const ANSWER_MILLIS = 5;
/** Between an answer and the moment in which the sender notices that the connection was closed after it. */
const NOTICE_MILLIS = 10;

/** The connections of a sender, one after the other. It decides about them as the transport does. */
export class SimulatedConnection {
  /** Bulks that came on a connection that was closed already. */
  lost = 0;
  /** How often the other side has begun to close connections after it had left them open. */
  closings = 0;
  readonly #reuse = new ConnectionReuse();
  /** The other side has closed the connection, and nobody has noticed. */
  #noticing: NodeJS.Timeout | undefined;
  #wasClosing = false;

  /** Takes a request to the other side, and its answer back, after which the other side may close the connection. */
  async carry(isClosing: () => boolean, answer: () => Exchange): Promise<Exchange> {
    const closesAfter = await this.#reuse.next();
    if (this.#noticing !== undefined) {
      this.lost += 1;
      this.#notice();
      return noAnswer;
    }
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MILLIS));
    const exchange = answer();
    this.#reuse.recordResult(exchange.kind === 'answer', closesAfter);
    if (exchange.kind !== 'answer') return exchange;
    const closes = isClosing();
    if (closes && !this.#wasClosing) this.closings += 1;
    this.#wasClosing = closes;
    if (closes && !closesAfter) this.#noticing = setTimeout(() => this.#notice(), NOTICE_MILLIS);
    return exchange;
  }

  #notice(): void {
    clearTimeout(this.#noticing);
    this.#noticing = undefined;
    this.#reuse.recordClose();
  }
}
