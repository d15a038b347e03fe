import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import type { FunctionUnderWay } from './function.ts';
import { eventProblem } from './problem.ts';
import { attributeOf, type Generated, passedOn, present, refTo } from './resource.ts';

/** What an event adds, and what it changes of the template's own resources. */
export interface EventScope {
  readonly fn: FunctionUnderWay;
  readonly eventId: string;
  readonly properties: ValueMap;
  readonly generated: Generated;
  /** A plain resource of the template, to be changed; undefined when `reference` names none. */
  plain(
    reference: Value | undefined,
  ): { readonly logicalId: string; readonly resource: MutableMap } | undefined;
}

type EventTransform = (scope: EventScope) => void;

function idOf({ fn, eventId }: EventScope): string {
  return `${fn.logicalId}${eventId}`;
}

function add(
  scope: EventScope,
  logicalId: string,
  type: string,
  properties: ValueMap,
  more: ValueMap = {},
): void {
  scope.generated[logicalId] = {
    Type: type,
    ...more,
    ...passedOn(scope.fn.resource),
    Properties: properties,
  };
}

function allow(
  scope: EventScope,
  Principal: string,
  source: Readonly<Record<string, Value | undefined>>,
  id?: string,
): void {
  add(
    scope,
    id ?? `${idOf(scope)}Permission`,
    'AWS::Lambda::Permission',
    present({ Action: 'lambda:InvokeFunction', FunctionName: scope.fn.target, Principal, ...source }),
  );
}

function required(scope: EventScope, name: string): Value {
  const value = scope.properties[name];
  if (value === undefined) {
    throw eventProblem(scope.fn.logicalId, scope.eventId, `Missing required property '${name}'.`);
  }
  return value;
}

function only(scope: EventScope, names: readonly string[]): void {
  const other = Object.keys(scope.properties).find((name) => !names.includes(name));
  if (other === undefined) return;
  throw eventProblem(
    scope.fn.logicalId,
    scope.eventId,
    `Lambent does not transform the property ${other} of this event.`,
  );
}

const FAILURE_ACTIONS: Readonly<Record<string, string>> = { SQS: 'sqs:SendMessage', SNS: 'sns:Publish' };

/** Where a poller puts what failed: its `Type` is SAM's, and becomes leave to write there. */
function onFailure(scope: EventScope): ValueMap | undefined {
  const given = scope.properties['DestinationConfig'];
  if (!isMap(given) || !isMap(given['OnFailure'])) return isMap(given) ? given : undefined;
  const { Type, ...destination } = given['OnFailure'];
  const action = FAILURE_ACTIONS[String(Type)];
  const Resource = destination['Destination'];
  if (action !== undefined && Resource !== undefined) {
    scope.fn.role?.inline.push({
      PolicyName: `${idOf(scope)}${String(Type)}Policy`,
      PolicyDocument: { Statement: [{ Action: action, Effect: 'Allow', Resource }] },
    });
  }
  return { ...given, OnFailure: destination };
}

/** A queue or stream the function polls. */
function polled(source: string, policy: string): EventTransform {
  return (scope) => {
    const { properties, fn } = scope;
    const { [source]: _, ...rest } = properties;
    const DestinationConfig = onFailure(scope);
    add(scope, idOf(scope), 'AWS::Lambda::EventSourceMapping', {
      ...rest,
      ...(DestinationConfig === undefined ? {} : { DestinationConfig }),
      EventSourceArn: required(scope, source),
      FunctionName: fn.target,
    });
    fn.role?.managed.push(`arn:aws:iam::aws:policy/service-role/${policy}`);
  };
}

function ruleTarget(scope: EventScope, names: readonly string[]): ValueMap {
  const picked = Object.fromEntries(names.map((name) => [name, scope.properties[name]]));
  return present({ Arn: scope.fn.targetArn, Id: `${idOf(scope)}LambdaTarget`, ...picked });
}

const rule: EventTransform = (scope) => {
  only(scope, [
    'Pattern',
    'EventBusName',
    'Input',
    'InputPath',
    'InputTransformer',
    'State',
    'DeadLetterConfig',
    'RetryPolicy',
    'RuleName',
    'Enabled',
  ]);
  const { properties } = scope;
  add(
    scope,
    idOf(scope),
    'AWS::Events::Rule',
    present({
      EventBusName: properties['EventBusName'],
      EventPattern: required(scope, 'Pattern'),
      Name: properties['RuleName'],
      State: stateOf(properties),
      Targets: [
        ruleTarget(scope, ['Input', 'InputPath', 'InputTransformer', 'DeadLetterConfig', 'RetryPolicy']),
      ],
    }),
  );
  allow(scope, 'events.amazonaws.com', { SourceArn: attributeOf(idOf(scope), 'Arn') });
};

function stateOf({ Enabled, State }: ValueMap): Value | undefined {
  return State ?? (Enabled === undefined ? undefined : Enabled === true ? 'ENABLED' : 'DISABLED');
}

/** A topic whose messages a queue keeps for the function: SAM's own queue, or one the template names. */
function throughQueue(scope: EventScope, topic: Value, queued: Value, subscription: ValueMap): void {
  const id = idOf(scope);
  const given = isMap(queued) ? queued : undefined;
  const { QueueArn, QueueUrl } = given ?? {
    QueueArn: attributeOf(`${id}Queue`, 'Arn'),
    QueueUrl: refTo(`${id}Queue`),
  };
  if (QueueArn === undefined || QueueUrl === undefined) {
    throw eventProblem(scope.fn.logicalId, scope.eventId, 'No QueueARN or QueueURL provided.');
  }
  if (given === undefined) add(scope, `${id}Queue`, 'AWS::SQS::Queue', {});
  const policyId = given?.['QueuePolicyLogicalId'];
  add(scope, policyId === undefined ? `${id}QueuePolicy` : String(policyId), 'AWS::SQS::QueuePolicy', {
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'sqs:SendMessage',
          Effect: 'Allow',
          Principal: '*',
          Resource: QueueArn,
          Condition: { ArnEquals: { 'aws:SourceArn': topic } },
        },
      ],
    },
    Queues: [QueueUrl],
  });
  add(scope, id, 'AWS::SNS::Subscription', {
    Endpoint: QueueArn,
    Protocol: 'sqs',
    TopicArn: topic,
    ...subscription,
  });
  add(scope, `${id}EventSourceMapping`, 'AWS::Lambda::EventSourceMapping', {
    BatchSize: given?.['BatchSize'] ?? 10,
    Enabled: given?.['Enabled'] ?? true,
    EventSourceArn: QueueArn,
    FunctionName: scope.fn.target,
  });
  scope.fn.role?.managed.push('arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole');
}

/** https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html */
export const EVENTS: Readonly<Record<string, EventTransform>> = {
  SQS: polled('Queue', 'AWSLambdaSQSQueueExecutionRole'),
  Kinesis: polled('Stream', 'AWSLambdaKinesisExecutionRole'),
  DynamoDB: polled('Stream', 'AWSLambdaDynamoDBExecutionRole'),
  EventBridgeRule: rule,
  CloudWatchEvent: rule,

  Schedule: (scope) => {
    only(scope, [
      'Schedule',
      'Input',
      'Enabled',
      'State',
      'Name',
      'Description',
      'DeadLetterConfig',
      'RetryPolicy',
      'RoleArn',
    ]);
    const { properties } = scope;
    add(
      scope,
      idOf(scope),
      'AWS::Events::Rule',
      present({
        ScheduleExpression: required(scope, 'Schedule'),
        State: stateOf(properties),
        Name: properties['Name'],
        Description: properties['Description'],
        Targets: [ruleTarget(scope, ['Input', 'DeadLetterConfig', 'RetryPolicy', 'RoleArn'])],
      }),
    );
    allow(scope, 'events.amazonaws.com', { SourceArn: attributeOf(idOf(scope), 'Arn') });
  },

  SNS: (scope) => {
    only(scope, ['Topic', 'Region', 'FilterPolicy', 'FilterPolicyScope', 'RedrivePolicy', 'SqsSubscription']);
    const { Topic: _, SqsSubscription: queued, ...rest } = scope.properties;
    const TopicArn = required(scope, 'Topic');
    if (queued !== undefined && queued !== false) return throughQueue(scope, TopicArn, queued, rest);
    add(scope, idOf(scope), 'AWS::SNS::Subscription', {
      Endpoint: scope.fn.targetArn,
      Protocol: 'lambda',
      TopicArn,
      ...rest,
    });
    allow(scope, 'sns.amazonaws.com', { SourceArn: TopicArn });
  },

  S3: (scope) => {
    only(scope, ['Bucket', 'Events', 'Filter']);
    const bucket = scope.plain(required(scope, 'Bucket'));
    if (bucket?.resource['Type'] !== 'AWS::S3::Bucket') {
      throw eventProblem(
        scope.fn.logicalId,
        scope.eventId,
        'S3 events must reference an S3 bucket in the same template.',
      );
    }
    const given = required(scope, 'Events');
    const added = (isList(given) ? given : [given]).map((Event) =>
      present({ Event, Filter: scope.properties['Filter'], Function: scope.fn.targetArn }),
    );
    const properties = isMap(bucket.resource['Properties']) ? bucket.resource['Properties'] : {};
    const configuration = isMap(properties['NotificationConfiguration'])
      ? properties['NotificationConfiguration']
      : {};
    const before = configuration['LambdaConfigurations'];
    bucket.resource['Properties'] = {
      ...properties,
      NotificationConfiguration: {
        ...configuration,
        LambdaConfigurations: [...(isList(before) ? before : []), ...added],
      },
    };
    const dependsOn = bucket.resource['DependsOn'] ?? [];
    bucket.resource['DependsOn'] = [
      ...(isList(dependsOn) ? dependsOn : [dependsOn]),
      `${idOf(scope)}Permission`,
    ];
    allow(scope, 's3.amazonaws.com', { SourceAccount: refTo('AWS::AccountId') });
  },

  CloudWatchLogs: (scope) => {
    only(scope, ['LogGroupName', 'FilterPattern']);
    const LogGroupName = required(scope, 'LogGroupName');
    add(
      scope,
      idOf(scope),
      'AWS::Logs::SubscriptionFilter',
      { LogGroupName, FilterPattern: required(scope, 'FilterPattern'), DestinationArn: scope.fn.targetArn },
      { DependsOn: [`${idOf(scope)}Permission`] },
    );
    allow(scope, 'logs.amazonaws.com', {
      SourceArn: {
        'Fn::Sub': [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
          'arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*',
          { __LogGroupName__: LogGroupName },
        ],
      },
    });
  },

  Cognito: (scope) => {
    only(scope, ['UserPool', 'Trigger']);
    const pool = scope.plain(required(scope, 'UserPool'));
    if (pool?.resource['Type'] !== 'AWS::Cognito::UserPool') {
      throw eventProblem(
        scope.fn.logicalId,
        scope.eventId,
        'Cognito events must reference a Cognito UserPool in the same template.',
      );
    }
    const triggers = required(scope, 'Trigger');
    const properties = isMap(pool.resource['Properties']) ? pool.resource['Properties'] : {};
    const before = isMap(properties['LambdaConfig']) ? properties['LambdaConfig'] : {};
    const added = (isList(triggers) ? triggers : [triggers]).map(
      (trigger) => [String(trigger), scope.fn.targetArn] as const,
    );
    pool.resource['Properties'] = {
      ...properties,
      LambdaConfig: { ...before, ...Object.fromEntries(added) },
    };
    const SourceArn = attributeOf(pool.logicalId, 'Arn');
    allow(
      scope,
      'cognito-idp.amazonaws.com',
      { SourceArn },
      `${scope.fn.alias ?? scope.fn.logicalId}CognitoPermission`,
    );
  },
};
