import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseTemplateText } from '../template/parse.ts';
import { readTemplate } from '../template/template.ts';
import type { ValueMap } from '../template/value.ts';
import { managedPolicyArn } from './policy.ts';
import { transformServerless } from './transform.ts';

type Resources = Record<
  string,
  { readonly Type: string; readonly Properties: Record<string, unknown> } & Record<string, unknown>
>;

function transform(text: string, parameters: Record<string, string> = {}) {
  const root = parseTemplateText(`Transform: AWS::Serverless-2016-10-31\n${text}`) as ValueMap;
  const scope = { parameters: new Map(Object.entries(parameters)), region: 'us-east-1' };
  return JSON.parse(JSON.stringify(transformServerless(root, scope))) as {
    readonly Resources: Resources;
    readonly Outputs: unknown;
    readonly Conditions?: unknown;
  };
}

const FUNCTION = 'Runtime: nodejs22.x, Handler: i.h, InlineCode: x';

test('a function becomes a function and its role', () => {
  const { Resources } = transform(`
Globals: {Function: {Timeout: 9, Tags: {a: b}}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {${FUNCTION}, Policies: [AmazonDynamoDBFullAccess, {SQSPollerPolicy: {QueueName: q}}]}}
`);
  assert.deepEqual(Object.keys(Resources), ['F', 'FRole']);
  assert.deepEqual(Resources['F']?.Properties, {
    Code: { ZipFile: 'x' },
    Handler: 'i.h',
    Runtime: 'nodejs22.x',
    Timeout: 9,
    Tags: [
      { Key: 'lambda:createdBy', Value: 'SAM' },
      { Key: 'a', Value: 'b' },
    ],
    Role: { 'Fn::GetAtt': ['FRole', 'Arn'] },
  });
  const role = Resources['FRole']?.Properties ?? {};
  assert.deepEqual(role['ManagedPolicyArns'], [
    'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    'arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess',
  ]);
  const [policy] = role['Policies'] as readonly {
    PolicyName: string;
    PolicyDocument: { Statement: { Action: string[] }[] };
  }[];
  assert.equal(policy?.PolicyName, 'FRolePolicy1');
  assert.equal(policy?.PolicyDocument.Statement[0]?.Action[0], 'sqs:ChangeMessageVisibility');
  assert.equal(managedPolicyArn('AWSLambdaRole'), 'arn:aws:iam::aws:policy/service-role/AWSLambdaRole');
});

test('logical ids that carry a hash are those SAM makes', () => {
  const { Resources, Outputs } = transform(`
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {${FUNCTION}, AutoPublishAlias: live-1, Layers: [!Ref L]}}
  L: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: 's3://b/k'}}
Outputs:
  A: {Value: !Ref F.Alias}
  V: {Value: !Sub 'v\${F.Version}'}
`);
  assert.deepEqual(Object.keys(Resources).sort(), [
    'F',
    'FAliasliveD1',
    'FRole',
    'FVersion5168f5ed55',
    'L0fe3d22673',
  ]);
  assert.deepEqual(Resources['F']?.Properties['Layers'], [{ Ref: 'L0fe3d22673' }]);
  assert.deepEqual(Outputs, {
    A: { Value: { Ref: 'FAliasliveD1' } },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
    V: { Value: { 'Fn::Sub': 'v${FVersion5168f5ed55}' } },
  });
});

test('the example becomes plain resources', () => {
  const text = readFileSync(new URL('../../../../../examples/rides/template.yaml', import.meta.url), 'utf8');
  const root = parseTemplateText(text.replace(/CodeUri: (\w+)\//g, 'CodeUri: s3://code/$1')) as ValueMap;
  const template = readTemplate(transformServerless(root, { parameters: new Map(), region: 'us-east-1' }));
  const types = Object.values(template.resources).map(({ type }) => type);
  assert(types.every((type) => !type.startsWith('AWS::Serverless')));
  const api = template.resources['Api'];
  assert(api);
  const { paths, securityDefinitions } = api.properties['Body'] as Record<
    'paths' | 'securityDefinitions',
    Record<string, Record<string, Record<string, unknown>>>
  >;
  assert.deepEqual(paths['/ride']?.['post']?.['security'], [{ Riders: [] }]);
  assert.deepEqual(paths['/fleet']?.['get']?.['security'], [{ NONE: [] }]);
  assert.equal(paths['/ride']?.['options']?.['security'], undefined);
  assert.deepEqual(Object.keys(securityDefinitions), ['Riders']);
  assert(template.resources['ApiprodStage']);
  assert(template.resources['RideFunctionRidePermissionprod']);
});

test('an implicit API under conditions', () => {
  const fn = (condition: string, path: string, method: string) =>
    `{Type: AWS::Serverless::Function, Condition: ${condition}, Properties: {${FUNCTION}, Events: {E: {Type: Api, Properties: {Path: ${path}, Method: ${method}}}}}}`;
  const { Resources, Conditions } = transform(`
Conditions: {C: !Equals [a, a], D: !Equals [a, b]}
Resources:
  F: ${fn('C', '/x', 'get')}
  G: ${fn('D', '/x', 'any')}
  H: ${fn('D', "'/y/{id}'", 'post')}
`);
  assert.deepEqual(Conditions, {
    C: { 'Fn::Equals': ['a', 'a'] },
    D: { 'Fn::Equals': ['a', 'b'] },
    ServerlessRestApiSLASHxPathCondition: { 'Fn::Or': [{ Condition: 'C' }, { Condition: 'D' }] },
    ServerlessRestApiCondition: { 'Fn::Or': [{ Condition: 'C' }, { Condition: 'D' }] },
  });
  assert.equal(Resources['ServerlessRestApi']?.['Condition'], 'ServerlessRestApiCondition');
  assert.equal(Resources['HEPermissionProd']?.['Condition'], 'D');
  const source = Resources['HEPermissionProd']?.Properties['SourceArn'] as { 'Fn::Sub': [string] };
  assert.match(source['Fn::Sub'][0], /\/POST\/y\/\*$/);
});

test('what is wrong is said at once, in SAM’s words', () => {
  const refused = (text: string, ...problems: readonly string[]) =>
    assert.throws(() => transform(text), {
      code: 'ValidationError',
      message: `Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: ${problems.length}. ${problems.join(' ')}`,
    });
  refused(
    `Resources: {A: {Type: AWS::Serverless::Api}, F: {Type: AWS::Serverless::Function, Properties: {Foo: 1}}}`,
    "Resource with id [A] is invalid. Missing required property 'StageName'.",
    'Resource with id [F] is invalid. property Foo not defined for resource of type AWS::Serverless::Function',
  );
  refused(
    `Resources: {F: {Type: AWS::Serverless::Function, Properties: {${FUNCTION}, Events: {E: {Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref X}}}}}}`,
    "Resource with id [F] is invalid. Event with id [E] is invalid. RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.",
  );
  refused(
    'Resources: {F: {Type: AWS::Serverless::Function, Properties: {Runtime: a, Handler: b, CodeUri: src/}}}',
    "Resource with id [F] is invalid. 'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.",
  );
  refused(
    'Resources: {M: {Type: AWS::Serverless::StateMachine}}',
    'Resource with id [M] is invalid. Lambent does not transform resources of type AWS::Serverless::StateMachine yet.',
  );
});

test('a topic may reach a function through a queue', () => {
  const { Resources } = transform(`
Resources:
  T: {Type: AWS::SNS::Topic}
  Q: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Serverless::Function
    Properties:
      ${FUNCTION.replaceAll(', ', '\n      ')}
      Events:
        Own: {Type: SNS, Properties: {Topic: !Ref T, SqsSubscription: true, FilterPolicy: {a: [b]}}}
        Given: {Type: SNS, Properties: {Topic: !Ref T, SqsSubscription: {QueueArn: !GetAtt Q.Arn, QueueUrl: !Ref Q, BatchSize: 5}}}
`);
  assert.deepEqual(Object.keys(Resources).sort(), [
    'F',
    'FGiven',
    'FGivenEventSourceMapping',
    'FGivenQueuePolicy',
    'FOwn',
    'FOwnEventSourceMapping',
    'FOwnQueue',
    'FOwnQueuePolicy',
    'FRole',
    'Q',
    'T',
  ]);
  assert.deepEqual(Resources['FOwn']?.Properties, {
    Endpoint: { 'Fn::GetAtt': ['FOwnQueue', 'Arn'] },
    Protocol: 'sqs',
    TopicArn: { Ref: 'T' },
    FilterPolicy: { a: ['b'] },
  });
  assert.deepEqual(Resources['FGivenEventSourceMapping']?.Properties, {
    BatchSize: 5,
    Enabled: true,
    EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] },
    FunctionName: { Ref: 'F' },
  });
  assert.deepEqual(Resources['FGivenQueuePolicy']?.Properties['Queues'], [{ Ref: 'Q' }]);
});
