import { createHash } from 'node:crypto';
import type { CodeDeliveryDetailsType, DeliveryMediumType } from '../../model/gen/cognito-idp.ts';
import type { Transaction } from '../../store/store.ts';
import { confirmationLink } from './confirm-page.ts';
import { fault, noSuchAccount } from './fault.ts';
import type { PoolRow } from './pool.ts';
import type { ClientScope, PoolScope } from './scope.ts';
import { eventAttributes, metadata, runTrigger } from './trigger.ts';
import { masked, type UserRow } from './user.ts';

/** Why a message goes out; each has its CustomMessage source and its default wording. */
export type Occasion =
  | 'SignUp'
  | 'ResendCode'
  | 'ForgotPassword'
  | 'AdminCreateUser'
  | 'UpdateUserAttribute'
  | 'VerifyUserAttribute';

/** Where a message goes. */
export interface Destination {
  readonly attribute: 'email' | 'phone_number';
  readonly address: string;
}

export interface Letter {
  readonly kind: 'email' | 'sms';
  readonly to: string;
  readonly from: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
}

const DEFAULT_SENDER = 'no-reply@verificationemail.com';
const SMS_SENDER = 'NOTICE';

const DEFAULT_WORDS: Readonly<Record<Occasion, { readonly subject: string; readonly message: string }>> = {
  SignUp: { subject: 'Your verification code', message: 'Your confirmation code is {####}' },
  ResendCode: { subject: 'Your verification code', message: 'Your confirmation code is {####}' },
  ForgotPassword: { subject: 'Your verification code', message: 'Your password reset code is {####}' },
  AdminCreateUser: {
    subject: 'Your temporary password',
    message: 'Your username is {username} and temporary password is {####}.',
  },
  UpdateUserAttribute: { subject: 'Your verification code', message: 'Your verification code is {####}' },
  VerifyUserAttribute: { subject: 'Your verification code', message: 'Your verification code is {####}' },
};

export function deliveryDetails({ attribute, address }: Destination): CodeDeliveryDetailsType {
  const DeliveryMedium: DeliveryMediumType = attribute === 'email' ? 'EMAIL' : 'SMS';
  return { Destination: masked(address), DeliveryMedium, AttributeName: attribute };
}

/**
 * What a client that hides who exists is told of a code nobody gets: always the same for the same name. Throws
 * UserNotFoundException for other clients.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
 */
export function pretendDelivery({ pool, client }: ClientScope, name: string): CodeDeliveryDetailsType {
  if (client.settings.PreventUserExistenceErrors !== 'ENABLED') throw noSuchAccount();
  const letters = createHash('sha256').update(pool.id).update(name).digest('hex').replace(/[0-9]/g, '');
  const address = name.includes('@') ? name : `${letters.slice(0, 1)}@${letters.slice(1, 2)}`;
  return deliveryDetails({ attribute: 'email', address });
}

/** Where a new user is asked to prove something: the first of the pool's auto-verified attributes it has. */
export function confirmationDestination(pool: PoolRow, user: UserRow): Destination | undefined {
  const auto = pool.settings.AutoVerifiedAttributes ?? [];
  // A number is asked first when both are to be verified, as on AWS.
  for (const attribute of ['phone_number', 'email'] as const) {
    const address = user.attributes[attribute];
    if (auto.includes(attribute) && address) return { attribute, address };
  }
  return undefined;
}

/** Where a password reset goes: by the pool's recovery settings, to what is verified. */
export function recoveryDestination(pool: PoolRow, user: UserRow): Destination | undefined {
  const mechanisms = pool.settings.AccountRecoverySetting?.RecoveryMechanisms ?? [
    { Name: 'verified_phone_number', Priority: 1 },
    { Name: 'verified_email', Priority: 2 },
  ];
  for (const { Name } of [...mechanisms].sort((a, b) => a.Priority - b.Priority)) {
    if (Name === 'admin_only') {
      throw fault('NotAuthorizedException', 'Contact administrator to reset password.');
    }
    const attribute = Name === 'verified_email' ? 'email' : 'phone_number';
    const address = user.attributes[attribute];
    if (address && user.attributes[`${attribute}_verified`] === 'true') return { attribute, address };
  }
  return undefined;
}

interface Words {
  readonly subject: string;
  readonly message: string;
}

/** Whether mail on this occasion carries a link that confirms, in place of a code to type. */
function confirmsByLink(pool: PoolRow, occasion: Occasion): boolean {
  const option = pool.settings.VerificationMessageTemplate?.DefaultEmailOption;
  return option === 'CONFIRM_WITH_LINK' && (occasion === 'SignUp' || occasion === 'ResendCode');
}

function configuredWords(pool: PoolRow, occasion: Occasion, sms: boolean): Words {
  const { settings } = pool;
  const standard = DEFAULT_WORDS[occasion];
  if (occasion === 'AdminCreateUser') {
    const invitation = settings.AdminCreateUserConfig?.InviteMessageTemplate;
    return {
      subject: invitation?.EmailSubject ?? standard.subject,
      message: (sms ? invitation?.SMSMessage : invitation?.EmailMessage) ?? standard.message,
    };
  }
  const template = settings.VerificationMessageTemplate;
  if (!sms && confirmsByLink(pool, occasion)) {
    return {
      subject: template?.EmailSubjectByLink ?? 'Your verification link',
      message:
        template?.EmailMessageByLink ??
        'Please click the link below to verify your email address. {##Verify Email##}',
    };
  }
  return {
    subject: settings.EmailVerificationSubject ?? template?.EmailSubject ?? standard.subject,
    message:
      (sms
        ? (settings.SmsVerificationMessage ?? template?.SmsMessage)
        : (settings.EmailVerificationMessage ?? template?.EmailMessage)) ?? standard.message,
  };
}

/**
 * Words a message: the CustomMessage trigger's, else the pool's templates, else Cognito's own. `{####}` stands for
 * the code or temporary password, `{username}` for the name, `{##words##}` for a link that confirms.
 */
export async function compose(
  scope: PoolScope,
  message: {
    readonly occasion: Occasion;
    readonly user: UserRow;
    readonly destination: Destination;
    readonly code: string;
    /** How the message calls the user: what it signs in with. */
    readonly username: string;
    readonly clientId: string | undefined;
    readonly clientMetadata: Readonly<Record<string, string>> | undefined;
  },
): Promise<Letter> {
  const { pool } = scope;
  const { occasion, user, destination, code, username } = message;
  const sms = destination.attribute === 'phone_number';
  const configured = configuredWords(pool, occasion, sms);
  const custom = await runTrigger(scope, 'CustomMessage', {
    source: `CustomMessage_${occasion}`,
    username: user.username,
    clientId: message.clientId,
    request: {
      userAttributes: eventAttributes(user),
      codeParameter: '{####}',
      linkParameter: '{##Click Here##}',
      usernameParameter: occasion === 'AdminCreateUser' ? '{username}' : null,
      ...metadata('clientMetadata', message.clientMetadata),
    },
    response: { smsMessage: null, emailMessage: null, emailSubject: null },
  });
  const chosen = (name: string, otherwise: string) => {
    const value = custom?.[name];
    return typeof value === 'string' && value !== '' ? value : otherwise;
  };
  const fill = (text: string) =>
    text.replaceAll('{####}', () => code).replaceAll('{username}', () => username);
  const link = confirmationLink(scope, message.clientId ?? '', user.username, code);
  if (sms) {
    return {
      kind: 'sms',
      to: destination.address,
      from: SMS_SENDER,
      text: fill(chosen('smsMessage', configured.message)),
    };
  }
  const html = fill(chosen('emailMessage', configured.message)).replace(
    /\{##(.+?)##\}/g,
    (whole, words: string) => (confirmsByLink(pool, occasion) ? `<a href="${link}">${words}</a>` : whole),
  );
  return {
    kind: 'email',
    to: destination.address,
    from: senderOf(pool),
    subject: fill(chosen('emailSubject', configured.subject)),
    text: plainText(html),
    html,
  };
}

/** The address mail of the pool comes from. */
export function senderOf(pool: PoolRow): string {
  const { From, SourceArn } = pool.settings.EmailConfiguration ?? {};
  return From ?? SourceArn?.slice(SourceArn.indexOf('/') + 1) ?? DEFAULT_SENDER;
}

/** The message's words without its markup; links keep their address. */
function plainText(html: string): string {
  return html
    .replace(/<a\s[^>]*href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/gi, '$2: $1')
    .replace(/<(?:br|\/p|\/div|\/h\d|\/li)\b[^>]*>/gi, '\n')
    .replace(/<style\b[\s\S]*?<\/style>|<[^>]+>/gi, '')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .trim();
}

export function send({ ctx }: PoolScope, tx: Transaction, letter: Letter): void {
  ctx.ports.inbox.deliver(tx, { ...letter, account: ctx.account });
}
