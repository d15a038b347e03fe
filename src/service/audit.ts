import type { OperationModel, ServiceModel } from '../model/model.ts';
import type { Decision, PolicySet } from '../policy/evaluate.ts';
import type { Explanation } from '../policy/explain.ts';
import type { HttpFacts } from './context.ts';
import type { Principal } from './principal.ts';
import type { ActionRequest } from './service.ts';

/** One action of a call, decided. */
export interface ActionDecision {
  readonly principal: Principal;
  readonly request: ActionRequest;
  readonly decision: Decision;
  /** What was consulted. */
  readonly policies: PolicySet;
  /** Made for denials, while the request's context is at hand. */
  readonly explanation?: Explanation;
  /** A denial that audit mode let through. */
  readonly audited?: boolean;
}

/** Whether audit mode let through what it would have denied. */
export function wouldDeny(decisions: readonly ActionDecision[]): boolean {
  return decisions.some(({ audited }) => audited === true);
}

/** A call that has its answer, as the pipeline hands it over. Nothing of it is kept past the return of `record` but values. */
export interface AuditedCall {
  readonly requestId: string;
  readonly service: { readonly name: string };
  readonly model: ServiceModel;
  readonly operation: OperationModel;
  readonly principal: Principal;
  /** Absent for calls from inside and for unsigned ones. */
  readonly accessKeyId: string | undefined;
  readonly region: string;
  readonly ctx: {
    readonly account: string;
    readonly decisions: readonly ActionDecision[];
    /** What the outermost request showed. */
    readonly http?: HttpFacts;
  };
  /** The services the call came through, outermost first: `cloudformation.amazonaws.com`. Empty for calls from outside. */
  readonly via: readonly string[];
  readonly input: Readonly<Record<string, unknown>> | undefined;
  readonly output: Readonly<Record<string, unknown>> | undefined;
  readonly fault: unknown;
  readonly errorCode: string | undefined;
}

/** A request to a front door that made decisions. */
export interface AuditedRequest {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly decisions: readonly ActionDecision[];
}

/** What was decided of one request, in plain JSON. */
export interface RecordedDecision {
  readonly requestId: string;
  readonly atMs: number;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  /** ARN, service or `anonymous`. */
  readonly principal: string;
  readonly principalKind: Principal['kind'];
  readonly answer: 'allowed' | 'denied' | 'would-deny';
  readonly errorCode?: string;
  readonly decisions: readonly Explanation[];
}

/** What a principal has done, counted: one action on one resource (on a group of them where there are many). */
export interface Activity {
  readonly action: string;
  readonly resource: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the last time. */
  readonly region: string;
}

/**
 * The record of what was done and decided. Management calls leave an event each, data calls are counted and the latest
 * of them kept; denials are always kept.
 */
export interface AuditPort {
  /** Resolves when the record of a call that changed something is durable; returns at once for all others. Never rejects. */
  record(call: AuditedCall): Promise<void> | undefined;
  recordRequest(request: AuditedRequest): void;
  /** The decision of a request, while it is kept. */
  decision(requestId: string): Promise<RecordedDecision | undefined>;
  /** What a user or role (by its ARN) has been allowed and done since a time. */
  activity(account: string, principalArn: string, sinceMs: number): Promise<readonly Activity[]>;
  /** Writes what waits. */
  flush(): Promise<void>;
}

/** What encoded authorization messages are sealed as, and how long they can be decoded. */
export const AUTHORIZATION_MESSAGE = 'authorization-message';
export const AUTHORIZATION_MESSAGE_MS = 24 * 60 * 60 * 1000;

/** An encoded authorization message, opened. */
export interface AuthorizationMessage {
  /** Of the principal that was denied. */
  readonly account: string;
  /** Virtual time. */
  readonly expiresAtMs: number;
  /** As DecodeAuthorizationMessage shows it. */
  readonly decoded: unknown;
}

const DENIALS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'UnauthorizedOperation',
]);

/** Whether an error code is one by which services refuse for want of a permission. */
export function isDenial(code: string): boolean {
  return DENIALS.has(code);
}
