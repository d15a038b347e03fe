import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { APIGatewayClient, CreateRestApiCommand } from '@aws-sdk/client-api-gateway';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();

test('what cannot be honoured is refused by its name', async () => {
  const arn = 'arn:aws:sts::000000000000:role/r';
  const context = {
    ProviderArn: 'arn:aws:iam::aws:contextProvider/IdentityCenter',
    ContextAssertion: 'abcd',
  };
  await assert.rejects(
    lambent
      .client(STSClient)
      .send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'rs', ProvidedContexts: [context] })),
    { name: 'ValidationError', message: /^ProvidedContexts / },
  );
  await assert.rejects(
    lambent.client(CloudWatchLogsClient).send(new DescribeLogGroupsCommand({ includeLinkedAccounts: true })),
    { name: 'InvalidParameterException', message: /^includeLinkedAccounts / },
  );
  await assert.rejects(
    lambent.client(APIGatewayClient).send(new CreateRestApiCommand({ name: 'a', securityPolicy: 'TLS_1_2' })),
    { name: 'BadRequestException', message: /TLS settings/ },
  );
});
