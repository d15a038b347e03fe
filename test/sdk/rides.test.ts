import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { isHere } from '../support/programs.ts';
import { type Rides, startRides } from '../support/rides.ts';

let rides: Rides;
before(async () => {
  rides = await startRides();
});
after(() => rides?.lambent.stop());

const EMAIL = 'ada@example.com';
const PASSWORD = 'cantering-4-ever';
const PICKUP = { PickupLocation: { Latitude: 47.37, Longitude: 8.51 } };

function ask(body: unknown, token?: string) {
  return fetch(`${rides.apiUrl}/ride`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: token }) },
    body: JSON.stringify(body),
  });
}

async function signIn(): Promise<string> {
  const { endpoint, region } = rides.lambent;
  const idp = new cognito.CognitoIdentityProviderClient({
    endpoint,
    region,
    maxAttempts: 1,
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  const ClientId = rides.clientId;
  await idp.send(new cognito.SignUpCommand({ ClientId, Username: EMAIL, Password: PASSWORD }));
  await idp.send(
    new cognito.ConfirmSignUpCommand({
      ClientId,
      Username: EMAIL,
      ConfirmationCode: await rides.code(EMAIL),
    }),
  );
  const { AuthenticationResult } = await idp.send(
    new cognito.InitiateAuthCommand({
      ClientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: EMAIL, PASSWORD },
    }),
  );
  idp.destroy();
  return AuthenticationResult?.IdToken ?? '';
}

test('a rider signs up, signs in, and gets a unicorn; the ride is in the table', async () => {
  assert.equal((await ask(PICKUP)).status, 401);
  assert.equal((await ask(PICKUP, 'not.a.token')).status, 401);
  const token = await signIn();
  const answer = await ask(PICKUP, token);
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const ride = JSON.parse(text) as { RideId: string; Unicorn: { Name: string }; Eta: string; Rider: string };
  assert.match(ride.Eta, /^\d+ seconds$/);
  assert.ok(ride.Unicorn.Name);
  assert.ok(ride.Rider);
  assert.equal((await ask({ PickupLocation: { Latitude: 'north' } }, token)).status, 400);

  const { endpoint, region, credentials } = rides.lambent;
  const dynamodb = new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 });
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: TableNames[0] }));
  dynamodb.destroy();
  assert.equal(Items.length, 1);
  assert.equal(Items[0]?.['RideId']?.S, ride.RideId);
  assert.equal(Items[0]?.['Rider']?.S, ride.Rider);
});

test('a page of another origin may ask', async () => {
  const preflight = await fetch(`${rides.apiUrl}/ride`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:5173',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  assert.ok(preflight.ok);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/i);
});

test('the fleet is for everybody', { skip: isHere('python3') ? false : 'Python is not here' }, async () => {
  const answer = await fetch(`${rides.apiUrl}/fleet`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const { Unicorns } = JSON.parse(text) as { Unicorns: { Name: string }[] };
  assert.deepEqual(
    Unicorns.map(({ Name }) => Name),
    ['Halley', 'Marzipan', 'Pomelo', 'Quasar', 'Thistledown'],
  );
});

test('the site is served with what it needs to know', async () => {
  const site = rides.siteUrl.replace(/\/?$/, '/');
  const page = await fetch(site);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(await page.text(), /id="request-ride"/);
  const config = await (await fetch(`${site}config.js`)).text();
  assert.ok(config.includes(rides.userPoolId));
  assert.ok(config.includes(rides.clientId));
  assert.ok(config.includes(rides.apiUrl));
  assert.equal((await fetch(`${site}vendor/amazon-cognito-identity.min.js`)).status, 200);
});

test('the stack goes, and everything with it', async () => {
  await rides.remove();
  assert.notEqual((await fetch(rides.siteUrl)).status, 200);
});
