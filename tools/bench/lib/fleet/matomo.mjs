/** Measured with Matomo 5.2 on PHP 8.2 and MariaDB: 15 ms for a bulk and 1.75 ms for each of its hits, of one core. */
export const BULK_MILLIS = 15;
export const HIT_MILLIS = 1.75;

/**
 * Takes bulks as Matomo does: each is one transaction that locks the visitors of its hits one after the other and keeps
 * them locked to its end. Bulks that wait for each other deadlock; the one that closes the circle is rolled back (500).
 */
export class SimulatedMatomo {
  /** Bulks that were rolled back. */
  deadlocks = 0;
  inFlight = 0;
  /** Hits whose visitor was in another bulk at the same time: a new visitor becomes two visits then. */
  besideOthers = 0;
  isUnavailable = false;
  #clock;
  #freeCores;
  #ready = [];
  #locks = new Map();
  #visitors = new Map();

  constructor(clock, cores) {
    this.#clock = clock;
    this.#freeCores = cores;
  }

  /** `done` gets whether the hits are stored. */
  receive(hits, done) {
    if (this.isUnavailable) {
      this.#clock.after(1, () => done(false));
      return;
    }
    this.inFlight += 1;
    const bulk = { hits, next: 0, locked: [], waitsFor: undefined, waiting: [], done };
    for (const { visitor } of hits) {
      const others = this.#visitors.get(visitor);
      if (others?.some((other) => other !== bulk)) this.besideOthers += 1;
      if (others === undefined) this.#visitors.set(visitor, [bulk]);
      else others.push(bulk);
    }
    this.#work(bulk, BULK_MILLIS);
  }

  #work(bulk, millis) {
    this.#ready.push({ bulk, millis });
    this.#startWork();
  }

  #startWork() {
    while (this.#freeCores > 0 && this.#ready.length > 0) {
      const { bulk, millis } = this.#ready.shift();
      this.#freeCores -= 1;
      this.#clock.after(millis, () => {
        this.#freeCores += 1;
        this.#goOn(bulk);
        this.#startWork();
      });
    }
  }

  /** The next hit, as soon as its visitor is free. */
  #goOn(bulk) {
    if (bulk.next === bulk.hits.length) {
      this.#end(bulk, true);
      return;
    }
    const { visitor } = bulk.hits[bulk.next];
    const owner = this.#locks.get(visitor);
    if (owner !== undefined && owner !== bulk) {
      if (waitsFor(owner, bulk)) {
        this.deadlocks += 1;
        this.#end(bulk, false);
        return;
      }
      bulk.waitsFor = owner;
      owner.waiting.push(bulk);
      return;
    }
    if (owner === undefined) {
      this.#locks.set(visitor, bulk);
      bulk.locked.push(visitor);
    }
    bulk.next += 1;
    this.#work(bulk, HIT_MILLIS);
  }

  #end(bulk, stored) {
    this.inFlight -= 1;
    for (const visitor of bulk.locked) this.#locks.delete(visitor);
    for (const { visitor } of bulk.hits) {
      const others = this.#visitors.get(visitor)?.filter((other) => other !== bulk) ?? [];
      if (others.length > 0) this.#visitors.set(visitor, others);
      else this.#visitors.delete(visitor);
    }
    bulk.done(stored);
    for (const waiting of bulk.waiting) {
      waiting.waitsFor = undefined;
      this.#goOn(waiting);
    }
  }
}

function waitsFor(bulk, other) {
  for (let at = bulk; at !== undefined; at = at.waitsFor) if (at === other) return true;
  return false;
}
