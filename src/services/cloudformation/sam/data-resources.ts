import { isMap, type MutableMap, type ValueMap } from '../template/value.ts';
import { ResourceProblem } from './problem.ts';
import {
  checkProperties,
  type Generated,
  hashOf,
  passedOn,
  present,
  type Resource,
  s3Location,
  tagList,
} from './resource.ts';

const TABLE = [
  'PrimaryKey',
  'ProvisionedThroughput',
  'SSESpecification',
  'TableName',
  'Tags',
  'PointInTimeRecoverySpecification',
];
const KEY_TYPES: Readonly<Record<string, string>> = { String: 'S', Number: 'N', Binary: 'B' };

/** AWS::Serverless::SimpleTable */
export function transformTable(logicalId: string, resource: Resource): Generated {
  const { Properties: properties } = resource;
  checkProperties(logicalId, resource.Type, properties, TABLE, []);
  const key = isMap(properties['PrimaryKey']) ? properties['PrimaryKey'] : { Name: 'id', Type: 'String' };
  const { Name = 'id', Type = 'String' } = key;
  const kind = KEY_TYPES[String(Type)];
  if (kind === undefined) {
    throw new ResourceProblem(
      logicalId,
      "Invalid 'Type' for 'PrimaryKey': it must be String, Number or Binary.",
    );
  }
  const { ProvisionedThroughput, SSESpecification, TableName, Tags, PointInTimeRecoverySpecification } =
    properties;
  return {
    [logicalId]: {
      Type: 'AWS::DynamoDB::Table',
      ...passedOn(resource, ['DependsOn', 'Condition', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata']),
      Properties: present({
        AttributeDefinitions: [{ AttributeName: Name, AttributeType: kind }],
        KeySchema: [{ AttributeName: Name, KeyType: 'HASH' }],
        BillingMode: ProvisionedThroughput === undefined ? 'PAY_PER_REQUEST' : undefined,
        ProvisionedThroughput,
        SSESpecification,
        TableName,
        PointInTimeRecoverySpecification,
        Tags: Tags === undefined ? undefined : tagList(Tags),
      }),
    },
  };
}

const LAYER = [
  'CompatibleArchitectures',
  'CompatibleRuntimes',
  'ContentUri',
  'Description',
  'LayerName',
  'LicenseInfo',
  'PublishLambdaVersion',
  'RetentionPolicy',
];

/** AWS::Serverless::LayerVersion: its logical id changes with it, so that the old version can be kept. */
export function transformLayer(
  logicalId: string,
  resource: Resource,
): { readonly id: string; readonly generated: Generated } {
  const { Properties: properties } = resource;
  checkProperties(logicalId, resource.Type, properties, LAYER, []);
  const {
    RetentionPolicy,
    ContentUri,
    LayerName,
    CompatibleArchitectures,
    CompatibleRuntimes,
    Description,
    LicenseInfo,
  } = properties;
  const policy = ['Retain', 'Delete'].find(
    (one) => one.toLowerCase() === String(RetentionPolicy ?? 'Retain').toLowerCase(),
  );
  if (policy === undefined) {
    throw new ResourceProblem(
      logicalId,
      "'RetentionPolicy' must be one of the following options: ['Retain', 'Delete'].",
    );
  }
  if (ContentUri === undefined)
    throw new ResourceProblem(logicalId, "Missing required property 'ContentUri'.");
  const hashed: MutableMap = {
    Type: resource.Type,
    ...passedOn(resource, ['DependsOn', 'Condition']),
    Properties: properties,
  };
  const id = `${logicalId}${hashOf({ [logicalId]: hashed })}`;
  const generated: ValueMap = {
    Type: 'AWS::Lambda::LayerVersion',
    ...passedOn(resource, ['DependsOn', 'Condition', 'UpdateReplacePolicy']),
    DeletionPolicy: RetentionPolicy === undefined ? (resource['DeletionPolicy'] ?? 'Retain') : policy,
    Properties: present({
      Content: s3Location(ContentUri, logicalId, 'ContentUri'),
      LayerName: LayerName ?? logicalId,
      CompatibleArchitectures,
      CompatibleRuntimes,
      Description,
      LicenseInfo,
    }),
  };
  return { id, generated: { [id]: generated } };
}
