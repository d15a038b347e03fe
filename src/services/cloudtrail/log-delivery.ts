import { parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { EventRecord } from './event.ts';
import type { TrailRow } from './layout.ts';

const SESSION = 'CLOUDWATCH_LOG_DELIVERY_SESSION';

/** Writes events to the trail's log group, under the role it names. Does nothing for a trail without one. */
export async function deliverToLogs(
  { logGroupArn, logRoleArn, homeRegion, organizationId }: TrailRow,
  records: readonly EventRecord[],
  ctx: Context,
): Promise<void> {
  if (logGroupArn === undefined || logRoleArn === undefined) return;
  const logGroupName = parseArn(logGroupArn)?.resource.replace(/^log-group:|:\*$/g, '') ?? '';
  const organization = organizationId === undefined ? '' : `${organizationId}_`;
  const logStreamName = `${organization}${ctx.account}_CloudTrail_${homeRegion}`;
  const as = { roleArn: logRoleArn, service: 'cloudtrail.amazonaws.com', sessionName: SESSION };
  const options = { as, region: homeRegion };
  try {
    await ctx.call('logs', 'CreateLogStream', { logGroupName, logStreamName }, options);
  } catch (error) {
    if (!Fault.is(error) || error.code !== 'ResourceAlreadyExistsException') throw error;
  }
  const logEvents = records
    .map((record) => ({ timestamp: Date.parse(record.eventTime), message: JSON.stringify(record) }))
    .sort((a, b) => a.timestamp - b.timestamp);
  await ctx.call('logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents }, options);
}
