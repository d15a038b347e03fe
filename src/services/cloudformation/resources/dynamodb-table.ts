import { Fault } from '../../../service/faults.ts';
import { equalValues, type Value, type ValueMap } from '../template/value.ts';
import { differs, mapIn, mapsIn, pick, refuseOthers, tagChange, tagList, textIn } from './property.ts';
import type { Outcome, ResourceProvider, ResourceScope } from './provider.ts';

const AS_GIVEN = [
  'AttributeDefinitions',
  'BillingMode',
  'DeletionProtectionEnabled',
  'GlobalSecondaryIndexes',
  'KeySchema',
  'LocalSecondaryIndexes',
  'OnDemandThroughput',
  'ProvisionedThroughput',
  'TableClass',
  'Tags',
  'WarmThroughput',
];
const SUPPORTED = [
  ...AS_GIVEN,
  'PointInTimeRecoverySpecification',
  'SSESpecification',
  'StreamSpecification',
  'TableName',
  'TimeToLiveSpecification',
];

const LOOK_AGAIN_MS = 200;

interface Described {
  readonly Table?: {
    readonly TableStatus?: string;
    readonly TableArn?: string;
    readonly LatestStreamArn?: string;
    readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string; readonly IndexStatus: string }[];
  };
}

function stream(wanted: ValueMap): ValueMap | undefined {
  const given = mapIn(wanted, 'StreamSpecification');
  if (given === undefined) return undefined;
  refuseOthers('AWS::DynamoDB::Table StreamSpecification', given, ['StreamViewType']);
  return { StreamEnabled: true, ...given };
}

function encryption(wanted: ValueMap): ValueMap | undefined {
  const given = mapIn(wanted, 'SSESpecification');
  if (given === undefined) return undefined;
  const { SSEEnabled, ...rest } = given;
  return { Enabled: SSEEnabled ?? false, ...rest };
}

/** What can only be set on a table that is active. */
async function setRest(
  TableName: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const ttl = mapIn(wanted, 'TimeToLiveSpecification');
  if (!equalValues(before['TimeToLiveSpecification'], ttl)) {
    const old = mapIn(before, 'TimeToLiveSpecification');
    const TimeToLiveSpecification = ttl ?? { ...old, Enabled: false };
    // Turning off what was never on is refused by DynamoDB.
    if (TimeToLiveSpecification['Enabled'] === true || old?.['Enabled'] === true) {
      await call('dynamodb', 'UpdateTimeToLive', { TableName, TimeToLiveSpecification });
    }
  }
  const recovery = mapIn(wanted, 'PointInTimeRecoverySpecification');
  if (!equalValues(before['PointInTimeRecoverySpecification'], recovery)) {
    await call('dynamodb', 'UpdateContinuousBackups', {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false, ...recovery },
    });
  }
}

/** One `UpdateTable` each: DynamoDB creates or deletes one index at a time, and changes nothing besides. */
function steps(TableName: string, before: ValueMap, wanted: ValueMap): readonly ValueMap[] {
  const list: ValueMap[] = [];
  const definitions = pick(wanted, ['AttributeDefinitions']);
  if (
    differs(before, wanted, [
      'BillingMode',
      'ProvisionedThroughput',
      'OnDemandThroughput',
      'TableClass',
      'DeletionProtectionEnabled',
      'WarmThroughput',
      'SSESpecification',
    ])
  ) {
    const sse = encryption(wanted);
    list.push({
      TableName,
      ...(differs(before, wanted, ['BillingMode', 'ProvisionedThroughput'])
        ? { BillingMode: wanted['BillingMode'] ?? 'PROVISIONED', ...pick(wanted, ['ProvisionedThroughput']) }
        : {}),
      ...changed(before, wanted, ['OnDemandThroughput', 'TableClass', 'WarmThroughput']),
      ...(differs(before, wanted, ['DeletionProtectionEnabled'])
        ? { DeletionProtectionEnabled: wanted['DeletionProtectionEnabled'] ?? false }
        : {}),
      ...(differs(before, wanted, ['SSESpecification'])
        ? { SSESpecification: sse ?? { Enabled: false } }
        : {}),
    });
  }
  if (differs(before, wanted, ['StreamSpecification'])) {
    if (before['StreamSpecification'] !== undefined) {
      list.push({ TableName, StreamSpecification: { StreamEnabled: false } });
    }
    const now = stream(wanted);
    if (now !== undefined) list.push({ TableName, StreamSpecification: now });
  }
  const old = byName(before);
  const now = byName(wanted);
  for (const [IndexName, index] of old) {
    if (!sameIndex(index, now.get(IndexName))) {
      list.push({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }] });
    }
  }
  for (const [IndexName, index] of now) {
    const was = old.get(IndexName);
    if (!sameIndex(was, index)) {
      list.push({ TableName, ...definitions, GlobalSecondaryIndexUpdates: [{ Create: index }] });
    } else if (
      was !== undefined &&
      differs(was, index, ['ProvisionedThroughput']) &&
      index['ProvisionedThroughput'] !== undefined
    ) {
      const Update = pick(index, ['IndexName', 'ProvisionedThroughput']);
      list.push({ TableName, GlobalSecondaryIndexUpdates: [{ Update }] });
    }
  }
  return list;
}

function changed(before: ValueMap, wanted: ValueMap, names: readonly string[]): ValueMap {
  return pick(
    wanted,
    names.filter((name) => differs(before, wanted, [name])),
  );
}

function byName(properties: ValueMap): ReadonlyMap<string, ValueMap> {
  return new Map(
    mapsIn(properties, 'GlobalSecondaryIndexes').map((index) => [String(index['IndexName']), index]),
  );
}

function sameIndex(a: ValueMap | undefined, b: ValueMap | undefined): boolean {
  return a !== undefined && b !== undefined && !differs(a, b, ['KeySchema', 'Projection']);
}

/** Waits until the table and its indexes are active, takes the next step, and is done when none is left. */
async function proceed(TableName: string, memo: Memo, scope: ResourceScope): Promise<Outcome> {
  const { Table } = await scope.call<Described>('dynamodb', 'DescribeTable', { TableName });
  const busy =
    Table?.TableStatus !== 'ACTIVE' ||
    (Table.GlobalSecondaryIndexes ?? []).some(({ IndexStatus }) => IndexStatus !== 'ACTIVE');
  const again = (next: Memo) => ({
    physicalId: TableName,
    waitMs: LOOK_AGAIN_MS,
    memo: next as unknown as Value,
  });
  if (busy) return again(memo);
  const [step, ...rest] = memo.steps;
  if (step !== undefined) {
    await scope.call('dynamodb', 'UpdateTable', step);
    return again({ ...memo, steps: rest });
  }
  await setRest(TableName, memo.before, memo.wanted, scope);
  return {
    physicalId: TableName,
    attributes: {
      Arn: Table?.TableArn ?? '',
      ...(Table?.LatestStreamArn === undefined ? {} : { StreamArn: Table.LatestStreamArn }),
    },
  };
}

interface Memo {
  readonly steps: readonly ValueMap[];
  readonly before: ValueMap;
  readonly wanted: ValueMap;
  readonly removing?: boolean;
}

/** AWS::DynamoDB::Table */
export const dynamodbTable: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const given = textIn(wanted, 'TableName');
    const TableName = given ?? scope.name(255);
    const StreamSpecification = stream(wanted);
    const SSESpecification = encryption(wanted);
    try {
      await scope.call('dynamodb', 'CreateTable', {
        TableName,
        ...pick(wanted, AS_GIVEN),
        ...(StreamSpecification === undefined ? {} : { StreamSpecification }),
        ...(SSESpecification === undefined ? {} : { SSESpecification }),
      });
    } catch (error) {
      const ours = scope.rerun && given === undefined;
      if (!(ours && Fault.is(error) && error.code === 'ResourceInUseException')) throw error;
    }
    scope.stands(TableName);
    return proceed(TableName, { steps: [], before: {}, wanted }, scope);
  },

  async update({ physicalId: TableName, attributes, properties: before }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const { set, removed } = tagChange(before, wanted);
    const ResourceArn = attributes['Arn'];
    if (Object.keys(set).length > 0)
      await scope.call('dynamodb', 'TagResource', { ResourceArn, Tags: tagList(set) });
    if (removed.length > 0) await scope.call('dynamodb', 'UntagResource', { ResourceArn, TagKeys: removed });
    return proceed(TableName, { steps: steps(TableName, before, wanted), before, wanted }, scope);
  },

  async settle({ physicalId: TableName, memo }, scope) {
    const seen = memo as unknown as Memo;
    if (!seen.removing) return proceed(TableName, seen, scope);
    // Gone when DynamoDB answers that there is no such table.
    await scope.call('dynamodb', 'DescribeTable', { TableName });
    return { physicalId: TableName, waitMs: LOOK_AGAIN_MS, memo };
  },

  async remove({ physicalId: TableName }, { call }) {
    await call('dynamodb', 'DeleteTable', { TableName });
    const memo: Memo = { steps: [], before: {}, wanted: {}, removing: true };
    return { physicalId: TableName, waitMs: 0, memo: memo as unknown as Value };
  },
};
