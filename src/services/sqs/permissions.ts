import type { SqsOperations } from '../../model/gen/sqs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { rowsOf } from './content.ts';
import { badValue, fault } from './fault.ts';
import { queueArn, queueOfArn, queueOfUrl, readQueue } from './queue.ts';

interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly { readonly Sid?: string }[];
}

const LABEL = /^[A-Za-z0-9_-]{1,80}$/;
const MOST_ACTIONS = 7;
const ACTIONS = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

/** The policy attached to a queue, for the pipeline. */
export async function resourcePolicy(resourceArn: string, ctx: Context): Promise<string | undefined> {
  const name = queueOfArn(resourceArn);
  if (name === undefined) return undefined;
  return (await rowsOf(name).queues.get(ctx.store, [name.name]))?.attributes['Policy'];
}

/** The tags of a queue, for the pipeline. */
export async function resourceTags(
  resourceArn: string,
  ctx: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const name = queueOfArn(resourceArn);
  return name === undefined ? undefined : (await rowsOf(name).queues.get(ctx.store, [name.name]))?.tags;
}

function read(text: string | undefined): Policy | undefined {
  if (text === undefined) return undefined;
  const policy = JSON.parse(text) as Omit<Policy, 'Statement'> & {
    readonly Statement: Policy['Statement'] | Policy['Statement'][number];
  };
  const { Statement } = policy;
  return { ...policy, Statement: Array.isArray(Statement) ? Statement : [Statement as { Sid?: string }] };
}

async function change(
  ctx: Context,
  url: string,
  edit: (policy: Policy | undefined, arn: string) => Policy,
): Promise<void> {
  const name = queueOfUrl(url, ctx);
  const modifiedAtMs = Math.floor(ctx.world.clock.now());
  await ctx.transact(async (tx) => {
    const queue = await readQueue(tx, name);
    const policy = edit(read(queue.attributes['Policy']), queueArn(name));
    const { Policy: _before, ...others } = queue.attributes;
    const attributes = policy.Statement.length === 0 ? others : { ...others, Policy: JSON.stringify(policy) };
    rowsOf(name).queues.set(tx, [name.name], { ...queue, attributes, modifiedAtMs });
  });
}

export const permissions = {
  async AddPermission(input, ctx) {
    const { Label: label, AWSAccountIds: accounts, Actions: actions } = input;
    if (!LABEL.test(label)) {
      throw badValue(
        label,
        'Label',
        'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.',
      );
    }
    if (actions.length > MOST_ACTIONS) {
      throw fault('OverLimit', `${actions.length} Actions were found, maximum allowed is ${MOST_ACTIONS}.`);
    }
    const unknown = actions.find((action) => !ACTIONS.has(action));
    if (actions.length === 0 || unknown !== undefined) {
      throw badValue(
        `SQS:${unknown ?? ''}`,
        'ActionName',
        'Only the queue owner is allowed to invoke this action.',
      );
    }
    const notAccount = accounts.find((account) => !/^\d{12}$/.test(account));
    if (accounts.length === 0 || notAccount !== undefined) {
      throw badValue(`[${accounts.join(', ')}]`, 'PrincipalId', 'Unable to verify.');
    }
    await change(ctx, input.QueueUrl, (policy, arn) => {
      if (policy?.Statement.some(({ Sid }) => Sid === label) === true) {
        throw badValue(label, 'Label', 'Already exists.');
      }
      const principals = accounts.map((account) => `arn:aws:iam::${account}:root`);
      const named = actions.map((action) => `SQS:${action}`);
      const statement = {
        Sid: label,
        Effect: 'Allow',
        Principal: { AWS: principals.length === 1 ? principals[0] : principals },
        Action: named.length === 1 ? named[0] : named,
        Resource: arn,
      };
      return {
        Version: policy?.Version ?? '2008-10-17',
        Id: policy?.Id ?? `${arn}/SQSDefaultPolicy`,
        Statement: [...(policy?.Statement ?? []), statement],
      };
    });
    return {};
  },

  async RemovePermission(input, ctx) {
    await change(ctx, input.QueueUrl, (policy) => {
      const kept = policy?.Statement.filter(({ Sid }) => Sid !== input.Label);
      if (policy === undefined || kept === undefined || kept.length === policy.Statement.length) {
        throw badValue(input.Label, 'Label', "can't find label.");
      }
      return { ...policy, Statement: kept };
    });
    return {};
  },
} satisfies Group<SqsOperations>;
