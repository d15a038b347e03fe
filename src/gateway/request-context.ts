import type { ContextLookup, ContextValue, ContextValues } from '../policy/request.ts';
import type { HttpFacts } from '../service/context.ts';
import { type AccountControls, ownerOf } from '../service/organizations.ts';
import type { Principal } from '../service/principal.ts';
import type { ActionRequest, ServiceDefinition } from '../service/service.ts';
import type { World } from '../world/world.ts';
import { tagKeysOf, tagOf } from './request-tags.ts';

const folded = new Map<string, string>();
/** Context keys compare without regard to case; their spellings are few, so each is folded once. */
function fold(name: string): string {
  let key = folded.get(name);
  if (key === undefined) {
    key = name.toLowerCase();
    if (folded.size < 10_000) folded.set(name, key);
  }
  return key;
}

function isLookup(values: ContextValues | ContextLookup): values is ContextLookup {
  return typeof values['get'] === 'function';
}

function find(values: ContextValues | ContextLookup | undefined, key: string): ContextValue | undefined {
  if (values === undefined) return undefined;
  if (isLookup(values)) return values.get(key);
  for (const name in values) if (fold(name) === key) return values[name];
  return undefined;
}

const PRINCIPAL_TYPES = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  'federated-user': 'FederatedUser',
  service: 'Service',
  anonymous: 'Anonymous',
} as const;

const RESOURCE_TAG = 'aws:resourcetag/';
const SERVICE_TAG = /^[a-z0-9-]+:(?:resourcetag|buckettag)\/(.*)$/s;

/** The organizations of both sides. */
export interface Controls {
  readonly caller: AccountControls | undefined;
  readonly owner: AccountControls | undefined;
}

/** What is asked about: an operation's call, or a front door's request. */
export interface Subject {
  readonly principal: Principal;
  readonly region: string;
  readonly host: { readonly world: World };
  readonly ctx: { readonly http?: HttpFacts; readonly via: readonly string[] };
  /** Absent at front doors. */
  readonly input?: Readonly<Record<string, unknown>>;
  readonly definition?: ServiceDefinition | undefined;
  /** Absent for calls from inside. */
  readonly http: HttpFacts | undefined;
}

/**
 * The condition keys of one action of one call, computed only when a policy asks.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export class RequestContext implements ContextLookup {
  readonly #call: Subject;
  readonly #principal: ContextValues;
  readonly #request: ActionRequest;
  readonly #controls: Controls | undefined;
  readonly #resourceTags: Readonly<Record<string, string>> | undefined;

  /** `principal` holds what the identity brings: its tags and its session's keys. `resourceTags` are read where a policy asks. */
  constructor(
    call: Subject,
    principal: ContextValues,
    request: ActionRequest,
    controls?: Controls,
    resourceTags?: Readonly<Record<string, string>>,
  ) {
    this.#call = call;
    this.#principal = principal;
    this.#request = request;
    this.#controls = controls;
    this.#resourceTags = resourceTags;
  }

  get(key: string): ContextValue | undefined {
    return key.startsWith('aws:')
      ? (this.#global(key) ??
          find(this.#request.context, key) ??
          find(this.#principal, key) ??
          this.#tag(key))
      : (find(this.#request.context, key) ??
          find(this.#principal, key) ??
          this.#serviceKey(key) ??
          this.#serviceTag(key));
  }

  #global(key: string): ContextValue | undefined {
    const { principal, host, ctx } = this.#call;
    const http = this.#call.http ?? ctx.http;
    const known = principal.kind !== 'anonymous' && principal.kind !== 'service';
    switch (key) {
      case 'aws:principalarn':
        return principal.kind === 'role' ? principal.roleArn : known ? principal.arn : undefined;
      case 'aws:principalaccount':
        return known ? principal.account : undefined;
      case 'aws:principaltype':
        return PRINCIPAL_TYPES[principal.kind];
      case 'aws:userid':
        return known ? principal.userId : undefined;
      case 'aws:username':
        return principal.kind === 'user' ? principal.userName : undefined;
      case 'aws:principalisawsservice':
        return principal.kind === 'service';
      case 'aws:principalservicename':
        return principal.kind === 'service' ? principal.service : undefined;
      case 'aws:sourcearn':
        return principal.kind === 'service' ? principal.sourceArn : undefined;
      case 'aws:sourceaccount':
        return principal.kind === 'service' ? principal.account : undefined;
      case 'aws:viaawsservice':
        return this.#call.http === undefined;
      case 'aws:sourceip':
        return http?.sourceIp;
      case 'aws:securetransport':
        return http?.secure ?? true;
      case 'aws:useragent':
        return http?.headers['user-agent'];
      case 'aws:referer':
        return http?.headers['referer'];
      case 'aws:requestedregion':
        return this.#call.region;
      case 'aws:currenttime':
        return new Date(host.world.clock.now()).toISOString();
      case 'aws:epochtime':
        return Math.floor(host.world.clock.now() / 1000);
      case 'aws:resourceaccount':
        return this.#request.resource === '*' ? undefined : ownerOf(this.#request, principal);
      case 'aws:calledvia':
        return ctx.via.length === 0 ? undefined : ctx.via;
      case 'aws:calledviafirst':
        return ctx.via[0];
      case 'aws:calledvialast':
        return ctx.via.at(-1);
      case 'aws:multifactorauthage':
        return this.#secondFactorAge();
      case 'aws:principalorgid':
        return known ? this.#controls?.caller?.organizationId : undefined;
      case 'aws:principalorgpaths':
        return known ? listOf(this.#controls?.caller?.path) : undefined;
      case 'aws:resourceorgid':
        return this.#request.resource === '*' ? undefined : this.#controls?.owner?.organizationId;
      case 'aws:resourceorgpaths':
        return this.#request.resource === '*' ? undefined : listOf(this.#controls?.owner?.path);
      case 'aws:sourceorgid':
        return principal.kind === 'service' ? this.#controls?.caller?.organizationId : undefined;
      case 'aws:sourceorgpaths':
        return principal.kind === 'service' ? listOf(this.#controls?.caller?.path) : undefined;
      default:
        return undefined;
    }
  }

  /** Seconds since the session's second factor was shown: when it was issued. */
  #secondFactorAge(): number | undefined {
    if (String(find(this.#principal, 'aws:multifactorauthpresent')) !== 'true') return undefined;
    const issuedMs = Date.parse(String(find(this.#principal, 'aws:tokenissuetime')));
    return Number.isNaN(issuedMs)
      ? undefined
      : Math.floor((this.#call.host.world.clock.now() - issuedMs) / 1000);
  }

  #serviceKey(key: string): ContextValue | undefined {
    const { definition, http, host } = this.#call;
    if (http === undefined) return undefined;
    // S3's name of a global key.
    if (key === 's3:resourceaccount') return this.#global('aws:resourceaccount');
    return definition?.requestKey?.(key, http, host.world.clock.realNow());
  }

  /** Services have names of their own for the tags of what is theirs: `iam:ResourceTag/…`, `s3:BucketTag/…`. */
  #serviceTag(key: string): ContextValue | undefined {
    const tag = this.#resourceTags === undefined ? undefined : SERVICE_TAG.exec(key)?.[1];
    return tag === undefined ? undefined : find(this.#resourceTags, tag);
  }

  /** Tags the request carries, where the service's own rule does not say. */
  #tag(key: string): ContextValue | undefined {
    if (key.startsWith(RESOURCE_TAG)) return find(this.#resourceTags, key.slice(RESOURCE_TAG.length));
    const { input } = this.#call;
    if (input === undefined) return undefined;
    if (key === 'aws:tagkeys') return listOf(...tagKeysOf(input));
    return key.startsWith('aws:requesttag/') ? tagOf(input, key.slice('aws:requesttag/'.length)) : undefined;
  }
}

function listOf(...values: readonly (string | undefined)[]): readonly string[] | undefined {
  const found = values.filter((value) => value !== undefined);
  return found.length === 0 ? undefined : found;
}
