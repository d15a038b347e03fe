import { formatArn, parseArn } from '../../base/arn.ts';
import type { Reader } from '../../store/store.ts';
import { fault, invalid } from './fault.ts';
import { type DeviceRow, layout, type PlatformApplicationRow } from './layout.ts';

type Attributes = Readonly<Record<string, string | undefined>>;

/** Push services, and whether an application at each has a principal besides its credential. */
const PLATFORMS: Readonly<Record<string, { readonly principal: boolean }>> = {
  ADM: { principal: true },
  APNS: { principal: true },
  APNS_SANDBOX: { principal: true },
  APNS_VOIP: { principal: true },
  APNS_VOIP_SANDBOX: { principal: true },
  MACOS: { principal: true },
  MACOS_SANDBOX: { principal: true },
  BAIDU: { principal: true },
  GCM: { principal: false },
  MPNS: { principal: true },
  WNS: { principal: true },
};
export const PLATFORM_NAMES: readonly string[] = Object.keys(PLATFORMS);
const SECRETS = ['PlatformPrincipal', 'PlatformCredential'];
const EVENTS = [
  'EventEndpointCreated',
  'EventEndpointDeleted',
  'EventEndpointUpdated',
  'EventDeliveryFailure',
];
const SETTINGS: Readonly<Record<string, RegExp>> = {
  Enabled: /^(?:true|false)$/i,
  ApplePlatformTeamID: /^[A-Za-z0-9]{10}$/,
  ApplePlatformBundleID: /^[A-Za-z0-9.-]+$/,
  SuccessFeedbackRoleArn: /^(?:arn:.+)?$/,
  FailureFeedbackRoleArn: /^(?:arn:.+)?$/,
  SuccessFeedbackSampleRate: /^(?:100|\d{1,2})?$/,
  ...Object.fromEntries(EVENTS.map((name) => [name, /^(?:arn:.+)?$/])),
};
const MOST_NAME = 256;
const MOST_USER_DATA_BYTES = 2048;

export interface ApplicationName {
  readonly account: string;
  readonly region: string;
  readonly platform: string;
  readonly name: string;
}

export interface DeviceName {
  readonly application: ApplicationName;
  readonly id: string;
}

export function applicationArn({ account, region, platform, name }: ApplicationName): string {
  return formatArn('sns', region, account, `app/${platform}/${name}`);
}

export function deviceArn({ application: { account, region, platform, name }, id }: DeviceName): string {
  return formatArn('sns', region, account, `endpoint/${platform}/${name}/${id}`);
}

function partsOf(text: string, parameter: string, kind: string, count: number): readonly string[] {
  const arn = parseArn(text);
  if (arn === undefined) {
    throw invalid(`${parameter} Reason: An ARN must have at least 6 elements, not ${text.split(':').length}`);
  }
  const [first, ...parts] = arn.resource.split('/');
  if (parts.length !== count) {
    throw invalid(`${parameter} Reason: Wrong number of slashes in relative portion of the ARN.`);
  }
  if (arn.service !== 'sns' || first !== kind) throw invalid(parameter);
  return [arn.account, arn.region, ...parts];
}

export function applicationOfArn(text: string): ApplicationName {
  const [account = '', region = '', platform = '', name = ''] = partsOf(
    text,
    'PlatformApplicationArn',
    'app',
    2,
  );
  return { account, region, platform, name };
}

export function deviceOfArn(text: string, parameter = 'EndpointArn'): DeviceName {
  const [account = '', region = '', platform = '', name = '', id = ''] = partsOf(
    text,
    parameter,
    'endpoint',
    3,
  );
  return { application: { account, region, platform, name }, id };
}

export function isDeviceArn(text: string): boolean {
  return parseArn(text)?.resource.startsWith('endpoint/') === true;
}

export function devicesOf({ account, region }: ApplicationName): ReturnType<typeof layout.at> {
  return layout.at(account, region);
}

export async function readApplication(
  reader: Reader,
  application: ApplicationName,
): Promise<PlatformApplicationRow> {
  const { platform, name } = application;
  const row = await devicesOf(application).applications.get(reader, [platform, name]);
  if (row === undefined) throw fault('NotFoundException', 'PlatformApplication does not exist');
  return row;
}

export async function readDevice(reader: Reader, { application, id }: DeviceName): Promise<DeviceRow> {
  const { platform, name } = application;
  const row = await devicesOf(application).devices.get(reader, [platform, name, id]);
  if (row === undefined) throw fault('NotFoundException', 'Endpoint does not exist');
  return row;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html */
export function checkApplicationName(name: string): void {
  if (name === '') throw invalid(`${name} Reason: cannot be empty`);
  if (name.length > MOST_NAME) throw invalid(`${name} Reason: must be at most ${MOST_NAME} characters long`);
  if (!/^[\w.-]+$/.test(name)) {
    throw invalid(
      `${name} Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'`,
    );
  }
}

export function checkPlatform(platform: string): void {
  if (!Object.hasOwn(PLATFORMS, platform)) throw invalid(`Platform Reason: ${platform} is not supported`);
}

/**
 * A platform application's attributes with some set. What it signs in to its push service with is checked and not
 * kept: nothing here signs in.
 */
export function withSettings(
  platform: string,
  before: Attributes,
  given: Attributes,
): Record<string, string> {
  const after: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries({ ...before, ...given })) {
    if (SECRETS.includes(name)) continue;
    const pattern = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (pattern === undefined) throw invalid(`Attributes Reason: Invalid attribute name: ${name}`);
    if (!pattern.test(value)) throw invalid(`Attributes Reason: Invalid value for attribute: ${name}`);
    if (value !== '') after[name] = name === 'Enabled' ? value.toLowerCase() : value;
  }
  const { PlatformPrincipal: principal, PlatformCredential: credential } = given;
  if (principal !== undefined && credential === undefined) {
    throw invalid('Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential');
  }
  if (credential !== undefined && principal === undefined && PLATFORMS[platform]?.principal === true) {
    throw invalid('Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal');
  }
  return after;
}

export function checkCredential(given: Attributes): void {
  if (given['PlatformCredential'] === undefined) {
    throw invalid('Attributes Reason: PlatformCredential attribute is required');
  }
}

/** A device's attributes with some set. */
export function withDeviceAttributes(before: Attributes, given: Attributes): Record<string, string> {
  for (const [name, value = ''] of Object.entries(given)) {
    if (!['Enabled', 'Token', 'CustomUserData', 'ChannelId', 'UserId'].includes(name)) {
      throw invalid(`Attributes Reason: Invalid attribute name: ${name}`);
    }
    if (name === 'CustomUserData' && Buffer.byteLength(value) > MOST_USER_DATA_BYTES) {
      throw invalid(
        `Attributes Reason: Invalid value for attribute: CustomUserData: must be at most ${MOST_USER_DATA_BYTES} bytes long in UTF-8 encoding`,
      );
    }
    if (name === 'Enabled' && !/^(?:true|false)$/i.test(value)) {
      throw invalid('Attributes Reason: Invalid value for attribute: Enabled: must be true or false');
    }
    if (name === 'Token' && value === '')
      throw invalid('Attributes Reason: Invalid value for attribute: Token');
  }
  const all = Object.entries({ ...before, ...given }) as [string, string][];
  return Object.fromEntries(
    all.map(([name, value]) => [name, name === 'Enabled' ? value.toLowerCase() : value]),
  );
}
