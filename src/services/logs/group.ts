import { formatArn, parseArn } from '../../base/arn.ts';
import type { LogsErrorName } from '../../model/gen/logs.ts';
import type { Context } from '../../service/context.ts';
import { faults } from '../../service/faults.ts';
import type { Reader } from '../../store/store.ts';
import { type GroupRow, layout, type StreamRow } from './layout.ts';

/** CloudWatch Logs' faults. */
export const fault = faults<LogsErrorName>();

type Scope = { readonly account: string; readonly region: string };

/** `arn:aws:logs:us-east-1:123456789012:log-group:name` */
export function groupArn(scope: Scope, name: string): string {
  return formatArn('logs', scope.region, scope.account, `log-group:${name}`);
}

export function streamArn(scope: Scope, group: string, stream: string): string {
  return `${groupArn(scope, group)}:log-stream:${stream}`;
}

/** The group a request names: `logGroupName`, or `logGroupIdentifier`, which may be an ARN. */
export function groupNameOf(
  input: {
    readonly logGroupName?: string | undefined;
    readonly logGroupIdentifier?: string | undefined;
  },
  scope: Scope,
): string {
  const { logGroupName: name, logGroupIdentifier: identifier } = input;
  if (name !== undefined && identifier !== undefined) {
    throw fault('ValidationException', 'LogGroup name and LogGroup ARN are mutually exclusive parameters.');
  }
  if (name !== undefined) return name;
  if (identifier === undefined) {
    throw fault('InvalidParameterException', 'LogGroup name or identifier must be specified.');
  }
  return nameInArn(identifier, scope) ?? identifier;
}

/** The group's name in its ARN, with or without the `:*` behind it; undefined when it is none of this place. */
export function nameInArn(text: string, scope: Scope): string | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'logs' || arn.account !== scope.account || arn.region !== scope.region)
    return undefined;
  if (!arn.resource.startsWith('log-group:')) return undefined;
  return arn.resource.slice('log-group:'.length).replace(/:\*$/, '');
}

export async function readGroup(reader: Reader, ctx: Context, name: string): Promise<GroupRow> {
  const group = await layout.at(ctx.account, ctx.region).groups.get(reader, [name]);
  if (group === undefined) {
    throw fault('ResourceNotFoundException', 'The specified log group does not exist.');
  }
  return group;
}

export async function readStream(
  reader: Reader,
  ctx: Context,
  group: GroupRow,
  name: string,
): Promise<StreamRow> {
  const stream = await layout.at(ctx.account, ctx.region).streams.get(reader, [group.id, name]);
  if (stream === undefined) {
    throw fault('ResourceNotFoundException', 'The specified log stream does not exist.');
  }
  return stream;
}

const DAY_MS = 86_400_000;

/** Events before this are gone, whether or not their rows are. */
export function oldestKept(group: GroupRow, nowMs: number): number {
  return group.retentionDays === undefined ? 0 : nowMs - group.retentionDays * DAY_MS;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
export const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
