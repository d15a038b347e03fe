import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  GetPolicyCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  GetBucketPolicyCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { makeUser, policyOf } from '../support/users.ts';

/** A resource's policy means the user it named when it was written, not whoever has the name later. */
const lambent = await withLambent();
const iam = lambent.client(IAMClient);
const s3 = lambent.client(S3Client);
const sqs = lambent.client(SQSClient);
const sns = lambent.client(SNSClient);
const dynamodb = lambent.client(DynamoDBClient);
const lambda = lambent.client(LambdaClient);
const USER = 'arn:aws:iam::000000000000:user/alice';
const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/named';
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:named';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:named';
const Bucket = 'named-principals';
const lets = (Action: string, Resource: string, AWS = USER) =>
  policyOf({ Sid: 'named', Effect: 'Allow', Principal: { AWS }, Action, Resource });
const UNRELATED = { Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' };

let QueueUrl = '';

async function shown(): Promise<readonly string[]> {
  const queue = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }));
  const texts = [
    (await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy,
    queue.Attributes?.Policy,
    (await sns.send(new GetTopicAttributesCommand({ TopicArn: TOPIC }))).Attributes?.['Policy'],
    (await dynamodb.send(new GetResourcePolicyCommand({ ResourceArn: TABLE }))).Policy,
    (await lambda.send(new GetPolicyCommand({ FunctionName: 'named' }))).Policy,
  ];
  return texts.map((text = '{}') => JSON.parse(text).Statement[0].Principal.AWS);
}

test('policies of resources keep whom they name, though another takes the name', async () => {
  const alice = await makeUser(iam, 'alice', UNRELATED);
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Policy = lets('s3:ListBucket', `arn:aws:s3:::${Bucket}`);
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: 'named', Attributes: { Policy: lets('sqs:SendMessage', QUEUE) } }),
  );
  QueueUrl = made.QueueUrl ?? '';
  await sns.send(
    new CreateTopicCommand({ Name: 'named', Attributes: { Policy: lets('sns:Publish', TOPIC) } }),
  );
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'named',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      ResourcePolicy: lets('dynamodb:GetItem', TABLE),
    }),
  );
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'named',
      Role: await makeFunctionRole(iam, 'runs'),
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from('') }) },
    }),
  );
  const permission = { FunctionName: 'named', StatementId: 'named', Action: 'lambda:GetFunction' };
  await lambda.send(new AddPermissionCommand({ ...permission, Principal: USER }));

  const asked = async (credentials: typeof alice) => {
    const outcomes = await Promise.allSettled([
      lambent.client(S3Client, { credentials }).send(new ListObjectsV2Command({ Bucket })),
      lambent.client(SQSClient, { credentials }).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
      lambent.client(SNSClient, { credentials }).send(new PublishCommand({ TopicArn: TOPIC, Message: 'x' })),
      lambent
        .client(DynamoDBClient, { credentials })
        .send(new GetItemCommand({ TableName: 'named', Key: { id: { S: 'a' } } })),
    ]);
    return outcomes.map(({ status }) => status);
  };
  assert.deepEqual(await asked(alice), Array(4).fill('fulfilled'));
  assert.deepEqual(await shown(), Array(5).fill(USER));

  await iam.send(new DeleteAccessKeyCommand({ UserName: 'alice', AccessKeyId: alice.accessKeyId }));
  await iam.send(new DeleteUserPolicyCommand({ UserName: 'alice', PolicyName: 'own' }));
  await iam.send(new DeleteUserCommand({ UserName: 'alice' }));
  for (const id of await shown()) assert.match(id, /^AIDA/);
  const another = await makeUser(iam, 'alice', UNRELATED);
  assert.deepEqual(await asked(another), Array(4).fill('rejected'));
  for (const id of await shown()) assert.match(id, /^AIDA/);
});

test('who is not there cannot be named', async () => {
  const nobody = 'arn:aws:iam::000000000000:user/nobody';
  await assert.rejects(
    s3.send(
      new PutBucketPolicyCommand({ Bucket, Policy: lets('s3:ListBucket', `arn:aws:s3:::${Bucket}`, nobody) }),
    ),
    { name: 'MalformedPolicy', message: 'Invalid principal in policy' },
  );
  await assert.rejects(
    sqs.send(
      new SetQueueAttributesCommand({
        QueueUrl,
        Attributes: { Policy: lets('sqs:SendMessage', QUEUE, nobody) },
      }),
    ),
    { name: 'InvalidAttributeValue' },
  );
  await assert.rejects(
    lambda.send(
      new AddPermissionCommand({
        FunctionName: 'named',
        StatementId: 'other',
        Action: 'lambda:InvokeFunction',
        Principal: nobody,
      }),
    ),
    { name: 'InvalidParameterValueException' },
  );
  // Of another account nobody here can tell.
  const elsewhere = lets('dynamodb:GetItem', TABLE, 'arn:aws:iam::999999999999:user/somebody');
  await dynamodb.send(new PutResourcePolicyCommand({ ResourceArn: TABLE, Policy: elsewhere }));
  await iam.send(new CreateUserCommand({ UserName: 'nobody' }));
  await s3.send(
    new PutBucketPolicyCommand({ Bucket, Policy: lets('s3:ListBucket', `arn:aws:s3:::${Bucket}`, nobody) }),
  );
});

test('a table takes no policy that could not be evaluated', async () => {
  for (const Policy of ['{}', '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}'])
    await assert.rejects(dynamodb.send(new PutResourcePolicyCommand({ ResourceArn: TABLE, Policy })), {
      name: 'ValidationException',
    });
});
