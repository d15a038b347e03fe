import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Group } from '../../service/service.ts';
import { invalid } from './fault.ts';
import { readTopic, rowsOf, topicOfArn } from './topic.ts';

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html */
const VERSION = '2021-06-01';

/** The policy as it is kept, which protects nothing here. Empty text takes it away. */
export function checkDataProtection(text: string): string | undefined {
  if (text === '') return undefined;
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw invalid('DataProtectionPolicy Reason: The policy is not valid JSON');
  }
  const { Version, Statement } = (policy ?? {}) as {
    readonly Version?: unknown;
    readonly Statement?: unknown;
  };
  if (Version !== VERSION) throw invalid(`DataProtectionPolicy Reason: Version must be ${VERSION}`);
  if (!Array.isArray(Statement) || Statement.length === 0) {
    throw invalid('DataProtectionPolicy Reason: The policy has no statement');
  }
  return text;
}

export const dataProtection = {
  async PutDataProtectionPolicy(input, ctx) {
    const name = topicOfArn(input.ResourceArn);
    const policy = checkDataProtection(input.DataProtectionPolicy);
    await ctx.transact(async (tx) => {
      const { dataProtectionPolicy: _before, ...topic } = await readTopic(tx, name);
      if (topic.fifo)
        throw invalid('DataProtectionPolicy Reason: FIFO topics do not support data protection');
      rowsOf(name).topics.set(
        tx,
        [name.name],
        policy === undefined ? topic : { ...topic, dataProtectionPolicy: policy },
      );
    });
    if (policy !== undefined)
      ctx.log('info', `the data protection policy of ${name.name} is kept, not simulated`);
    return {};
  },

  async GetDataProtectionPolicy(input, ctx) {
    const { dataProtectionPolicy } = await readTopic(ctx.store, topicOfArn(input.ResourceArn));
    return { DataProtectionPolicy: dataProtectionPolicy ?? '' };
  },
} satisfies Group<SnsOperations>;
