import type { AuditedCall } from '../../service/audit.ts';
import type { HttpFacts } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { OperationFacts } from './operation-facts.ts';
import { isoSeconds, shownParameters } from './parameters.ts';
import { type EventResource, resourceOf } from './resource.ts';
import { type UserIdentity, userIdentity, userNameOf } from './user-identity.ts';

/** An event and what it is found by. */
export interface TrailEvent {
  readonly record: EventRecord;
  readonly userName?: string;
  readonly resources: readonly EventResource[];
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
export interface EventRecord {
  readonly eventVersion: string;
  readonly userIdentity: UserIdentity;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly Readonly<Record<string, string>>[];
  readonly eventType: 'AwsApiCall';
  readonly apiVersion?: string;
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly eventCategory: 'Management' | 'Data';
  readonly tlsDetails?: {
    readonly tlsVersion: string;
    readonly cipherSuite: string;
    readonly clientProvidedHostHeader: string;
  };
}

/** The services that tell the version of their API, as they spell it. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  'dynamodb.amazonaws.com': '2012-08-10',
  'logs.amazonaws.com': '20140328',
};

/** Reads whose answer is worth recording: they hand out credentials. */
const ISSUES_CREDENTIALS = /^AssumeRo|^GetFederationToken$|^GetSessionToken$/;

/** The event of a call that has its answer. */
export function trailEvent(
  call: AuditedCall,
  facts: OperationFacts,
  eventId: string,
  nowMs: number,
): TrailEvent {
  const { model, operation, ctx, errorCode, fault, principal } = call;
  const resources = resourcesOf(call);
  const userName = userNameOf(call);
  // What a service does is seen to come from it, whoever's request set it off.
  const service = call.via.at(-1) ?? (principal.kind === 'service' ? principal.service : undefined);
  const answers = !facts.readOnly || (model.name === 'sts' && ISSUES_CREDENTIALS.test(operation.name));
  const apiVersion = API_VERSIONS[facts.eventSource];
  const record: EventRecord = {
    eventVersion: '1.11',
    userIdentity: userIdentity(call),
    eventTime: isoSeconds(nowMs),
    eventSource: facts.eventSource,
    eventName: facts.eventName,
    awsRegion: facts.region ?? call.region,
    sourceIPAddress: service ?? ctx.http?.sourceIp ?? '127.0.0.1',
    userAgent: service ?? ctx.http?.headers['user-agent'] ?? '-',
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorCode !== undefined && Fault.is(fault) ? { errorMessage: fault.message } : {}),
    requestParameters: shownParameters(model, operation.input, call.input),
    responseElements:
      errorCode === undefined && answers ? shownParameters(model, operation.output, call.output) : null,
    requestID: call.requestId,
    eventID: eventId,
    readOnly: facts.readOnly,
    ...(resources.length === 0
      ? {}
      : {
          resources: resources.map(({ arn, account, type }) => ({
            ARN: arn,
            accountId: account,
            ...(type === undefined ? {} : { type }),
          })),
        }),
    eventType: 'AwsApiCall',
    ...(apiVersion === undefined ? {} : { apiVersion }),
    managementEvent: facts.management,
    recipientAccountId: ctx.account,
    eventCategory: facts.management ? 'Management' : 'Data',
    // A service's own calls come over no connection of the client's.
    ...(service === undefined ? tlsDetails(ctx.http) : {}),
  };
  return { record, resources, ...(userName === undefined ? {} : { userName }) };
}

function tlsDetails(http: HttpFacts | undefined): Pick<EventRecord, 'tlsDetails'> {
  if (http?.tls === undefined) return {};
  const { version, cipher } = http.tls;
  return {
    tlsDetails: {
      tlsVersion: version,
      cipherSuite: cipher,
      clientProvidedHostHeader: http.headers['host'] ?? http.host,
    },
  };
}

function resourcesOf({ ctx }: AuditedCall): readonly EventResource[] {
  const found = new Map<string, EventResource>();
  for (const { request } of ctx.decisions) {
    if (found.has(request.resource)) continue;
    const resource = resourceOf(request.resource, request.resourceAccount ?? ctx.account);
    if (resource !== undefined) found.set(request.resource, resource);
  }
  return [...found.values()];
}

/** What LookupEvents finds the event by: each attribute with its values. */
export function lookupKeys({
  record,
  userName,
  resources,
}: TrailEvent): readonly (readonly [string, string])[] {
  const accessKeyId = record.userIdentity['accessKeyId'];
  const keys: (readonly [string, string])[] = [
    ['EventId', record.eventID],
    ['EventName', record.eventName],
    ['EventSource', record.eventSource],
    ['ReadOnly', String(record.readOnly)],
    ...(userName === undefined ? [] : [['Username', userName] as const]),
    ...(typeof accessKeyId === 'string' ? [['AccessKeyId', accessKeyId] as const] : []),
    ...resources.flatMap(({ type, name, arn }) => [
      ...(type === undefined ? [] : [['ResourceType', type] as const]),
      ['ResourceName', name] as const,
      ...(arn === name ? [] : [['ResourceName', arn] as const]),
    ]),
  ];
  return [...new Map(keys.map((key) => [key.join('\n'), key])).values()];
}
