import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { NewMessage } from '../../service/ports.ts';
import type { Reader } from '../../store/store.ts';
import { fault, invalid } from './fault.ts';
import type { Message } from './message.ts';
import { type DeviceName, deviceOfArn, readApplication, readDevice } from './platform.ts';

/** The push message for a device, as it lands in the inbox. Throws for one that takes none. */
async function pushTo(
  reader: Reader,
  device: DeviceName,
  read: () => Pick<Message, 'textFor' | 'subject'>,
): Promise<NewMessage> {
  const { platform, account, name } = device.application;
  const { attributes } = await readDevice(reader, device);
  const application = await readApplication(reader, device.application);
  if (application.attributes['Enabled'] === 'false') {
    throw fault('PlatformApplicationDisabledException', 'Platform application is disabled');
  }
  if (attributes['Enabled'] === 'false') throw fault('EndpointDisabledException', 'Endpoint is disabled');
  const message = read();
  return {
    kind: 'push',
    account,
    to: attributes['Token'] ?? '',
    from: `${platform}/${name}`,
    ...(message.subject === undefined ? {} : { subject: message.subject }),
    text: message.textFor(platform),
  };
}

/** Sends straight to a device; a message is looked at once the device may have one. Returns the message's id. */
export async function publishToDevice(ctx: Context, arn: string, message: () => Message): Promise<string> {
  const device = deviceOfArn(arn, 'TargetArn');
  const messageId = ctx.world.random.uuid();
  await ctx.transact(async (tx) => {
    try {
      ctx.ports.inbox.deliver(tx, await pushTo(tx, device, message));
    } catch (error) {
      if (!Fault.is(error) || error.code !== 'NotFoundException') throw error;
      throw invalid('TargetArn Reason: No endpoint found for the target arn specified');
    }
  });
  return messageId;
}

/** What a subscribed device gets; a text says why it gets nothing. */
export async function pushOf(
  ctx: Context,
  arn: string,
  message: Pick<Message, 'textFor' | 'subject'>,
): Promise<NewMessage | string> {
  try {
    return await pushTo(ctx.store, deviceOfArn(arn), () => message);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** A device that is subscribed is one that is there. */
export async function checkDevice(reader: Reader, arn: string): Promise<void> {
  try {
    await readDevice(reader, deviceOfArn(arn, 'Endpoint'));
  } catch (error) {
    if (!Fault.is(error) || error.code !== 'NotFoundException') throw error;
    throw invalid(`Endpoint Reason: Endpoint does not exist for endpoint arn${arn}`);
  }
}
