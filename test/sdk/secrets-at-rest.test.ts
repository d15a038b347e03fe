import { strict as assert } from 'node:assert';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { APIGatewayClient, CreateApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  AdminCreateUserCommand,
  AdminInitiateAuthCommand,
  AdminSetUserPasswordCommand,
  AssociateSoftwareTokenCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  IAMClient,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { zipSync } from 'fflate';
import { startLambent } from 'lambent/testing';
import { selfSigned } from '../support/certificate.ts';
import { unbase32 } from '../support/one-time-code.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { samlMetadata } from '../support/saml-provider.ts';

/** Of the authority for AWS's names, which signs for this machine alone: a secret in a file of its own. */
const AUTHORITY_KEY = join('derived', 'aws-names.key');
const PASSWORD = 'Planted-Pa55word-for-the-search';
const VARIABLE = 'Planted-Variable-for-the-search';
const NO_ECHO = 'Planted-NoEcho-for-the-search';
const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A secret as it could lie on a disk. */
function spellings(secret: string | Buffer): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  return [
    bytes,
    Buffer.from(bytes.toString('base64').replace(/=+$/, '')),
    Buffer.from(bytes.toString('base64url')),
    Buffer.from(bytes.toString('hex')),
    Buffer.from(encodeURIComponent(bytes.toString())),
    Buffer.from(bytes.toString(), 'utf16le'),
  ];
}

async function* filesUnder(folder: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile()) yield path;
  }
}

test('no secret key, MFA seed or password lies in the data folder or the log', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-secrets-'));
  folders.push(dataFolder);
  let log = '';
  const lambent = await startLambent({
    dataFolder,
    log: (text) => {
      log += text;
    },
  });
  const { endpoint, region } = lambent;
  const options = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => ({
    endpoint,
    region,
    credentials,
    maxAttempts: 1,
  });
  const iam = new IAMClient(options(lambent.credentials));
  await iam.send(new CreateUserCommand({ UserName: 'planted' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'planted' }));
  const { VirtualMFADevice } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'planted' }),
  );
  await iam.send(new CreateLoginProfileCommand({ UserName: 'planted', Password: PASSWORD }));
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'planted',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: lambent.account }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  const user = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  await new STSClient(options(user)).send(new GetCallerIdentityCommand({}));
  // A denial says what it saw; a wrong secret is told what was wrong with it.
  await assert.rejects(new IAMClient(options(user)).send(new ListUsersCommand({})));
  await assert.rejects(
    new STSClient(options({ ...user, secretAccessKey: `${user.secretAccessKey}x` })).send(
      new GetCallerIdentityCommand({}),
    ),
  );
  const { Credentials } = await new STSClient(options(lambent.credentials)).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${lambent.account}:role/planted`,
      RoleSessionName: 'guest',
    }),
  );
  await new STSClient(
    options({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }),
  ).send(new GetCallerIdentityCommand({}));
  const cognito = new CognitoIdentityProviderClient(options(lambent.credentials));
  const { UserPool } = await cognito.send(
    new CreateUserPoolCommand({ PoolName: 'planted', MfaConfiguration: 'OFF' }),
  );
  const UserPoolId = UserPool?.Id ?? '';
  const { UserPoolClient } = await cognito.send(
    new CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'planted',
      GenerateSecret: true,
      ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    }),
  );
  const { ClientId = '', ClientSecret = '' } = UserPoolClient ?? {};
  const Username = 'ada';
  await cognito.send(new AdminCreateUserCommand({ UserPoolId, Username, MessageAction: 'SUPPRESS' }));
  await cognito.send(
    new AdminSetUserPasswordCommand({ UserPoolId, Username, Password: PASSWORD, Permanent: true }),
  );
  const SECRET_HASH = createHmac('sha256', ClientSecret).update(`${Username}${ClientId}`).digest('base64');
  const { AuthenticationResult } = await cognito.send(
    new AdminInitiateAuthCommand({
      UserPoolId,
      ClientId,
      AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: Username, PASSWORD, SECRET_HASH },
    }),
  );
  const { SecretCode = '' } = await cognito.send(
    new AssociateSoftwareTokenCommand({ AccessToken: AuthenticationResult?.AccessToken }),
  );
  const { ServiceSpecificCredential } = await iam.send(
    new CreateServiceSpecificCredentialCommand({
      UserName: 'planted',
      ServiceName: 'codecommit.amazonaws.com',
    }),
  );
  const { value: apiKey = '' } = await new APIGatewayClient(options(lambent.credentials)).send(
    new CreateApiKeyCommand({ name: 'planted', enabled: true }),
  );
  await new CloudFormationClient(options(lambent.credentials)).send(
    new CreateStackCommand({
      StackName: 'planted',
      TemplateBody: JSON.stringify({
        Parameters: { Password: { Type: 'String', NoEcho: true } },
        Resources: { Queue: { Type: 'AWS::SQS::Queue' } },
      }),
      Parameters: [{ ParameterKey: 'Password', ParameterValue: NO_ECHO }],
    }),
  );
  const lambda = new LambdaClient(options(lambent.credentials));
  const FunctionName = 'planted';
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: await makeFunctionRole(iam, 'planted-functions', 'AWSLambdaBasicExecutionRole'),
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: {
        ZipFile: zipSync({
          'index.js': Buffer.from('exports.handler = async () => process.env.PLANTED.length;'),
        }),
      },
      Environment: { Variables: { PLANTED: VARIABLE } },
      Publish: true,
    }),
  );
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Environment: { Variables: { PLANTED: VARIABLE, OTHER: VARIABLE } },
    }),
  );
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  assert.deepEqual(Environment?.Variables, { PLANTED: VARIABLE, OTHER: VARIABLE });
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Qualifier: '1' }));
  assert.equal(Buffer.from(Payload ?? []).toString(), String(VARIABLE.length));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await iam.send(
    new CreateSAMLProviderCommand({
      Name: 'planted',
      SAMLMetadataDocument: samlMetadata('planted', selfSigned('idp')),
      AddPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }),
  );
  await lambent.stop();

  const seed = Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString();
  assert.equal(user.secretAccessKey.length, 40);
  assert.ok(seed.length >= 16 && ClientSecret.length >= 20 && SecretCode.length >= 16);
  const planted = {
    'the secret access key': user.secretAccessKey,
    'the session’s secret key': Credentials?.SecretAccessKey ?? '',
    'the MFA seed': seed,
    'the MFA seed’s bytes': unbase32(seed),
    'the password': PASSWORD,
    'a signing key of the user pool': '-----BEGIN PRIVATE KEY-----',
    'the app client’s secret': ClientSecret,
    'the authenticator app’s seed': SecretCode,
    'the API key': apiKey,
    'the NoEcho parameter': NO_ECHO,
    'the function’s variable': VARIABLE,
    'the password for a service': ServiceSpecificCredential?.ServicePassword ?? '',
  };
  let files = 0;
  for await (const path of filesUnder(dataFolder)) {
    if (path.endsWith(AUTHORITY_KEY)) continue;
    files++;
    const content = await readFile(path);
    for (const [name, secret] of Object.entries(planted))
      for (const spelling of spellings(secret))
        assert.equal(content.indexOf(spelling), -1, `${name} is in ${path}`);
  }
  assert.ok(files > 1);
  for (const [name, secret] of Object.entries(planted))
    for (const spelling of spellings(secret))
      assert.equal(Buffer.from(log).indexOf(spelling), -1, `${name} is in the log`);
});

test('the key that seals them is outside the data file; keys are for their owner alone', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-secrets-'));
  folders.push(dataFolder);
  const lambent = await startLambent({ dataFolder });
  await lambent.stop();
  const keys: string[] = [];
  for await (const path of filesUnder(dataFolder)) if (/key/.test(path)) keys.push(path);
  assert.equal(keys.filter((path) => !path.endsWith(AUTHORITY_KEY)).length, 1);
  for (const path of keys) assert.equal((await stat(path)).mode & 0o777, 0o600, path);
});
