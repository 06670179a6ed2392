import { copyText, RecentTexts } from '../../common/recent-texts.js';
import { type HitText, partOf, rawPart, siteText } from '../hit-text.js';
import type { HttpRequest } from '../http-request.js';
import { maskAddress, plainAddress } from './addresses.js';
import { NONE } from './client.js';
import {
  createToClient,
  createToVisitorId,
  DAY_MILLIS,
  dayOf,
  type KeyOfDay,
  keyOfSession,
  type VisitorTraits,
} from './visitor-id.js';

/** Replaces the address if an option hides addresses. Matomo stores it with an unknown country. */
const HIDDEN_ADDRESS = '0.0.0.0';

/** The maximum number of visitors that are remembered. A power of two. */
const MAX_VISITORS = 8192;

export interface VisitorOptions {
  readonly anonymizeIp: number;
  /** Whether `cip` is sent without information about the client. */
  readonly hidesAddress?: boolean | undefined;
  /** Whether delivery has a token. Without one, Matomo rejects hits with parameters that need it. */
  readonly hasToken: boolean;
  readonly trackBots: boolean;
  readonly visitorId: unknown;
  /** The key, or a function that returns the key of a day, which is deleted later. */
  readonly visitorKey: string | Buffer | KeyOfDay;
  /** With `strict`, only user IDs of the option `userId` are sent. */
  readonly privacy?: 'strict' | undefined;
}

/** A visitor as Matomo counts it, for one site and one UTC day. */
export interface Visitor extends VisitorTraits {
  readonly day: number;
  /** The visitor ID; `undefined` if none is sent. */
  readonly id: string | undefined;
  /** Site, address and visitor ID, with which each hit of the visitor begins. */
  readonly text: string;
  /** A keyed hash of an address that no option masks; `undefined` without a key for the day. */
  readonly toClient: (address: string, epochSeconds: number) => string | undefined;
}

/**
 * Finds the visitor of each request, and decides which address and IDs are sent. `visitor-id.ts` derives IDs, `addresses.ts` masks
 * addresses, and `trusted-proxies.ts` finds the address of a client behind proxies.
 */
export function createVisitors(options: VisitorOptions) {
  const { anonymizeIp, hasToken, hidesAddress = false, trackBots } = options;
  const hidesOtherUserIds = options.privacy === 'strict';
  const areKeysDeleted = typeof options.visitorKey === 'function';
  const toVisitorId = createToVisitorId(options.visitorKey);
  const toClient = createToClient(options.visitorKey);
  const visitors = new RecentTexts<Visitor>(MAX_VISITORS);

  /** The address from which an ID is derived. If no address is sent, Matomo stores the address of this server. */
  function toAddress(address: string | undefined): string | undefined {
    // The address is not masked: once the key is deleted, nobody can derive the address from an ID.
    if (hidesAddress && areKeysDeleted) return address ?? '';
    const masked = address && maskAddress(address, anonymizeIp);
    return hidesAddress ? (masked ?? '') : masked;
  }

  function newVisitor(traits: VisitorTraits, day: number): Visitor {
    const { site, userAgent, startMillis, session } = traits;
    const address = traits.address && copyText(traits.address);
    const sentAddress = hidesAddress ? HIDDEN_ADDRESS : address;
    const cip = hasToken && address !== undefined ? partOf('cip', sentAddress) : '';
    const id = options.visitorId === 'none' ? undefined : toVisitorId(traits);
    const cid = id === undefined ? '' : rawPart('cid', id);
    const text = copyText(siteText(site, trackBots) + cip + cid);
    return { address, userAgent, site, startMillis, session, day, id, text, toClient };
  }

  /** The visitor with these traits. No visitor is cached if IDs must not be linked to addresses later. */
  function find(traits: VisitorTraits): Visitor {
    const { address = '', userAgent, site, startMillis, session } = traits;
    const day = dayOf(startMillis);
    const who = session === undefined ? userAgent : keyOfSession(session);
    const known = visitors.find(who, address);
    if (known && known.day === day && known.site === site) return known;
    const visitor = newVisitor(traits, day);
    const mayKeep = known !== undefined || visitors.mayKeep;
    if (mayKeep && !areKeysDeleted) visitors.keep(visitor, who, address);
    return visitor;
  }

  /** The address of a hit, to the extent that an ID may be derived from it. */
  function addressIn(hit: HitText, { address }: VisitorTraits): string | undefined {
    const sent = hit.get('cip');
    const isRead = sent === undefined || sent === (hidesAddress ? HIDDEN_ADDRESS : address);
    return isRead ? address : toAddress(plainAddress(sent) ?? sent);
  }

  return {
    of(
      { address, operation, sender }: HttpRequest,
      userAgent: string,
      site: number,
      startMillis: number,
    ): Visitor {
      const session = operation?.mcp?.session;
      const latest = sender?.visitor;
      const isSame =
        latest?.toClient === toClient &&
        sender?.address === address &&
        latest.userAgent === userAgent &&
        latest.session === session &&
        latest.site === site &&
        latest.day === Math.floor(startMillis / DAY_MILLIS);
      if (isSame) return latest;
      const visitor = find({ address: toAddress(address), userAgent, site, startMillis, session });
      if (sender !== undefined && !areKeysDeleted) {
        sender.visitor = visitor;
        sender.address = address;
      }
      return visitor;
    },
    /** The address as dimensions send it; `undefined` if it is unknown. */
    addressOf({ address }: VisitorTraits): string | undefined {
      return hidesAddress && address ? HIDDEN_ADDRESS : address || undefined;
    },
    /**
     * Derives the visitor ID again if site, address or user agent of the hit were replaced, unless the ID itself was. A parameter that was removed
     * changes nothing. Must be called before the address is hidden, because hidden addresses are all the same.
     */
    follow(hit: HitText): void {
      const { named } = hit;
      if (!named || hit.get('cid') !== named.id) return;
      const site = Number(hit.get('idsite'));
      const address = addressIn(hit, named);
      const userAgent = userAgentIn(hit, named);
      const isSame = address === named.address && userAgent === named.userAgent;
      if (isSame && site === named.site) return;
      hit.named = find({ ...named, site, address, userAgent });
      if (hit.named.id !== undefined) hit.set('cid', hit.named.id);
    },
    /** Hides and masks values that options restrict, whatever has set them. Called after `beforeSend`. */
    hide(hit: HitText): void {
      const address = hit.isNamedAnew ? hit.get('cip') : undefined; // otherwise the address is that of the visitor
      if (address !== undefined && hidesAddress) hit.set('cip', HIDDEN_ADDRESS);
      // The visitor's own address is already masked.
      else if (address !== undefined && anonymizeIp > 0 && address !== hit.named?.address)
        hit.set('cip', maskAddress(plainAddress(address) ?? address, anonymizeIp));
      if (hidesOtherUserIds && hit.find('uid') !== hit.user) hit.delete('uid');
    },
    idOf: toVisitorId,
  };
}

function userAgentIn(hit: HitText, { userAgent }: VisitorTraits): string {
  const sent = hit.get('ua');
  return sent === undefined || sent === NONE ? userAgent : sent;
}
