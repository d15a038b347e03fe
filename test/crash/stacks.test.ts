import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as apigateway from '@aws-sdk/client-api-gateway';
import * as cfn from '@aws-sdk/client-cloudformation';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import * as iam from '@aws-sdk/client-iam';
import { seededRandom } from '../../src/world/simulated.ts';
import { startServer } from '../support/process.ts';
import { scaled } from '../support/tier.ts';

const ROUNDS = scaled(10, 1);
/** A restart waits for the dead server's leases; the short tier kills during the creation alone. */
const KILLED_STEPS = scaled(3, 1);

/** Resources whose ids their services draw: made twice, there would be two. */
function template(round: number): string {
  const many = Array.from(
    { length: 4 },
    (_, i) => `
  Pool${i}: {Type: AWS::Cognito::UserPool}
  Client${i}: {Type: AWS::Cognito::UserPoolClient, Properties: {UserPoolId: !Ref Pool${i}}}
  Api${i}: {Type: AWS::ApiGateway::RestApi, Properties: {Name: !Sub '\${AWS::StackName}-${i}', Description: round ${round}}}
  Part${i}: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api${i}, ParentId: !GetAtt Api${i}.RootResourceId, PathPart: a}}
  Role${i}: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}, Description: round ${round}}}`,
  );
  return `Resources:${many.join('')}`;
}

function clients(port: number) {
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  return {
    stacks: new cfn.CloudFormationClient(options),
    apis: new apigateway.APIGatewayClient(options),
    pools: new cognito.CognitoIdentityProviderClient(options),
    roles: new iam.IAMClient(options),
  };
}

async function rest(stacks: cfn.CloudFormationClient, StackName: string): Promise<string> {
  for (let looks = 0; looks < 2400; looks++) {
    const { Stacks } = await stacks.send(new cfn.DescribeStacksCommand({ StackName }));
    const status = Stacks?.[0]?.StackStatus ?? '';
    if (!status.endsWith('IN_PROGRESS')) return status;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail('the stack does not rest');
}

/** How many there are of everything. */
async function census({ apis, pools, roles }: ReturnType<typeof clients>) {
  const { items = [] } = await apis.send(new apigateway.GetRestApisCommand({ limit: 500 }));
  const parts = await Promise.all(
    items.map(
      async ({ id }) =>
        (await apis.send(new apigateway.GetResourcesCommand({ restApiId: id }))).items?.length,
    ),
  );
  const { UserPools = [] } = await pools.send(new cognito.ListUserPoolsCommand({ MaxResults: 60 }));
  const counts = await Promise.all(
    UserPools.map(async ({ Id }) => {
      const command = new cognito.ListUserPoolClientsCommand({ UserPoolId: Id, MaxResults: 60 });
      return (await pools.send(command)).UserPoolClients?.length;
    }),
  );
  const { Roles = [] } = await roles.send(new iam.ListRolesCommand({}));
  return { apis: items.length, parts, pools: UserPools.length, clients: counts, roles: Roles.length };
}

const WHOLE = { apis: 4, parts: [2, 2, 2, 2], pools: 4, clients: [1, 1, 1, 1], roles: 4 };
const NOTHING = { apis: 0, parts: [], pools: 0, clients: [], roles: 0 };

test('a stack goes on after a kill at any instant, and nothing is made twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lambent-stacks-'));
  const random = seededRandom(20_26);
  let server = await startServer(['--data', folder]);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const StackName = `round-${round}`;
      const steps = [
        {
          run: new cfn.CreateStackCommand({
            StackName,
            TemplateBody: template(1),
            Capabilities: ['CAPABILITY_IAM'],
          }),
          end: 'CREATE_COMPLETE',
          left: WHOLE,
        },
        {
          run: new cfn.UpdateStackCommand({
            StackName,
            TemplateBody: template(2),
            Capabilities: ['CAPABILITY_IAM'],
          }),
          end: 'UPDATE_COMPLETE',
          left: WHOLE,
        },
        { run: new cfn.DeleteStackCommand({ StackName }), end: 'DELETE_COMPLETE', left: NOTHING },
      ];
      let id = StackName;
      for (const [number, { run, end, left }] of steps.entries()) {
        let open = clients(server.port);
        await open.stacks.send(run as cfn.CreateStackCommand);
        const { Stacks } = await open.stacks.send(new cfn.DescribeStacksCommand({ StackName: id }));
        id = Stacks?.[0]?.StackId ?? id;
        if (number < KILLED_STEPS) {
          await new Promise((resolve) => setTimeout(resolve, random.below(300)));
          await server.kill();
          server = await startServer(['--data', folder]);
        }
        open = clients(server.port);
        assert.equal(await rest(open.stacks, id), end);
        assert.deepEqual(await census(open), left);
      }
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
