import type {
  AttributeDefinition,
  BillingMode,
  CreateGlobalSecondaryIndexAction,
  CreateTableInput,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
  ProvisionedThroughput,
} from '../../model/gen/dynamodb.ts';
import { invalid, invalidParameter } from './fault.ts';
import type { IndexRow, Throughput } from './table-row.ts';

/** The rules of what a table and its indexes may look like. */
const MOST_UNITS = 1_000_000_000_000;
const MOST_LOCAL = 5;
export const MOST_GLOBAL = 20;
/** Partition and sort attributes each, of a global index. */
const MOST_GLOBAL_KEYS = 4;

export interface Definition {
  readonly attributes: readonly AttributeDefinition[];
  readonly keySchema: readonly KeySchemaElement[];
}

/** Throws AWS's fault for a table that cannot be. Returns what must be there. */
export function checkDefinition(input: CreateTableInput): Definition {
  const { AttributeDefinitions: attributes, KeySchema: keySchema } = input;
  if (attributes === undefined || keySchema === undefined) {
    const missing = [
      ...(attributes === undefined ? ['attributeDefinitions'] : []),
      ...(keySchema === undefined ? ['keySchema'] : []),
    ].map((name) => `Value null at '${name}' failed to satisfy constraint: Member must not be null`);
    throw invalid(
      `${missing.length} validation error${missing.length > 1 ? 's' : ''} detected: ${missing.join('; ')}`,
    );
  }
  checkKeyCount(keySchema, 'keySchema');
  input.LocalSecondaryIndexes?.forEach((index, position) => {
    checkKeyCount(index.KeySchema, `localSecondaryIndexes.${position + 1}.member.keySchema`);
  });
  checkBilling(input.BillingMode, input.ProvisionedThroughput);
  checkUniqueAttributes(attributes);
  checkKeySchema(keySchema, attributes);
  const { LocalSecondaryIndexes: locals, GlobalSecondaryIndexes: globals } = input;
  if (locals === undefined && globals === undefined && keySchema.length !== attributes.length) {
    throw invalidParameter(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  }
  const names = new Set<string>();
  if (locals !== undefined) checkLocals(locals, { attributes, keySchema }, names);
  if (globals !== undefined) {
    if (globals.length === 0) throw invalidParameter('List of GlobalSecondaryIndexes is empty');
    for (const index of globals) {
      checkGlobal(index, attributes);
      checkIndexBilling(index, input.BillingMode);
      checkUniqueName(index.IndexName, names);
    }
    if (globals.length > MOST_GLOBAL) {
      throw invalidParameter(`GlobalSecondaryIndex count exceeds the per-table limit of ${MOST_GLOBAL}`);
    }
  }
  checkAllUsed(attributes, [
    keySchema,
    ...[...(locals ?? []), ...(globals ?? [])].map((index) => index.KeySchema),
  ]);
  return { attributes, keySchema };
}

/** Throws for more than two elements. */
function checkKeyCount(schema: readonly KeySchemaElement[], parameter: string): void {
  if (schema.length <= 2) return;
  const shown = schema
    .map(
      ({ AttributeName, KeyType }) => `KeySchemaElement(attributeName=${AttributeName}, keyType=${KeyType})`,
    )
    .join(', ');
  throw invalid(
    `1 validation error detected: Value '[${shown}]' at '${parameter}' failed to satisfy constraint: Member must have length less than or equal to 2`,
  );
}

function checkBilling(mode: BillingMode | undefined, throughput: ProvisionedThroughput | undefined): void {
  if (mode === 'PAY_PER_REQUEST') {
    if (throughput === undefined) return;
    throw invalidParameter(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  if (throughput === undefined) {
    throw invalidParameter(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  }
  checkThroughput(throughput);
}

export function checkThroughput(throughput: ProvisionedThroughput | undefined): void {
  if (throughput === undefined) return;
  for (const name of ['ReadCapacityUnits', 'WriteCapacityUnits'] as const) {
    if (throughput[name] > MOST_UNITS)
      throw invalid(`Given value ${throughput[name]} for ${name} is out of bounds`);
  }
}

function checkUniqueAttributes(attributes: readonly AttributeDefinition[]): void {
  const names = new Set<string>();
  for (const { AttributeName } of attributes) {
    if (names.has(AttributeName)) throw invalid(`Attribute Name is duplicated: ${AttributeName}`);
    names.add(AttributeName);
  }
}

function checkKeySchema(
  keySchema: readonly KeySchemaElement[],
  attributes: readonly AttributeDefinition[],
): void {
  const keys = keySchema.map(({ AttributeName }) => AttributeName);
  if (keys.length > attributes.length) {
    throw invalid('Invalid KeySchema: Some index key attribute have no definition');
  }
  checkDefined(keys, attributes);
  checkKeyTypes(keySchema);
}

function checkDefined(keys: readonly string[], attributes: readonly AttributeDefinition[]): void {
  const defined = attributes.map(({ AttributeName }) => AttributeName);
  if (keys.every((key) => defined.includes(key))) return;
  throw invalidParameter(
    'Some index key attributes are not defined in AttributeDefinitions. ' +
      `Keys: [${keys.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
  );
}

/** A partition attribute, then perhaps a sort attribute of another name. */
function checkKeyTypes([first, second]: readonly KeySchemaElement[]): void {
  if (first !== undefined && first.AttributeName === second?.AttributeName) {
    throw invalid('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  if (first?.KeyType !== 'HASH') {
    throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (second !== undefined && second.KeyType !== 'RANGE') {
    throw invalid('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
}

function checkLocals(
  locals: readonly LocalSecondaryIndex[],
  { attributes, keySchema }: Definition,
  names: Set<string>,
): void {
  if (locals.length === 0) throw invalidParameter('List of LocalSecondaryIndexes is empty');
  if (keySchema.length !== 2) {
    throw invalidParameter(
      'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    );
  }
  const tablePartition = keySchema[0]?.AttributeName;
  for (const { IndexName: name, KeySchema: schema, Projection: projection } of locals) {
    checkDefined(
      schema.map(({ AttributeName }) => AttributeName),
      attributes,
    );
    checkKeyTypes(schema);
    if (schema.length < 2) {
      throw invalidParameter(`Index KeySchema does not have a range key for index: ${name}`);
    }
    const partition = schema[0]?.AttributeName;
    if (partition !== tablePartition) {
      throw invalidParameter(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${name}. ` +
          `index hash key: ${partition}, table hash key: ${tablePartition}`,
      );
    }
    checkProjection(projection);
    checkUniqueName(name, names);
  }
  if (locals.length > MOST_LOCAL) {
    throw invalidParameter(`Number of LocalSecondaryIndexes exceeds per-table limit of ${MOST_LOCAL}`);
  }
}

/** Throws AWS's fault for a global index that cannot be. */
export function checkGlobal(
  { KeySchema: schema, Projection: projection }: GlobalSecondaryIndex | CreateGlobalSecondaryIndexAction,
  attributes: readonly AttributeDefinition[],
): void {
  checkDefined(
    schema.map(({ AttributeName }) => AttributeName),
    attributes,
  );
  const partitions = schema.filter(({ KeyType }) => KeyType === 'HASH').length;
  if (schema.length <= 2 && partitions <= 1) checkKeyTypes(schema);
  else checkManyKeys(schema, partitions);
  checkProjection(projection);
}

function checkIndexBilling(
  { IndexName: name, ProvisionedThroughput: throughput }: GlobalSecondaryIndex,
  mode: BillingMode | undefined,
): void {
  if (mode === 'PAY_PER_REQUEST') {
    if (throughput === undefined) return;
    throw invalidParameter(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (throughput === undefined) {
    throw invalidParameter(`ProvisionedThroughput is not specified for index: ${name}`);
  }
  checkThroughput(throughput);
}

/** Global indexes may have several partition attributes, then several sort attributes. */
function checkManyKeys(schema: readonly KeySchemaElement[], partitions: number): void {
  if (schema.some(({ KeyType }, position) => (KeyType === 'HASH') !== position < partitions)) {
    throw invalidParameter('All HASH key attributes must precede RANGE key attributes in the KeySchema');
  }
  if (partitions === 0) {
    throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (new Set(schema.map(({ AttributeName }) => AttributeName)).size < schema.length) {
    throw invalid('The KeySchema contains multiple key attributes with the same name');
  }
  for (const [kind, count] of [
    ['HASH', partitions],
    ['RANGE', schema.length - partitions],
  ] as const) {
    if (count <= MOST_GLOBAL_KEYS) continue;
    throw invalidParameter(`The KeySchema exceeds the maximum allowed number of ${kind} key attributes`);
  }
}

function checkProjection({
  ProjectionType: type,
  NonKeyAttributes: names,
}: LocalSecondaryIndex['Projection']): void {
  if (type === undefined) throw invalidParameter('Unknown ProjectionType: null');
  if (names !== undefined && type !== 'INCLUDE') {
    throw invalidParameter(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
  if (names === undefined && type === 'INCLUDE') {
    throw invalidParameter('ProjectionType is INCLUDE, but NonKeyAttributes is not specified');
  }
  const seen = new Set<string>();
  for (const name of names ?? []) {
    if (seen.has(name)) throw invalidParameter(`Duplicate element in NonKeyAttributes: ${name}`);
    seen.add(name);
  }
}

function checkUniqueName(name: string, names: Set<string>): void {
  if (names.has(name)) throw invalidParameter(`Duplicate index name: ${name}`);
  names.add(name);
}

function checkAllUsed(
  attributes: readonly AttributeDefinition[],
  schemas: readonly (readonly KeySchemaElement[])[],
): void {
  const keys = new Set(schemas.flat().map(({ AttributeName }) => AttributeName));
  const names = attributes.map(({ AttributeName }) => AttributeName);
  if (names.every((name) => keys.has(name))) return;
  throw invalidParameter(
    `Some AttributeDefinitions are not used. AttributeDefinitions: [${names.join(', ')}], keys used: [${[...keys].join(', ')}]`,
  );
}

export function throughputOf(throughput: ProvisionedThroughput | undefined): Throughput {
  return { reads: throughput?.ReadCapacityUnits ?? 0, writes: throughput?.WriteCapacityUnits ?? 0 };
}

/** The row of an index that has been checked. */
export function indexRow(
  index: LocalSecondaryIndex | GlobalSecondaryIndex | CreateGlobalSecondaryIndexAction,
  kind: IndexRow['kind'],
  number: number,
  status: IndexRow['status'],
): IndexRow {
  const { ProjectionType: projection = 'ALL', NonKeyAttributes: nonKeyAttributes } = index.Projection;
  const onDemandThroughput = 'OnDemandThroughput' in index ? index.OnDemandThroughput : undefined;
  return {
    number,
    name: index.IndexName,
    kind,
    keySchema: index.KeySchema,
    projection,
    ...(nonKeyAttributes === undefined ? {} : { nonKeyAttributes }),
    status,
    throughput: throughputOf('ProvisionedThroughput' in index ? index.ProvisionedThroughput : undefined),
    ...(onDemandThroughput === undefined ? {} : { onDemandThroughput }),
  };
}
