import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  CreatePlatformApplicationCommand,
  CreatePlatformEndpointCommand,
  CreateSMSSandboxPhoneNumberCommand,
  CreateTopicCommand,
  DeleteEndpointCommand,
  DeletePlatformApplicationCommand,
  DeleteSMSSandboxPhoneNumberCommand,
  GetEndpointAttributesCommand,
  GetPlatformApplicationAttributesCommand,
  GetSMSAttributesCommand,
  GetSMSSandboxAccountStatusCommand,
  ListEndpointsByPlatformApplicationCommand,
  ListOriginationNumbersCommand,
  ListPhoneNumbersOptedOutCommand,
  ListPlatformApplicationsCommand,
  ListSMSSandboxPhoneNumbersCommand,
  OptInPhoneNumberCommand,
  PublishCommand,
  SetEndpointAttributesCommand,
  SetPlatformApplicationAttributesCommand,
  SNSClient,
  SubscribeCommand,
  VerifySMSSandboxPhoneNumberCommand,
} from '@aws-sdk/client-sns';
import { withLambent } from '../support/clients.ts';
import { refuses } from '../support/refusals.ts';

const lambent = await withLambent();
const sns = lambent.client(SNSClient);

interface Letter {
  readonly kind: string;
  readonly to: string;
  readonly from: string;
  readonly subject: string | null;
  readonly text: string;
}

async function inbox(kind: string, count: number): Promise<readonly Letter[]> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`${lambent.endpoint}/_lambent/inbox`, {
      headers: { accept: 'application/json' },
    });
    const { messages } = (await answer.json()) as { messages: readonly Letter[] };
    const found = messages.filter((letter) => letter.kind === kind);
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${count} ${kind}`);
}

test('push messages for devices land in the inbox, in their service’s words', async () => {
  const { PlatformApplicationArn = '' } = await sns.send(
    new CreatePlatformApplicationCommand({
      Name: 'shop',
      Platform: 'GCM',
      Attributes: { PlatformCredential: 'secret' },
    }),
  );
  assert.equal(PlatformApplicationArn, 'arn:aws:sns:us-east-1:000000000000:app/GCM/shop');
  const { PlatformApplications } = await sns.send(new ListPlatformApplicationsCommand({}));
  assert.deepEqual(PlatformApplications, [{ PlatformApplicationArn, Attributes: { Enabled: 'true' } }]);
  const register = (Token: string, more: object = {}) =>
    sns.send(new CreatePlatformEndpointCommand({ PlatformApplicationArn, Token, ...more }));
  const { EndpointArn = '' } = await register('phone', {
    CustomUserData: 'bar',
    Attributes: { CustomUserData: 'foo' },
  });
  assert.match(EndpointArn, /:endpoint\/GCM\/shop\/[0-9a-f-]{36}$/);
  assert.equal((await register('phone', { CustomUserData: 'foo' })).EndpointArn, EndpointArn);
  await assert.rejects(
    register('phone', { CustomUserData: 'other' }),
    refuses(
      'InvalidParameterException',
      `Invalid parameter: Token Reason: Endpoint ${EndpointArn} already exists with the same Token, but different attributes.`,
    ),
  );
  const { Endpoints } = await sns.send(
    new ListEndpointsByPlatformApplicationCommand({ PlatformApplicationArn }),
  );
  const Attributes = { CustomUserData: 'foo', Enabled: 'true', Token: 'phone' };
  assert.deepEqual(Endpoints, [{ EndpointArn, Attributes }]);

  const Message = JSON.stringify({ default: 'anyone', GCM: '{"notification":{}}' });
  await sns.send(new PublishCommand({ TargetArn: EndpointArn, Message, MessageStructure: 'json' }));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'application', Endpoint: EndpointArn }),
  );
  assert.match(SubscriptionArn ?? '', /:news:/);
  await sns.send(new PublishCommand({ TopicArn, Message, MessageStructure: 'json', Subject: 'News' }));
  const pushed = await inbox('push', 2);
  assert.deepEqual(
    pushed.map(({ to, from, text, subject }) => [to, from, text, subject]),
    [
      ['phone', 'GCM/shop', '{"notification":{}}', 'News'],
      ['phone', 'GCM/shop', '{"notification":{}}', null],
    ],
  );

  await sns.send(new SetEndpointAttributesCommand({ EndpointArn, Attributes: { Enabled: 'False' } }));
  const publish = () => sns.send(new PublishCommand({ TargetArn: EndpointArn, Message: 'x' }));
  await assert.rejects(publish(), refuses('EndpointDisabledException', 'Endpoint is disabled'));
  await assert.rejects(
    sns.send(new PublishCommand({ TargetArn: EndpointArn, Message: 'x', MessageStructure: 'json' })),
    refuses('EndpointDisabledException'),
  );
  await sns.send(
    new SetPlatformApplicationAttributesCommand({ PlatformApplicationArn, Attributes: { Enabled: 'false' } }),
  );
  await assert.rejects(publish(), refuses('PlatformApplicationDisabledException'));
  const application = await sns.send(new GetPlatformApplicationAttributesCommand({ PlatformApplicationArn }));
  assert.deepEqual(application.Attributes, { Enabled: 'false' });

  const { EndpointArn: other } = await register('tablet');
  await sns.send(new DeleteEndpointCommand({ EndpointArn: other }));
  const gone = (arn: string | undefined) => sns.send(new GetEndpointAttributesCommand({ EndpointArn: arn }));
  await assert.rejects(gone(other), refuses('NotFoundException', 'Endpoint does not exist'));
  await assert.rejects(
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'application', Endpoint: other })),
    refuses(
      'InvalidParameterException',
      `Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint arn${other}`,
    ),
  );
  await sns.send(new DeletePlatformApplicationCommand({ PlatformApplicationArn }));
  await assert.rejects(gone(EndpointArn), refuses('NotFoundException'));
  await assert.rejects(
    sns.send(new ListEndpointsByPlatformApplicationCommand({ PlatformApplicationArn })),
    refuses('NotFoundException', 'PlatformApplication does not exist'),
  );
});

test('test destinations of text messages are verified by what is sent to them', async () => {
  const PhoneNumber = '+15551234567';
  assert.equal((await sns.send(new GetSMSSandboxAccountStatusCommand({}))).IsInSandbox, false);
  await sns.send(new CreateSMSSandboxPhoneNumberCommand({ PhoneNumber }));
  const status = async () => (await sns.send(new ListSMSSandboxPhoneNumbersCommand({}))).PhoneNumbers;
  assert.deepEqual(await status(), [{ PhoneNumber, Status: 'Pending' }]);
  const [letter] = await inbox('sms', 1);
  const OneTimePassword = /\d{6}/.exec(letter?.text ?? '')?.[0] ?? '';
  const verify = (password: string) =>
    sns.send(new VerifySMSSandboxPhoneNumberCommand({ PhoneNumber, OneTimePassword: password }));
  await assert.rejects(
    verify(OneTimePassword === '000000' ? '000001' : '000000'),
    refuses('VerificationException'),
  );
  await verify(OneTimePassword);
  assert.deepEqual(await status(), [{ PhoneNumber, Status: 'Verified' }]);
  const forget = () => sns.send(new DeleteSMSSandboxPhoneNumberCommand({ PhoneNumber }));
  await assert.rejects(forget(), refuses('UserErrorException'));
  await lambent.advance(86_400);
  await forget();
  await assert.rejects(forget(), refuses('ResourceNotFoundException'));
  assert.deepEqual((await sns.send(new ListOriginationNumbersCommand({}))).PhoneNumbers, []);
  const { attributes } = await sns.send(new GetSMSAttributesCommand({}));
  assert.deepEqual(attributes, { MonthlySpendLimit: '1' });
});

test('who answers a text message with STOP gets no more of them', async () => {
  const phoneNumber = '+15551234599';
  const isOptedOut = async () =>
    (await sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber }))).isOptedOut;
  const texts = async () => (await inbox('sms', 0)).filter(({ to }) => to === phoneNumber).length;
  const reply = async (text: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${lambent.endpoint}/_lambent/sms/replies`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ from: phoneNumber, text }),
    });
    return [answer.status, ((await answer.json()) as { readonly optedOut?: boolean }).optedOut];
  };
  const send = () => sns.send(new PublishCommand({ PhoneNumber: phoneNumber, Message: 'hello' }));
  await send();
  assert.equal(await texts(), 1);
  const page = await (await fetch(`${lambent.endpoint}/_lambent/inbox`)).text();
  assert.match(page, /data-from="\+15551234599" data-region="us-east-1">Reply STOP</);
  assert.deepEqual(await reply('thanks'), [200, false]);
  assert.deepEqual(await reply('STOP', { origin: 'http://elsewhere.example' }), [403, undefined]);
  assert.equal(await isOptedOut(), false);
  assert.deepEqual(await reply(' stop\n'), [200, true]);
  assert.equal(await isOptedOut(), true);
  assert.deepEqual((await sns.send(new ListPhoneNumbersOptedOutCommand({}))).phoneNumbers, [phoneNumber]);
  await send();
  assert.equal(await texts(), 1);
  await sns.send(new OptInPhoneNumberCommand({ phoneNumber }));
  assert.equal(await isOptedOut(), false);
  await send();
  assert.equal(await texts(), 2);
});
