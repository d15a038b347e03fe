import { parseArn } from '../../base/arn.ts';
import type { ActionDecision } from '../../service/audit.ts';
import type { Principal } from '../../service/principal.ts';
import type { Transaction } from '../../store/store.ts';
import { type ActivityRow, layout } from './layout.ts';

/** Distinct rows held in memory; what comes past them before the next flush is not counted. */
const MOST_ROWS = 20_000;

interface Count {
  readonly action: string;
  readonly resource: string;
  count: number;
  firstMs: number;
  lastMs: number;
  region: string;
}

/** Who, for counting: a role's sessions are the role. Undefined for those whose permissions nobody writes. */
export function actorArn(principal: Principal): string | undefined {
  switch (principal.kind) {
    case 'role':
      return principal.roleArn;
    case 'user':
    case 'root':
      return principal.arn;
    case 'federated-user':
      return principal.userArn;
    default:
      return undefined;
  }
}

/**
 * Resources of which there are as many as calls count as one: the objects of a bucket, the streams of a log group, the
 * paths of an API.
 */
export function resourceGroup(arn: string): string {
  if (arn.startsWith('arn:aws:s3:::')) {
    const slash = arn.indexOf('/');
    return slash < 0 ? arn : `${arn.slice(0, slash)}/*`;
  }
  if (arn.startsWith('arn:aws:logs:')) {
    const stream = arn.indexOf(':log-stream:');
    return stream < 0 ? arn : `${arn.slice(0, stream)}:*`;
  }
  if (arn.startsWith('arn:aws:execute-api:')) {
    const parsed = parseArn(arn);
    const [api, stage] = parsed?.resource.split('/') ?? [];
    return parsed === undefined
      ? arn
      : `arn:aws:execute-api:${parsed.region}:${parsed.account}:${api}/${stage ?? '*'}/*`;
  }
  return arn;
}

/** Counts of what principals did, held until they are written together. */
export class ActivityCounts {
  #actors = new Map<string, Map<string, Map<string, Count>>>();
  #rows = 0;

  get empty(): boolean {
    return this.#rows === 0;
  }

  note({ principal, request }: ActionDecision, region: string, nowMs: number): void {
    const actor = actorArn(principal);
    if (actor === undefined) return;
    let actions = this.#actors.get(actor);
    if (actions === undefined) this.#actors.set(actor, (actions = new Map()));
    const { action } = request;
    let resources = actions.get(action);
    if (resources === undefined) actions.set(action, (resources = new Map()));
    let count = resources.get(request.resource);
    if (count === undefined) {
      const resource = resourceGroup(request.resource);
      if (resource !== request.resource) count = resources.get(resource);
      if (count === undefined) {
        if (this.#rows >= MOST_ROWS) return;
        this.#rows++;
        count = { action, resource, count: 0, firstMs: nowMs, lastMs: nowMs, region };
        resources.set(resource, count);
      }
    }
    count.count++;
    count.lastMs = nowMs;
    count.region = region;
  }

  /** Takes the counts out, as an entry that adds them to the rows. */
  take(): (tx: Transaction) => Promise<void> {
    const actors = this.#actors;
    this.#actors = new Map();
    this.#rows = 0;
    return async (tx) => {
      for (const [actor, actions] of actors) {
        const rows = layout.at(parseArn(actor)?.account ?? '', '').activity;
        for (const resources of actions.values()) {
          for (const { action, resource, ...counted } of resources.values()) {
            const key: [string, string, string] = [actor, action, resource];
            rows.set(tx, key, added(await rows.get(tx, key), counted));
          }
        }
      }
    };
  }
}

function added(row: ActivityRow | undefined, counted: ActivityRow): ActivityRow {
  if (row === undefined) return counted;
  return {
    count: row.count + counted.count,
    firstMs: Math.min(row.firstMs, counted.firstMs),
    lastMs: Math.max(row.lastMs, counted.lastMs),
    region: counted.region,
  };
}
