import { createHash } from 'node:crypto';
import { formatArn } from '../../base/arn.ts';
import type {
  ScalableDimension,
  ScalingActivityStatusCode,
  ServiceNamespace,
  SuspendedState,
} from '../../model/gen/application-autoscaling.ts';
import { invalid, unwritten } from './fault.ts';

/** Names a target: one dimension of one resource. */
export interface TargetName {
  readonly ServiceNamespace: ServiceNamespace;
  readonly ResourceId: string;
  readonly ScalableDimension: ScalableDimension;
}

/** A target as it is stored. */
export interface TargetRow {
  readonly minimum: number;
  readonly maximum: number;
  readonly createdAtMs: number;
  readonly suspended: SuspendedState;
  readonly tags: Readonly<Record<string, string>>;
}

/** Something that was done to a target. */
export interface ActivityRow {
  readonly resource: string;
  readonly dimension: ScalableDimension;
  readonly description: string;
  readonly cause: string;
  readonly endedAtMs: number;
  readonly status: ScalingActivityStatusCode;
  readonly message: string;
}

/** What a dimension of DynamoDB's scales. */
export interface ScaledResource {
  readonly table: string;
  /** A global secondary index; the table itself when absent. */
  readonly index?: string;
  readonly side: 'read' | 'write';
}

const DIMENSION = /^dynamodb:(table|index):(Read|Write)CapacityUnits$/;
const RESOURCE = /^table\/([a-zA-Z0-9_.-]{3,255})(?:\/index\/([a-zA-Z0-9_.-]{3,255}))?$/;

export function keyOf({
  ServiceNamespace,
  ResourceId,
  ScalableDimension,
}: TargetName): [namespace: string, resource: string, dimension: string] {
  return [ServiceNamespace, ResourceId, ScalableDimension];
}

/** Throws for a resource or dimension that does not go with its service, and for services that are not scaled here. */
export function resourceOf({ ServiceNamespace, ResourceId, ScalableDimension }: TargetName): ScaledResource {
  if (!ScalableDimension.startsWith(`${ServiceNamespace}:`)) throw unsupported();
  const dimension = DIMENSION.exec(ScalableDimension);
  if (dimension === null) throw unwritten(`scaling of ${ScalableDimension}`);
  const [, kind, side] = dimension;
  const resource = RESOURCE.exec(ResourceId);
  const [, table = '', index] = resource ?? [];
  if (resource === null || (index !== undefined) !== (kind === 'index')) throw unsupported();
  return {
    table,
    ...(index === undefined ? {} : { index }),
    side: side === 'Read' ? 'read' : 'write',
  };
}

function unsupported() {
  return invalid('Unsupported service namespace, resource type or scalable dimension');
}

/** The same for a target whenever it is registered, so that policies can name it. */
export function targetId(name: TargetName): string {
  return createHash('sha256').update(keyOf(name).join('|')).digest('hex').slice(0, 34);
}

export function targetArn(
  { account, region }: { readonly account: string; readonly region: string },
  name: TargetName,
): string {
  return formatArn('application-autoscaling', region, account, `scalable-target/${targetId(name)}`);
}

/** `No scalable target registered for …`, with what was looked for. */
export function named({ ServiceNamespace, ResourceId, ScalableDimension }: TargetName): string {
  return `service namespace: ${ServiceNamespace}, resource ID: ${ResourceId}, scalable dimension: ${ScalableDimension}`;
}
