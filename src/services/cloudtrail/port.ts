import { explain } from '../../policy/explain.ts';
import {
  type ActionDecision,
  type Activity,
  type AuditedCall,
  type AuditedRequest,
  type AuditPort,
  isDenial,
  type RecordedDecision,
  wouldDeny,
} from '../../service/audit.ts';
import type { OrganizationsPort } from '../../service/organizations.ts';
import type { Principal } from '../../service/principal.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import { ActiveTrails } from './active-trails.ts';
import { ActivityCounts } from './activity.ts';
import { lookupKeys, type TrailEvent, trailEvent } from './event.ts';
import { Journal } from './journal.ts';
import { layout } from './layout.ts';
import { factsOf, type OperationFacts } from './operation-facts.ts';
import { scheduleDecisionExpiry, scheduleExpiry } from './retention.ts';
import { Samples } from './samples.ts';

export interface AuditOptions {
  readonly store: Store;
  readonly world: World;
  /** Whose trails take the events of an account besides its own. */
  readonly organizations: OrganizationsPort;
  /** Something could not be recorded. */
  readonly onError: (error: unknown, lost: number) => void;
}

/** Real time between two writes of what data calls left. */
const GATHER_MS = 1_000;

export function createAudit(options: AuditOptions): AuditPort {
  return new Audit(options);
}

class Audit implements AuditPort {
  readonly #store: Store;
  readonly #world: World;
  readonly #journal: Journal;
  readonly #counts = new ActivityCounts();
  readonly #samples = new Samples();
  readonly #trails: ActiveTrails;
  #gathering = false;

  constructor({ store, world, organizations, onError }: AuditOptions) {
    this.#store = store;
    this.#world = world;
    this.#journal = new Journal(store, world, onError);
    this.#trails = new ActiveTrails(store, world, organizations);
  }

  record(call: AuditedCall): Promise<void> | undefined {
    const facts = factsOf(call.model, call.operation);
    const nowMs = this.#world.clock.now();
    const { decisions } = call.ctx;
    const denied = call.errorCode !== undefined && isDenial(call.errorCode);
    if (!denied) this.#count(decisions, call.region, nowMs);
    if (facts.management) return this.#recordManagement(call, facts, nowMs);
    if (this.#trails.takeData) this.#recordData(call, facts, nowMs);
    if (denied || wouldDeny(decisions)) {
      this.#journal.writeSoon(decisionEntry(decisionOf(call, nowMs), this.#world));
    } else {
      this.#samples.add(call, nowMs);
      this.#gather();
    }
    return undefined;
  }

  #count(decisions: readonly ActionDecision[], region: string, nowMs: number): void {
    for (const decision of decisions) this.#counts.note(decision, region, nowMs);
    this.#gather();
  }

  #recordManagement(call: AuditedCall, facts: OperationFacts, nowMs: number): Promise<void> | undefined {
    const event = trailEvent(call, facts, this.#world.random.uuid(), nowMs);
    const decision = decisionEntry(decisionOf(call, nowMs), this.#world);
    const deliver = this.#trails.entry(event, call.ctx.account, nowMs);
    const write = eventEntry(event, call.ctx.account, nowMs, this.#world);
    const entry = async (tx: Transaction) => {
      await write(tx);
      await decision(tx);
      await deliver?.(tx);
    };
    if (facts.readOnly) {
      this.#journal.writeSoon(entry);
      return undefined;
    }
    const written = this.#journal.write(entry);
    // What a service does on the way is written at once, but only the answer that leaves waits: the journal keeps
    // the order, so that what was set off by it is durable with it.
    return call.via.length === 0 ? written : undefined;
  }

  #recordData(call: AuditedCall, facts: OperationFacts, nowMs: number): void {
    const event = trailEvent(call, facts, this.#world.random.uuid(), nowMs);
    const deliver = this.#trails.entry(event, call.ctx.account, nowMs);
    if (deliver !== undefined) this.#journal.writeSoon(deliver);
  }

  recordRequest(request: AuditedRequest): void {
    const nowMs = this.#world.clock.now();
    const [first] = request.decisions;
    if (first === undefined) return;
    if (request.decisions.every(({ decision }) => decision.allowed)) {
      this.#count(request.decisions, request.region, nowMs);
      return;
    }
    const row: RecordedDecision = {
      requestId: request.requestId,
      atMs: nowMs,
      account: first.principal.account,
      region: request.region,
      service: request.service,
      operation: request.operation,
      ...nameOf(first.principal),
      answer: wouldDeny(request.decisions) ? 'would-deny' : 'denied',
      decisions: request.decisions.map(explanationOf),
    };
    this.#journal.writeSoon(decisionEntry(row, this.#world));
  }

  async decision(requestId: string): Promise<RecordedDecision | undefined> {
    await this.flush();
    const { decisions } = layout.global();
    return (await decisions.get(this.#store, [requestId])) ?? this.#samples.find(requestId, this.#store);
  }

  async activity(account: string, principalArn: string, sinceMs: number): Promise<readonly Activity[]> {
    await this.flush();
    const rows = await layout.at(account, '').activity.all(this.#store, [principalArn]);
    return rows
      .filter(({ value }) => value.lastMs >= sinceMs)
      .map(({ key: [, action, resource], value }) => ({ action, resource, ...value }));
  }

  /** Writes counts and samples a little later, all that came meanwhile together. */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#world.timers.after(GATHER_MS, () => {
      this.#gathering = false;
      void this.flush();
    });
  }

  flush(): Promise<void> {
    if (!this.#counts.empty) this.#journal.writeSoon(this.#counts.take());
    const samples = this.#samples.take();
    if (samples.length > 0) {
      const rows = samples.map(({ call, atMs }) => decisionOf(call, atMs));
      this.#journal.writeSoon(this.#samples.entry(rows));
    }
    return this.#written();
  }

  async #written(): Promise<void> {
    await this.#trails.settled();
    await this.#journal.flush();
  }
}

function eventEntry(event: TrailEvent, account: string, nowMs: number, world: World) {
  const { awsRegion, eventID } = event.record;
  const { events, lookup } = layout.at(account, awsRegion);
  const schedule = scheduleExpiry(account, awsRegion, nowMs, world);
  return async (tx: Transaction) => {
    events.set(tx, [nowMs, eventID], event);
    for (const [attribute, value] of lookupKeys(event))
      lookup.set(tx, [attribute, value, nowMs, eventID], true);
    await schedule(tx);
  };
}

function decisionEntry(row: RecordedDecision, world: World) {
  const { decisions, decisionAges } = layout.global();
  const schedule = scheduleDecisionExpiry(row.atMs, world);
  return async (tx: Transaction) => {
    decisions.set(tx, [row.requestId], row);
    decisionAges.set(tx, [row.atMs, row.requestId], true);
    await schedule(tx);
  };
}

function explanationOf({ request, decision, policies, explanation }: ActionDecision) {
  return explanation ?? explain(request, policies, decision);
}

function nameOf(principal: Principal) {
  const name =
    principal.kind === 'service'
      ? principal.service
      : principal.kind === 'anonymous'
        ? 'anonymous'
        : principal.arn;
  return { principal: name, principalKind: principal.kind };
}

type Decided = Omit<AuditedCall, 'model' | 'input' | 'output' | 'fault' | 'accessKeyId' | 'via'>;

function decisionOf(call: Decided, atMs: number): RecordedDecision {
  const { requestId, ctx, region, service, operation, errorCode } = call;
  const denied = errorCode !== undefined && isDenial(errorCode);
  return {
    requestId,
    atMs,
    account: ctx.account,
    region,
    service: service.name,
    operation: operation.name,
    ...nameOf(call.principal),
    answer: denied ? 'denied' : wouldDeny(ctx.decisions) ? 'would-deny' : 'allowed',
    ...(errorCode === undefined ? {} : { errorCode }),
    decisions: ctx.decisions.map(explanationOf),
  };
}
