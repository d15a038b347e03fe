import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { iamArn } from './identifier.ts';
import { readIdentity, updateIdentity } from './identity.ts';
import { layout, type VirtualMfaDeviceRow } from './layout.ts';
import { acceptedStep, base32 } from './one-time-code.ts';
import { pageOfList } from './page.ts';
import { qrCodePng } from './png.ts';
import { addTags, shownTagsIfAny } from './tag.ts';
import { ownUserName } from './users.ts';
import { listedUser } from './view.ts';

const SEED_BYTES = 40;
const MOST_DEVICES = 8;

/**
 * Virtual MFA devices of users. The seed comes as text and as a QR code that authenticator apps read.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html
 */
export const mfaDevices = {
  async CreateVirtualMFADevice({ VirtualMFADeviceName, Path = '/', Tags }, ctx) {
    const { account, world } = ctx;
    const serial = iamArn(account, 'mfa', Path, VirtualMFADeviceName);
    const seed = world.random.bytes(SEED_BYTES);
    const row: VirtualMfaDeviceRow = {
      name: VirtualMFADeviceName,
      path: Path,
      sealedSeed: ctx.ports.identity.sealSecret(seed, serial),
      tags: addTags({}, Tags),
    };
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').virtualMfaDevices;
      if ((await rows.get(tx, [serial])) !== undefined)
        throw fault('EntityAlreadyExists', 'MFADevice entity at the same path and name already exists.');
      rows.set(tx, [serial], row);
    });
    return {
      VirtualMFADevice: {
        SerialNumber: serial,
        Base32StringSeed: Buffer.from(base32(seed)),
        QRCodePNG: qrCodePng(`otpauth://totp/${VirtualMFADeviceName}@${account}?secret=${base32(seed)}`),
        Tags: shownTagsIfAny(row.tags),
      },
    };
  },

  async EnableMFADevice({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, ctx) {
    const { account, world } = ctx;
    const now = world.clock.now();
    await change(ctx, async (tx) => {
      const device = await readMfaDevice(tx, account, SerialNumber);
      const user = await readIdentity(tx, account, 'user', UserName);
      if (device.userName !== undefined) throw fault('EntityAlreadyExists', 'MFA device already exists.');
      if (user.mfaSerials.length >= MOST_DEVICES)
        throw fault('LimitExceeded', `Cannot exceed quota for MFADevicesPerUser: ${MOST_DEVICES}`);
      const lastStep = checkCodes(ctx, device, SerialNumber, AuthenticationCode1, AuthenticationCode2);
      const enabled = { ...device, userName: user.name, enabledAtMs: now, lastStep };
      layout.at(account, '').virtualMfaDevices.set(tx, [SerialNumber], enabled);
      await updateIdentity(tx, account, 'user', UserName, (row) => ({
        ...row,
        mfaSerials: [...row.mfaSerials, SerialNumber],
      }));
    });
    return {};
  },

  async ResyncMFADevice({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, ctx) {
    await change(ctx, async (tx) => {
      const device = await readEnabled(tx, ctx.account, SerialNumber, UserName);
      const lastStep = checkCodes(ctx, device, SerialNumber, AuthenticationCode1, AuthenticationCode2);
      layout.at(ctx.account, '').virtualMfaDevices.set(tx, [SerialNumber], { ...device, lastStep });
    });
    return {};
  },

  async DeactivateMFADevice({ UserName, SerialNumber }, ctx) {
    const { account } = ctx;
    const name = UserName ?? ownUserName(ctx);
    await change(ctx, async (tx) => {
      const device = await readEnabled(tx, account, SerialNumber, name);
      const { userName: _user, enabledAtMs: _enabled, lastStep: _step, ...rest } = device;
      layout.at(account, '').virtualMfaDevices.set(tx, [SerialNumber], rest);
      await updateIdentity(tx, account, 'user', name, (row) => ({
        ...row,
        mfaSerials: row.mfaSerials.filter((serial) => serial !== SerialNumber),
      }));
    });
    return {};
  },

  async DeleteVirtualMFADevice({ SerialNumber }, ctx) {
    await change(ctx, async (tx) => {
      const device = await readMfaDevice(tx, ctx.account, SerialNumber);
      if (device.userName !== undefined)
        throw fault('DeleteConflict', 'MFA VirtualDevice in use. Must deactivate first.');
      layout.at(ctx.account, '').virtualMfaDevices.delete(tx, [SerialNumber]);
    });
    return {};
  },

  async GetMFADevice({ SerialNumber, UserName }, ctx) {
    const name = UserName ?? ownUserName(ctx);
    const device = await readEnabled(ctx.store, ctx.account, SerialNumber, name);
    return { UserName: name, SerialNumber, EnableDate: new Date(device.enabledAtMs ?? 0) };
  },

  async ListMFADevices({ UserName, ...page }, ctx) {
    const name = UserName ?? ownUserName(ctx);
    const { mfaSerials } = await readIdentity(ctx.store, ctx.account, 'user', name);
    const { items, ...more } = pageOfList(mfaSerials, page, (serial) => serial);
    const devices = await Promise.all(items.map((serial) => readMfaDevice(ctx.store, ctx.account, serial)));
    return {
      MFADevices: devices.map((device, i) => ({
        UserName: name,
        SerialNumber: items[i] ?? '',
        EnableDate: new Date(device.enabledAtMs ?? 0),
      })),
      ...more,
    };
  },

  async ListVirtualMFADevices({ AssignmentStatus = 'Any', ...page }, { account, store }) {
    const rows = await layout.at(account, '').virtualMfaDevices.all(store, []);
    const kept = rows.filter(
      ({ value }) =>
        AssignmentStatus === 'Any' || (AssignmentStatus === 'Assigned') === (value.userName !== undefined),
    );
    const { items, ...more } = pageOfList(kept, page, ({ key: [serial] }) => serial);
    const devices = items.map(async ({ key: [SerialNumber], value }) => {
      if (value.userName === undefined) return { SerialNumber };
      const user = await readIdentity(store, account, 'user', value.userName);
      return {
        SerialNumber,
        User: listedUser(user, account),
        EnableDate: new Date(value.enabledAtMs ?? 0),
      };
    });
    return { VirtualMFADevices: await Promise.all(devices), ...more };
  },
} satisfies Group<IamOperations>;

export async function readMfaDevice(
  reader: Reader,
  account: string,
  serial: string,
): Promise<VirtualMfaDeviceRow> {
  const row = await layout.at(account, '').virtualMfaDevices.get(reader, [serial]);
  if (row === undefined)
    throw fault('NoSuchEntity', `VirtualMFADevice with serial number ${serial} doesn't exist.`);
  return row;
}

async function readEnabled(reader: Reader, account: string, serial: string, userName: string) {
  await readIdentity(reader, account, 'user', userName);
  const device = await readMfaDevice(reader, account, serial);
  if (device.userName !== userName) throw fault('NoSuchEntity', `MFA Device invalid for user.`);
  return device;
}

/** Two codes in a row prove that the device ticks with us. */
function checkCodes(
  ctx: Context,
  device: VirtualMfaDeviceRow,
  serial: string,
  first: string,
  second: string,
): number {
  const seed = ctx.ports.identity.openSecret(device.sealedSeed, serial);
  const now = ctx.world.clock.now();
  const step = seed && acceptedStep(seed, first, now, device.lastStep);
  const next = seed && step !== undefined ? acceptedStep(seed, second, now + 30_000, step) : undefined;
  if (step === undefined || next !== step + 1)
    throw fault('InvalidAuthenticationCode', 'Authentication code for device is not valid.');
  return next;
}
