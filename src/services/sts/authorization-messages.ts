import { inflateRawSync } from 'node:zlib';
import type { StsOperations } from '../../model/gen/sts.ts';
import { AUTHORIZATION_MESSAGE, type AuthorizationMessage } from '../../service/audit.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';

/** A message of ours is far smaller; more is an attack on the decompressor. */
const MOST_BYTES = 64 * 1024;

/** What a denial hides from whom it was told, for those who may know. */
export const authorizationMessages = {
  /** https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html */
  async DecodeAuthorizationMessage({ EncodedMessage }, ctx) {
    const message = open(EncodedMessage, ctx);
    if (
      message === undefined ||
      message.account !== ctx.account ||
      ctx.world.clock.now() >= message.expiresAtMs
    )
      throw fault('InvalidAuthorizationMessageException', 'Invalid authorization message');
    return { DecodedMessage: JSON.stringify(message.decoded) };
  },
} satisfies Group<StsOperations>;

function open(encoded: string, ctx: Context): AuthorizationMessage | undefined {
  if (!/^[\w-]+$/.test(encoded)) return undefined;
  const sealed = encoded.replaceAll('-', '+').replaceAll('_', '/');
  const opened = ctx.ports.identity.openSecret(sealed, AUTHORIZATION_MESSAGE);
  if (opened === undefined) return undefined;
  return JSON.parse(
    inflateRawSync(opened, { maxOutputLength: MOST_BYTES }).toString(),
  ) as AuthorizationMessage;
}
