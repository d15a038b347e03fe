import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import { invalid } from './fault.ts';
import { rowsOf, type TopicName, topicArn, topicNamedBy } from './topic.ts';

const OWN_ACTIONS = [
  'GetTopicAttributes',
  'SetTopicAttributes',
  'AddPermission',
  'RemovePermission',
  'DeleteTopic',
  'Subscribe',
  'ListSubscriptionsByTopic',
  'Publish',
];

/** The policy of a topic nobody gave one. */
export function defaultPolicy(topic: TopicName): string {
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: OWN_ACTIONS.map((action) => `SNS:${action}`),
        Resource: topicArn(topic),
        Condition: { StringEquals: { 'AWS:SourceOwner': topic.account } },
      },
    ],
  });
}

export function checkPolicy(text: string): void {
  try {
    validatePolicy(text, 'resource');
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw invalid('Policy Error: null');
  }
}

/** A topic's policy as it is kept: whom it names, by who they are. */
export async function boundPolicy(text: string, account: string, ctx: Context): Promise<string> {
  checkPolicy(text);
  try {
    return await ctx.ports.identity.boundPrincipals(text, account);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw invalid('Policy Error: PrincipalNotFound');
  }
}

/** The policy attached to a topic, for the pipeline. */
export async function resourcePolicy(resourceArn: string, ctx: Context): Promise<string | undefined> {
  const name = topicNamedBy(resourceArn);
  if (name === undefined) return undefined;
  const topic = await rowsOf(name).topics.get(ctx.store, [name.name]);
  return topic === undefined ? undefined : (topic.attributes['Policy'] ?? defaultPolicy(name));
}

/** The tags of a topic, for the pipeline. */
export async function resourceTags(
  resourceArn: string,
  ctx: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const name = topicNamedBy(resourceArn);
  return name === undefined ? undefined : (await rowsOf(name).topics.get(ctx.store, [name.name]))?.tags;
}
