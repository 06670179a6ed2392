import { type EncodedHit, isOrder } from '../queue/batch.js';

/** So many goals are named in a line of the log. */
const MAX_GOALS = 10;

/** Counts what the log says about rejected hits until its next line. Order IDs are not read: they may identify customers. */
export class InvalidHits {
  #known = new Summary();
  /** Of bulks whose response does not say which hits are invalid. */
  #possible = new Summary();

  /** Adds the hits of a bulk of which `invalid` were rejected: those at `indices`, if the response has them. */
  add(sent: readonly EncodedHit[], invalid: number, indices?: readonly number[]): void {
    if (invalid === 0) return;
    if (invalid === sent.length) for (const hit of sent) this.#known.add(hit);
    else if (indices) for (const i of new Set(indices)) this.#known.add(sent[i]);
    else for (const hit of sent) this.#possible.add(hit);
  }

  /** What was added since the last call, as sentences; empty if there was no goal and no order. */
  describe(): string {
    const known = this.#known.text;
    const possible = this.#possible.text;
    this.#known = new Summary();
    this.#possible = new Summary();
    const rejected = known === '' ? '' : ` Rejected: ${known}.`;
    return possible === '' ? rejected : `${rejected} Possibly rejected: ${possible}.`;
  }
}

/** Goals and orders among some hits. */
class Summary {
  readonly #goals = new Set<string>();
  #orders = 0;

  add(hit: EncodedHit | undefined): void {
    if (!hit) return;
    if (isOrder(hit)) this.#orders += 1;
    else if (this.#goals.size <= MAX_GOALS) {
      const goal = goalOf(hit);
      if (goal !== undefined) this.#goals.add(goal);
    }
  }

  /** `goals 7, 9; 2 orders`, or an empty text. */
  get text(): string {
    const goals = [...this.#goals].slice(0, MAX_GOALS);
    const more = this.#goals.size > MAX_GOALS ? ' and others' : '';
    const parts = [
      ...(goals.length === 0 ? [] : [`${nameOf(goals)} ${goals.join(', ')}${more}`]),
      ...(this.#orders === 0 ? [] : [this.#orders === 1 ? '1 order' : `${this.#orders} orders`]),
    ];
    return parts.join('; ');
  }
}

function nameOf({ length }: readonly string[]): string {
  return length === 1 ? 'goal' : 'goals';
}

/** `idgoal=0` is an order or a cart. */
function goalOf({ buffer, start, end }: EncodedHit): string | undefined {
  return /[?&]idgoal=([1-9]\d{0,9})/.exec(buffer.toString('latin1', start, end))?.[1];
}
