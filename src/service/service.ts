import type { Readable } from 'node:stream';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { OperationModel } from '../model/model.ts';
import type { Violation } from '../model/violation.ts';
import type { ContextLookup, ContextValue, ContextValues } from '../policy/request.ts';
import type { KeyRange, Transaction } from '../store/store.ts';
import type { Context, HttpFacts } from './context.ts';
import type { FrontDoor } from './front-door.ts';

/** An operation: what the model says goes in and comes out, and the caller's context. */
export type Operation<Input, Output> = (input: Input, ctx: Context) => Promise<Output>;

/** Erased form, as the registry and the pipeline hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the pipeline decodes and validates by the model before it calls
export type AnyOperation = Operation<any, unknown>;

/** A map of operation name to types, as the generated types export it (`DynamodbOperations`). */
export type OperationTypes = Record<string, { readonly input: unknown; readonly output: unknown }>;

/** A group file exports operations typed by the model: `export const tables = { CreateTable, … } satisfies Group<DynamodbOperations>`. */
export type Group<Types> = {
  readonly [Name in keyof Types]?: Types[Name] extends { readonly input: infer I; readonly output: infer O }
    ? Operation<I, O>
    : never;
};

/** One thing a request wants to do; every one of them must be allowed. */
export interface ActionRequest {
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** The resource's ARN, or `*` for actions without one. */
  readonly resource: string;
  /** The resource as a denial names it, where that is not its ARN: `user alice`, whose path is not for all to know. */
  readonly named?: string;
  /** True where the resource's own policy cannot lock out its account's root: what unlocks the resource again. */
  readonly rootUnbound?: boolean;
  /** Who owns the resource, where its ARN does not say (S3's). */
  readonly resourceAccount?: string;
  /** Service context keys of this request, such as `dynamodb:LeadingKeys`; a lookup where they cost something. */
  readonly context?: ContextValues | ContextLookup;
}

/** What an authorisation rule may look at besides the input. */
export interface AuthorisationScope {
  readonly account: string;
  readonly region: string;
  /** Reads what the rule needs to name its resource (an ARN that a row holds, say). */
  readonly ctx: Context;
}

/**
 * What a request needs. `'none'`: no permission, or the operation asks by itself; an empty list is not that, but a
 * request that names nothing, which is asked about as a whole.
 */
// biome-ignore lint/suspicious/noExplicitAny: see AnyOperation
export type AuthorisationRule<Input = any> = (
  input: Input,
  scope: AuthorisationScope,
) => MaybePromise<readonly ActionRequest[] | 'none'>;

/** The rule of each operation. An operation without one is denied. `'none'`: the operation authenticates by itself. */
export type Authorisation<Types> = {
  readonly [Name in keyof Types]?:
    | AuthorisationRule<Types[Name] extends { readonly input: infer I } ? I : never>
    | 'none';
};

/**
 * Background work of a service: a row, run at least once after its transaction committed and it came due. What it
 * answers is written in the transaction that deletes the row.
 */
// biome-ignore lint/suspicious/noExplicitAny: each kind's payload is what its service wrote
export type JobHandler<Payload = any> = (
  payload: Payload,
  ctx: Context,
) => Promise<void> | Promise<Settlement | undefined>;

/** The last writes of a job: a transaction body like any other. It shares its transaction with other jobs' ends. */
export type Settlement = (tx: Transaction) => Promise<void>;

/** A request that a page makes of another origin, or the preflight that asks for it. */
export interface CrossOriginRequest {
  readonly origin: string;
  /** Of the request itself, not of its preflight. */
  readonly method: string;
  /** With S3's bucket in front. */
  readonly path: string;
  /** The header names a preflight asks for. */
  readonly headers?: readonly string[];
  readonly preflight: boolean;
}

export interface ServiceDefinition {
  /** The folder's and the AWS CLI's name: `dynamodb`, `cognito-idp`. */
  readonly name: string;
  /** The model in `models/`, usually of the same name; absent for services that are front doors alone. */
  readonly model?: string;
  readonly operations: Readonly<Record<string, AnyOperation>>;
  readonly authorisation: Readonly<Record<string, AuthorisationRule | 'none'>>;
  readonly frontDoors?: readonly FrontDoor[];
  readonly jobs?: Readonly<Record<string, JobHandler>>;
  /** The policy attached to a resource of this service, as JSON text, for an ARN an authorisation rule named. */
  readonly resourcePolicy?: (resourceArn: string, ctx: Context) => MaybePromise<string | undefined>;
  /** True where without the word of a resource's policy nobody has access, its own account's root included: KMS. */
  readonly resourceMustAllow?: boolean;
  /**
   * Whether a page of another origin may make a request of a resource that says so itself (a bucket): the headers of
   * the answer, `'refused'`, or undefined where no such resource is meant and the gateway's own rule holds.
   */
  readonly crossOrigin?: (
    request: CrossOriginRequest,
    ctx: Context,
  ) => Promise<Readonly<Record<string, string>> | 'refused' | undefined>;
  /** Condition keys that every request of this service has by how it was sent; `key` in lower case, `nowMs` of the machine's clock. */
  readonly requestKey?: (key: string, request: HttpFacts, nowMs: number) => ContextValue | undefined;
  /** The tags of such a resource; asked only where a policy does. */
  readonly resourceTags?: (
    resourceArn: string,
    ctx: Context,
  ) => Promise<Readonly<Record<string, string>> | undefined>;
  /**
   * Whom a call that nobody signed is about, by what its input names: it is recorded there. Undefined where that is
   * nobody's.
   */
  readonly unsignedScope?: (
    input: Readonly<Record<string, unknown>>,
    ctx: Context,
  ) => Promise<{ readonly account: string; readonly region: string } | undefined>;
  /** Throws for what of an input that the model refuses is said alone, before anything else that is wrong with it. */
  readonly refuseAlone?: (
    input: Readonly<Record<string, unknown>>,
    violations: readonly Violation[],
    operation: OperationModel,
  ) => void;
  /** The error code of input the model refuses, where it is not the protocol's own (`ValidationException`). */
  readonly validationCode?: string;
  /** The rows that change when something new stands at a resource (records of a stream, messages of a queue). */
  readonly changes?: (resourceArn: string, ctx: Context) => Promise<KeyRange | undefined>;
  /** When there is next something to be had there (a message that is hidden by now), in virtual time; undefined for never. */
  readonly nextChange?: (resourceArn: string, ctx: Context) => Promise<number | undefined>;
  /** A denial's error, where it is not the protocol's own (`AccessDenied`). */
  readonly denial?: { readonly code: string; readonly status: number };
  /** Input that a query request's path gives: SQS's queue URLs are addresses to send to. The request's own fields win. */
  readonly pathMembers?: (path: string, operation: OperationModel) => Readonly<Record<string, unknown>>;
  /** What a query request of an action that the service has not is told, where it is not the usual. */
  readonly unknownAction?: (action: string) => string;
  /** Operations kept but not simulated: the support table and the log line say so. */
  readonly stored?: readonly string[];
  /** Called once when the server starts; may resume what rows say was under way. Returns its stop. */
  readonly start?: (ctx: Context) => Promise<(() => Promise<void>) | undefined>;
}

/** Checks what types cannot and returns the definition unchanged. */
export function defineService(definition: ServiceDefinition): ServiceDefinition {
  return definition;
}

/** A streaming blob as a handler receives it (S3's PutObject) and may return it. */
export type StreamingBlob = Readable;
