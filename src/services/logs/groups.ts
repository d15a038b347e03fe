import type { LogGroup, LogsOperations } from '../../model/gen/logs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { fault, groupArn, nameInArn, RETENTION_DAYS, readGroup } from './group.ts';
import { type GroupRow, layout } from './layout.ts';
import { sealToken, unsealToken } from './token.ts';

/** A group's rows take a while to read through; a page of groups is small. */
const MOST_GROUPS = 50;

async function storedBytes(reader: Reader, ctx: Context, group: GroupRow): Promise<number> {
  let bytes = 0;
  for (const { value } of await layout.at(ctx.account, ctx.region).streams.all(reader, [group.id])) {
    bytes += value.storedBytes;
  }
  return bytes;
}

async function describeGroup(ctx: Context, name: string, group: GroupRow): Promise<LogGroup> {
  const { metricFilters } = layout.at(ctx.account, ctx.region);
  return {
    logGroupName: name,
    creationTime: group.createdAtMs,
    retentionInDays: group.retentionDays,
    metricFilterCount: (await metricFilters.all(ctx.store, [group.id])).length,
    arn: `${groupArn(ctx, name)}:*`,
    logGroupArn: groupArn(ctx, name),
    storedBytes: await storedBytes(ctx.store, ctx, group),
    kmsKeyId: group.kmsKeyId,
    logGroupClass: group.groupClass,
    deletionProtectionEnabled: group.deletionProtected,
  };
}

/** Replaces a group's row. */
async function change(
  ctx: Context,
  name: string,
  edit: (group: GroupRow, tx: Transaction) => GroupRow,
): Promise<void> {
  const { groups: rows } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    rows.set(tx, [name], edit(await readGroup(tx, ctx, name), tx));
  });
}

export const groups = {
  async CreateLogGroup(input, ctx) {
    const { groups: rows } = layout.at(ctx.account, ctx.region);
    const group: GroupRow = {
      id: ctx.world.random.uuid(),
      createdAtMs: ctx.world.clock.now(),
      tags: input.tags ?? {},
      groupClass: input.logGroupClass ?? 'STANDARD',
      kmsKeyId: input.kmsKeyId,
      deletionProtected: input.deletionProtectionEnabled ?? false,
    };
    await ctx.transact(async (tx) => {
      if ((await rows.get(tx, [input.logGroupName])) !== undefined) {
        throw fault('ResourceAlreadyExistsException', 'The specified log group already exists');
      }
      rows.set(tx, [input.logGroupName], group);
    });
    return {};
  },

  async DeleteLogGroup(input, ctx) {
    const { groups: rows } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const group = await readGroup(tx, ctx, input.logGroupName);
      if (group.deletionProtected) {
        throw fault('ValidationException', 'The log group cannot be deleted because it is protected.');
      }
      rows.delete(tx, [input.logGroupName]);
      ctx.enqueue(tx, { kind: 'purge-group', payload: { groupId: group.id } });
    });
    return {};
  },

  async DescribeLogGroups(input, ctx) {
    const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = input;
    if (prefix !== undefined && pattern !== undefined) {
      throw fault(
        'InvalidParameterException',
        'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
      );
    }
    if (input.includeLinkedAccounts === true) {
      throw fault(
        'InvalidParameterException',
        'includeLinkedAccounts is not supported: no account is linked.',
      );
    }
    const { groups: rows } = layout.at(ctx.account, ctx.region);
    const limit = input.limit ?? MOST_GROUPS;
    let after = input.nextToken === undefined ? undefined : unsealToken(input.nextToken);
    const found: LogGroup[] = [];
    let more = true;
    const wanted = pattern?.toLowerCase();
    const identifiers = input.logGroupIdentifiers?.map((text) => nameInArn(text, ctx) ?? text);
    // There are no monitoring accounts: groups are the caller's own.
    if (input.accountIdentifiers?.includes(ctx.account) === false) return { logGroups: [] };
    while (more && found.length < limit) {
      const page = await rows.page(
        ctx.store,
        [],
        after === undefined ? { limit } : { limit, after: [after] },
      );
      more = page.next !== undefined;
      for (const { key, value } of page.rows) {
        const [name] = key;
        after = name;
        if (prefix !== undefined && !name.startsWith(prefix)) continue;
        if (identifiers?.includes(name) === false) continue;
        if (wanted !== undefined && !name.toLowerCase().includes(wanted)) continue;
        if (input.logGroupClass !== undefined && value.groupClass !== input.logGroupClass) continue;
        found.push(await describeGroup(ctx, name, value));
        if (found.length === limit) {
          more = more || name !== page.rows.at(-1)?.key[0];
          break;
        }
      }
    }
    return { logGroups: found, nextToken: more && after !== undefined ? sealToken(after) : undefined };
  },

  async PutRetentionPolicy(input, ctx) {
    const { retentionInDays } = input;
    if (!RETENTION_DAYS.includes(retentionInDays)) {
      throw fault(
        'InvalidParameterException',
        `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`,
      );
    }
    const retentionId = ctx.world.random.uuid();
    await change(ctx, input.logGroupName, (group, tx) => {
      ctx.enqueue(tx, { kind: 'retain', payload: { group: input.logGroupName, retentionId } });
      return { ...group, retentionDays: retentionInDays, retentionId };
    });
    return {};
  },

  async DeleteRetentionPolicy(input, ctx) {
    await change(ctx, input.logGroupName, (group) => ({
      ...group,
      retentionDays: undefined,
      retentionId: undefined,
    }));
    return {};
  },
} satisfies Group<LogsOperations>;
