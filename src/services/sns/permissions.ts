import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { invalid } from './fault.ts';
import { defaultPolicy } from './policy.ts';
import { readTopic, rowsOf, topicArn, topicFor } from './topic.ts';

interface Policy {
  readonly Statement: readonly { readonly Sid?: string }[];
}

const ACTIONS = new Set([
  '*',
  'AddPermission',
  'DeleteTopic',
  'GetDataProtectionPolicy',
  'GetTopicAttributes',
  'ListSubscriptionsByTopic',
  'ListTagsForResource',
  'Publish',
  'PutDataProtectionPolicy',
  'RemovePermission',
  'SetTopicAttributes',
  'Subscribe',
]);

async function change(
  ctx: Context,
  arn: string,
  edit: (policy: Policy, resource: string) => Policy,
): Promise<void> {
  const name = topicFor(ctx, arn);
  await ctx.transact(async (tx) => {
    const topic = await readTopic(tx, name);
    const policy = JSON.parse(topic.attributes['Policy'] ?? defaultPolicy(name)) as Policy;
    const statements = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement];
    const after = edit({ ...policy, Statement: statements }, topicArn(name));
    const attributes = { ...topic.attributes, Policy: JSON.stringify(after) };
    rowsOf(name).topics.set(tx, [name.name], { ...topic, attributes });
  });
}

export const permissions = {
  async AddPermission(input, ctx) {
    const { Label: label, AWSAccountId: accounts, ActionName: actions } = input;
    if (label === '') throw invalid('Label Reason: no value for required parameter');
    const unknown = actions.find((action) => !ACTIONS.has(action));
    if (actions.length === 0 || unknown !== undefined) {
      throw invalid('Policy statement action out of service scope!');
    }
    if (accounts.length === 0 || accounts.some((account) => !/^\d{12}$/.test(account))) {
      throw invalid('AWSAccountId Reason: an account is 12 digits');
    }
    await change(ctx, input.TopicArn, (policy, resource) => {
      if (policy.Statement.some(({ Sid }) => Sid === label)) throw invalid('Statement already exists');
      const principals = accounts.map((account) => `arn:aws:iam::${account}:root`);
      const named = actions.map((action) => `SNS:${action}`);
      const statement = {
        Sid: label,
        Effect: 'Allow',
        Principal: { AWS: principals.length === 1 ? principals[0] : principals },
        Action: named.length === 1 ? named[0] : named,
        Resource: resource,
      };
      return { ...policy, Statement: [...policy.Statement, statement] };
    });
    return {};
  },

  async RemovePermission(input, ctx) {
    await change(ctx, input.TopicArn, (policy) => ({
      ...policy,
      Statement: policy.Statement.filter(({ Sid }) => Sid !== input.Label),
    }));
    return {};
  },
} satisfies Group<SnsOperations>;
