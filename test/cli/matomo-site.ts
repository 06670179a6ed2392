import { resolveInspector } from '../../src/inspector/inspector-options.js';
import { createMatomoApi } from '../../src/inspector/server/matomo-api.js';
import { createSites } from '../../src/inspector/sites.js';
import {
  type ApiCall,
  type ApiRole,
  type MatomoApi,
  startMatomoApi,
  tokenOf,
} from '../support/matomo-api.js';

export interface SiteContents {
  /** Dimensions as the API creates them, in the scope `action` and active unless they say otherwise. */
  readonly dimensions?: readonly Readonly<Record<string, string>>[];
  readonly goals?: readonly object[];
  readonly segments?: readonly object[];
  /** Wins over everything. */
  readonly answer?: (call: ApiCall) => unknown;
}

/** Site 1 of an inspector, with some contents. It remembers what is created. Who has no access gets what was recorded. */
export async function startMatomoSite({
  dimensions = [],
  goals = [],
  segments = [],
  answer = () => undefined,
}: SiteContents = {}): Promise<MatomoApi & { writes(): string[] }> {
  const roles = (['super', 'admin', 'write', 'view'] as const).map((role) => [tokenOf(role), role]);
  const options = resolveInspector({
    customVariables: true,
    sites: { 1: { urls: ['https://shop.example'] } },
    tokens: Object.fromEntries(roles),
  });
  const inspector = createMatomoApi(options, createSites(options));
  const existing: Readonly<Record<string, readonly object[]>> = {
    'Goals.getGoals': goals,
    'SegmentEditor.getAll': segments,
  };

  function play({ method, role, params }: ApiCall): unknown {
    if (!roles.some(([, known]) => known === role)) return undefined;
    const { value } = inspector({ ...params, method, token_auth: tokenOf(role as ApiRole) });
    return Array.isArray(value) ? [...(existing[method] ?? []), ...value] : value;
  }

  for (const dimension of dimensions) {
    const params = { idSite: '1', scope: 'action', active: '1', ...dimension };
    play({ method: 'CustomDimensions.configureNewCustomDimension', role: 'super', params });
  }
  const matomo = await startMatomoApi({ answer: (call) => answer(call) ?? play(call) });
  const writes = () =>
    matomo.calls.map(({ method }) => method).filter((name) => /\.(?:configure|add)/.test(name));
  return { ...matomo, writes };
}
